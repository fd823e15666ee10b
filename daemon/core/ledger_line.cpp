#include "core/ledger_line.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/sha256.hpp"
#include "base/text.hpp"

namespace ess {

namespace {

constexpr int line_version = 1;
constexpr std::size_t boot_id_length = 32;
// What every reader of JSON holds exactly (RFC 8259 section 6): jq and JavaScript keep numbers as doubles.
constexpr std::int64_t greatest_integer = (std::int64_t{1} << 53U) - 1;
// The end of what std::chrono::system_clock counts, in nanoseconds: a line from later is damage.
constexpr WallTime latest_time{std::chrono::sys_days{std::chrono::year{2262} / 1 / 1}};
// `entry` and `ess` are one level down in the line.
constexpr std::size_t value_depth_limit = json_depth_limit - 1;

constexpr std::array<std::pair<LedgerKind, std::string_view>, 16> kind_names{{
    {LedgerKind::Genesis, "genesis"},
    {LedgerKind::Trip, "trip"},
    {LedgerKind::Reset, "reset"},
    {LedgerKind::Recovery, "recovery"},
    {LedgerKind::Breach, "breach"},
    {LedgerKind::Late, "late"},
    {LedgerKind::Start, "start"},
    {LedgerKind::Approval, "approval"},
    {LedgerKind::Drill, "drill"},
    {LedgerKind::Refusal, "refusal"},
    {LedgerKind::Configuration, "configuration"},
    {LedgerKind::Crash, "crash"},
    {LedgerKind::Append, "append"},
    {LedgerKind::Amend, "amend"},
    {LedgerKind::Signoff, "signoff"},
    {LedgerKind::Key, "key"},
}};

bool is_hex(std::string_view text, std::size_t length) {
    return text.size() == length && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

bool is_small(const Json& number) {
    if (number.is_number_unsigned()) return number.get<std::uint64_t>() <= std::uint64_t{greatest_integer};
    const auto value = number.get<std::int64_t>();
    return value >= -greatest_integer && value <= greatest_integer;
}

Result<> check_value(const Json& value, std::size_t depth);

Result<> check_members(const Json& object, std::size_t depth) {
    for (const auto& [key, member] : object.items()) {
        if (!is_ascii(key)) return failure("key \"" + clean_line(key, 80) + "\" is not printable ASCII");
        if (auto checked = check_value(member, depth); !checked) return failure_in(key, checked.error());
    }
    return {};
}

Result<> check_items(const Json& array, std::size_t depth) {
    for (const Json& item : array) {
        if (auto checked = check_value(item, depth); !checked) return checked;
    }
    return {};
}

/// What the form allows in `entry` and `ess`.
Result<> check_value(const Json& value, std::size_t depth) {
    if (value.is_structured() && depth == 0) return failure("nested too deep");
    if (value.is_object()) return check_members(value, depth - 1);
    if (value.is_array()) return check_items(value, depth - 1);
    if (value.is_string() && !is_utf8(value.get_ref<const std::string&>())) return failure("not UTF-8");
    if (value.is_number_float()) return failure("not an integer");
    if (value.is_number() && !is_small(value)) return failure("integer outside 2^53");
    if (value.is_binary() || value.is_discarded()) return failure("not a JSON value");
    return {};
}

Result<> check_line(const LedgerLine& line) {
    if (!line.entry.is_object()) return failure("entry: not an object");
    if (!line.ess.is_null() && !line.ess.is_object()) return failure("ess: not an object");
    if (!is_hex(line.prev, ledger_zero_hash.size())) return failure("prev: not a SHA-256");
    if (!is_hex(line.boot_id, boot_id_length)) return failure("boot_id: not 32 hexadecimal digits");
    if (line.seq == 0 || line.seq > std::uint64_t{greatest_integer}) return failure("seq: out of range");
    if (line.time < WallTime{} || line.time >= latest_time) return failure("time: out of range");
    if (auto checked = check_value(line.entry, value_depth_limit); !checked)
        return failure_in("entry", checked.error());
    if (auto checked = check_value(line.ess, value_depth_limit); !checked) return failure_in("ess", checked.error());
    return {};
}

/// The only spelling of a line that passed check_line().
std::string spell(const LedgerLine& line) {
    Json json{{"boot_id", line.boot_id}, {"entry", line.entry}, {"kind", to_text(line.kind)},
              {"prev", line.prev},       {"seq", line.seq},     {"time", to_rfc3339(line.time)},
              {"v", line_version}};
    if (!line.ess.is_null()) json["ess"] = line.ess;
    return json.dump();
}

Json value_of(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() ? *found : Json();
}

/// Takes the parts that are there; what is missing or of a wrong type fails check_line() or the comparison of bytes.
LedgerLine take_parts(const Json& json) {
    LedgerLine line;
    line.kind = ledger_kind_from(text_at(json, "kind")).value_or(LedgerKind::Append);
    line.entry = value_of(json, "entry");
    line.ess = value_of(json, "ess");
    line.time = from_rfc3339(text_at(json, "time")).value_or(WallTime{});
    line.boot_id = text_at(json, "boot_id");
    const Json seq = value_of(json, "seq");
    line.seq = seq.is_number_unsigned() ? seq.get<std::uint64_t>() : 0;
    line.prev = text_at(json, "prev");
    return line;
}

}  // namespace

std::string_view to_text(LedgerKind kind) {
    const auto* const found =
        std::find_if(kind_names.begin(), kind_names.end(), [&](const auto& pair) { return pair.first == kind; });
    return found == kind_names.end() ? std::string_view{} : found->second;
}

std::optional<LedgerKind> ledger_kind_from(std::string_view text) {
    for (const auto& [kind, name] : kind_names) {
        if (name == text) return kind;
    }
    return std::nullopt;
}

Result<std::string> format_ledger_line(const LedgerLine& line) {
    if (auto checked = check_line(line); !checked) return failure_in("ledger line", checked.error());
    std::string text = spell(line);
    if (text.size() > ledger_line_limit) {
        return failure("ledger line: " + std::to_string(text.size()) + " bytes, at most " +
                       std::to_string(ledger_line_limit) + " fit");
    }
    return text;
}

Result<LedgerLine> parse_ledger_line(std::string_view text) {
    if (text.size() > ledger_line_limit) return failure("ledger line: too long");
    auto json = parse_json(text);
    if (!json) return failure_in("ledger line", json.error());
    if (!json->is_object()) return failure("ledger line: not an object");
    if (value_of(*json, "v") != line_version) return failure("ledger line: unknown version");
    if (!ledger_kind_from(text_at(*json, "kind"))) return failure("ledger line: unknown kind");
    LedgerLine line = take_parts(*json);
    if (auto checked = check_line(line); !checked) return failure_in("ledger line", checked.error());
    if (spell(line) != text) return failure("ledger line: not in the one form that is written");
    return line;
}

std::string ledger_hash(std::string_view line) {
    return sha256_hex(line);
}

}  // namespace ess
