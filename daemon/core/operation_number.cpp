#include "core/operation_number.hpp"

#include <algorithm>
#include <charconv>

namespace ess {

namespace {

constexpr std::string_view id_prefix = "OPS-";
constexpr std::size_t day_length = 10;
constexpr std::size_t least_digits = 3;
// A day of a million operations is a mistake, and an id that claims one must not push the numbering out of its form.
constexpr std::size_t most_digits = 6;
constexpr std::uint32_t greatest_number = 999999;

bool is_day(std::string_view text) {
    return text.size() == day_length && from_rfc3339(std::string(text) + "T00:00:00Z").has_value();
}

}  // namespace

std::string OperationId::text() const {
    std::string digits = std::to_string(number);
    if (digits.size() < least_digits) digits.insert(0, least_digits - digits.size(), '0');
    return std::string(id_prefix) + day + "-" + digits;
}

std::optional<OperationId> parse_operation_id(std::string_view text) {
    if (!text.starts_with(id_prefix)) return std::nullopt;
    text.remove_prefix(id_prefix.size());
    if (text.size() < day_length + 1 + least_digits || text.size() > day_length + 1 + most_digits) return std::nullopt;
    if (!is_day(text.substr(0, day_length)) || text[day_length] != '-') return std::nullopt;
    OperationId id{std::string(text.substr(0, day_length)), 0};
    const std::string_view digits = text.substr(day_length + 1);
    const char* const end = digits.data() + digits.size();
    const auto [stop, fault] = std::from_chars(digits.data(), end, id.number);
    if (fault != std::errc{} || stop != end) return std::nullopt;
    // "0001" would be a second spelling of "001".
    if (id.number == 0 || digits != id.text().substr(id_prefix.size() + day_length + 1)) return std::nullopt;
    return id;
}

void OperationNumbers::learn(std::string_view operation_id) {
    const auto id = parse_operation_id(operation_id);
    if (!id) return;
    std::uint32_t& last = last_[id->day];
    last = std::max(last, id->number);
}

bool OperationNumbers::is_new(std::string_view operation_id) const {
    const auto id = parse_operation_id(operation_id);
    if (!id) return false;
    const auto found = last_.find(id->day);
    return found == last_.end() || id->number > found->second;
}

Result<std::string> OperationNumbers::next(WallTime time) const {
    const std::string day = to_utc_date(time);
    const auto found = last_.find(day);
    const std::uint32_t last = found == last_.end() ? 0 : found->second;
    if (last >= greatest_number) return failure("no operation number left for " + day);
    return OperationId{day, last + 1}.text();
}

}  // namespace ess
