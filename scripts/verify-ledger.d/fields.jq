# For verify-ledger: the fields of each line that it needs, between bars, texts in base64. jq only reads: were it to write
# a line again, 1.6 would change great numbers.
def text: if type == "string" then @base64 else "" end;
def texts: map(text);
def is_report: ([.file, .torn_sha256, .reason] | all(type == "string")) and
  ([.good_bytes, .torn_bytes] | all(type == "number" and . >= 0));
(.ess // {}) as $e | ($e.log | if type == "object" then . else {} end) as $log |
[.kind, (.seq | tostring), .prev, .time] + (.entry | [.operation_id, .requested_by, .approved_by] | texts) +
if .kind == "key" then [$e.old_vkey, $e.new_vkey, $e.signature] | texts
elif .kind == "signoff" then [$e.statement, $e.signature] | texts
elif .kind == "trip" then []
else ([$log.origin, $log.vkey] | texts) + if $e | is_report then
  [($e.file, $e.torn_sha256 | text), ($e.good_bytes, $e.torn_bytes | tostring)] else [] end
end | join("|")
