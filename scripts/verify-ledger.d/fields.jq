# For verify-ledger: the fields of each line that it needs, between bars, texts in base64. jq only reads: were it to write
# a line again, 1.6 would change great numbers.
def text: if type == "string" then @base64 else "" end;
def texts: map(text);
# A name, in which no control character passes for another name or for its end.
def name: if type == "string" then explode | map(if . < 32 then 63 else . end) | implode else "" end;
def is_report: ([.file, .torn_sha256, .reason] | all(type == "string")) and
  ([.good_bytes, .torn_bytes] | all(type == "number" and . >= 0));
(.ess // {}) as $e | ($e.log | if type == "object" then . else {} end) as $log |
# Of what the operators' format calls SELF it is who recorded it.
(.entry.requested_by | if . == "SELF" and ($e.recorded_by | type == "string" and . != "") then $e.recorded_by else . end) as $by |
[.kind, (.seq | tostring), .prev, .time, (.entry.operation_id | text)] + ([$by, .entry.approved_by] | map(name | @base64)) +
if .kind == "key" then [$e.old_vkey, $e.new_vkey, $e.signature] | texts
elif .kind == "signoff" then [$e.statement, $e.signature] | texts
elif .kind == "trip" then []
else ([$log.origin, $log.vkey] | texts) + if $e | is_report then
  [($e.file, $e.torn_sha256 | text), ($e.good_bytes, $e.torn_bytes | tostring)] else [] end
end | join("|")
