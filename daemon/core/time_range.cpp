#include "core/time_range.hpp"

namespace ess {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t date_length = std::string_view("2025-11-15").size();
constexpr std::size_t second_length = std::string_view("2025-11-15T00:00:00").size();
constexpr Micros last_of_a_day = std::chrono::days(1) - 1us;
constexpr Micros last_of_a_second = 1s - 1us;

std::optional<WallTime> parse_day(std::string_view text) {
    if (text.size() != date_length) return std::nullopt;
    return from_rfc3339(std::string(text) + "T00:00:00Z");
}

}  // namespace

std::optional<WallTime> parse_moment(std::string_view text) {
    if (text.size() < second_length) return std::nullopt;
    std::string whole(text);
    if (whole[date_length] == ' ') whole[date_length] = 'T';
    if (const auto time = from_rfc3339(whole)) return time;
    return from_rfc3339(whole + "Z");
}

std::optional<WallTime> parse_since(std::string_view text) {
    const auto day = parse_day(text);
    return day ? day : parse_moment(text);
}

std::optional<WallTime> parse_until(std::string_view text) {
    if (const auto day = parse_day(text)) return *day + last_of_a_day;
    const auto moment = parse_moment(text);
    if (!moment || text.find('.') != std::string_view::npos) return moment;
    return *moment + last_of_a_second;
}

std::string to_seconds_text(WallTime time) {
    return to_rfc3339(time).substr(0, second_length) + "Z";
}

}  // namespace ess
