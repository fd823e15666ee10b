# For verify-ledger: whether a line of a ledger is in the one form that is written (LEDGER_FORMAT.md): sorted keys, each
# once, no white space, integers within 2^53, shortest escapes, UTF-8. Reads copies seg.1, seg.2, ... whose sizes are in
# `sizes`. "<file> <offset> <length>" of each good line goes to the file `form`, its text to `good`; "<file> <offset>" of
# every other to `bad`. With `note` set it checks UTF-8 alone, and exits 1 where something else is.
function is_utf8(text) { # RFC 3629, without NUL
  return text ~ /^([\001-\177]|[\302-\337][\200-\277]|\340[\240-\277][\200-\277]|[\341-\354\356\357][\200-\277][\200-\277]|\355[\200-\237][\200-\277]|\360[\220-\277][\200-\277][\200-\277]|[\361-\363][\200-\277][\200-\277][\200-\277]|\364[\200-\217][\200-\277][\200-\277])*$/
}
function value(depth) {
  if (rest ~ /^"/) return string()
  if (rest ~ /^[[{]/) return depth > 0 && list(depth - 1, substr(rest, 1, 1))
  if (match(rest, /^(true|false|null)/)) return skip(RLENGTH)
  if (!match(rest, /^(0|-?[1-9][0-9]*)/) || RLENGTH > 17 || substr(rest, RLENGTH + 1) ~ /^[.eE]/) return 0
  number = substr(rest, 1, RLENGTH); sub(/^-/, "", number)
  if (length(number) == 16 && ("x" number) > "x9007199254740991") return 0
  return skip(RLENGTH)
}
function skip(count) { rest = substr(rest, count + 1); return 1 }
function string() {
  if (!match(rest, /^"([^"\\\001-\037]|\\["\\bfnrt]|\\u00(0[0-7bef]|1[0-9a-f]))*"/)) return 0
  taken = substr(rest, 2, RLENGTH - 2)
  return skip(RLENGTH)
}
function key(    plain) { # printable ASCII; taken becomes what it says
  plain = taken; gsub(/\\["\\]/, "", plain)
  gsub(/\\"/, "\"", taken); gsub(/\\\\/, "\\", taken)
  return plain !~ /[\\\177-\377]/
}
function list(depth, open,    last, first) {
  skip(1)
  if (substr(rest, 1, 1) == (open == "{" ? "}" : "]")) return skip(1)
  for (first = 1; ; first = 0) {
    if (open == "{") {
      if (!string() || !key()) return 0
      if (!first && ("x" taken) <= ("x" last)) return 0
      last = taken
      if (substr(rest, 1, 1) != ":") return 0
      skip(1)
    }
    if (!value(depth)) return 0
    if (substr(rest, 1, 1) != ",") break
    skip(1)
  }
  return substr(rest, 1, 1) == (open == "{" ? "}" : "]") && skip(1)
}
function days(year, month) {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31
}
function is_time(text,    year, month, day) {
  if (text !~ /^[0-9][0-9][0-9][0-9]-(0[1-9]|1[0-2])-[0-3][0-9]T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9][0-9][0-9][0-9][0-9][0-9]Z$/) return 0
  year = substr(text, 1, 4) + 0; month = substr(text, 6, 2) + 0; day = substr(text, 9, 2) + 0
  return year >= 1970 && year < 2262 && day >= 1 && day <= days(year, month)
}
function is_line(text) {
  if (length(text) > 65535 || !is_utf8(text)) return 0
  if (text !~ /^\{"boot_id":"[0-9a-f]+","entry":\{/ || index(text, "\",\"entry\"") != 45) return 0
  rest = substr(text, 55)
  if (!list(30, "{")) return 0
  if (substr(rest, 1, 8) == ",\"ess\":{" && (!skip(7) || !list(30, "{"))) return 0
  if (!match(rest, /^,"kind":"[a-z]+","prev":"[0-9a-f]+","seq":[1-9][0-9]*,"time":"[^"]*","v":1}$/)) return 0
  if (rest !~ /^,"kind":"(genesis|trip|reset|recovery|breach|late|start|approval|drill|refusal|configuration|crash|append|amend|signoff|key)","prev"/) return 0
  match(rest, /"prev":"[0-9a-f]+"/)
  if (RLENGTH != 73) return 0
  match(rest, /"seq":[0-9]+/)
  number = substr(rest, RSTART + 6, RLENGTH - 6)
  if (length(number) > 16 || (length(number) == 16 && ("x" number) > "x9007199254740991")) return 0
  return is_time(substr(rest, length(rest) - 34, 27))
}
BEGIN { split(sizes, size, " ") }
note { if (!is_utf8($0)) exit 1; next }
FNR == 1 { file = FILENAME; sub(/.*\./, "", file); offset = 0 }
{
  if (offset + length($0) < size[file] && is_line($0)) { print file, offset, length($0) >form; print >good }
  else print file, offset >bad
  offset += length($0) + 1
}
