#include "base/clock.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <ctime>

namespace ess {

namespace {

struct SpanUnit {
    std::string_view name;
    Micros size;
};

using namespace std::chrono_literals;

// Longest first, so that to_text() takes the greatest unit that fits.
constexpr std::array<SpanUnit, 6> span_units{{
    {"d", 24h},
    {"h", 1h},
    {"min", 1min},
    {"s", 1s},
    {"ms", 1ms},
    {"us", 1us},
}};

constexpr Micros longest_span = 24h * 36525;

/// Reads exactly `digits` digits at `at` and moves on; -1 if they are not there.
int take_digits(std::string_view text, std::size_t& at, std::size_t digits) {
    if (at + digits > text.size()) return -1;
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        const char c = text[at + i];
        if (c < '0' || c > '9') return -1;
        value = value * 10 + (c - '0');
    }
    at += digits;
    return value;
}

bool take(std::string_view text, std::size_t& at, char wanted) {
    if (at >= text.size() || text[at] != wanted) return false;
    ++at;
    return true;
}

/// The fraction of a second after its dot, to microseconds; further digits are dropped.
std::optional<Micros> take_fraction(std::string_view text, std::size_t& at) {
    std::int64_t value = 0;
    int digits = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
        if (digits < 6) value = value * 10 + (text[at] - '0');
    }
    if (digits == 0) return std::nullopt;
    for (; digits < 6; ++digits)
        value *= 10;
    return Micros(value);
}

/// "Z" or "+hh:mm": what must be subtracted to get UTC.
std::optional<Micros> take_offset(std::string_view text, std::size_t& at) {
    if (take(text, at, 'Z') || take(text, at, 'z')) return Micros(0);
    const bool east = take(text, at, '+');
    if (!east && !take(text, at, '-')) return std::nullopt;
    const int hours = take_digits(text, at, 2);
    if (hours < 0 || hours > 23 || !take(text, at, ':')) return std::nullopt;
    const int minutes = take_digits(text, at, 2);
    if (minutes < 0 || minutes > 59) return std::nullopt;
    const Micros offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
    return east ? offset : -offset;
}

}  // namespace

Instant monotonic_now() {
    return std::chrono::time_point_cast<Micros>(std::chrono::steady_clock::now());
}

WallTime wall_now() {
    return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

std::string to_rfc3339(WallTime time) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(time);
    // Not to_time_t(): it goes through nanoseconds, which end in 2262.
    const std::time_t seconds = whole.time_since_epoch().count();
    std::tm parts{};
    if (::gmtime_r(&seconds, &parts) == nullptr) return "1970-01-01T00:00:00.000000Z";
    std::array<char, 48> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::array<char, 16> fraction{};
    static_cast<void>(
        std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>((time - whole).count())));
    return std::string(text.data(), length) + fraction.data();
}

std::string to_utc_date(WallTime time) {
    return to_rfc3339(time).substr(0, 10);
}

std::optional<WallTime> from_rfc3339(std::string_view text) {
    using namespace std::chrono;
    std::size_t at = 0;
    const int y = take_digits(text, at, 4);
    if (y < 0 || !take(text, at, '-')) return std::nullopt;
    const int mo = take_digits(text, at, 2);
    if (mo < 0 || !take(text, at, '-')) return std::nullopt;
    const int d = take_digits(text, at, 2);
    if (d < 0 || !(take(text, at, 'T') || take(text, at, 't') || take(text, at, ' '))) return std::nullopt;
    const int h = take_digits(text, at, 2);
    if (h < 0 || h > 23 || !take(text, at, ':')) return std::nullopt;
    const int mi = take_digits(text, at, 2);
    if (mi < 0 || mi > 59 || !take(text, at, ':')) return std::nullopt;
    const int s = take_digits(text, at, 2);
    if (s < 0 || s > 60) return std::nullopt;
    Micros fraction{0};
    if (take(text, at, '.')) {
        const auto read = take_fraction(text, at);
        if (!read) return std::nullopt;
        fraction = *read;
    }
    const auto offset = take_offset(text, at);
    const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
    if (!offset || at != text.size() || !date.ok()) return std::nullopt;
    return WallTime{sys_days{date}} + hours(h) + minutes(mi) + seconds(s) + fraction - *offset;
}

std::optional<Micros> parse_duration(std::string_view text) {
    Micros total{0};
    std::size_t at = 0;
    bool any = false;
    while (true) {
        while (take(text, at, ' ')) {
        }
        if (at == text.size()) break;
        std::int64_t number = 0;
        const char* const end = text.data() + text.size();
        const auto [after, fault] = std::from_chars(text.data() + at, end, number);
        if (fault != std::errc{} || number < 0) return std::nullopt;
        at = static_cast<std::size_t>(after - text.data());
        std::size_t stop = at;
        while (stop < text.size() && text[stop] >= 'a' && text[stop] <= 'z')
            ++stop;
        const std::string_view name = text.substr(at, stop - at);
        at = stop;
        const SpanUnit* unit = nullptr;
        for (const SpanUnit& candidate : span_units) {
            if (candidate.name == name) unit = &candidate;
        }
        if (unit == nullptr || number > longest_span / unit->size) return std::nullopt;
        total += unit->size * number;
        if (total > longest_span) return std::nullopt;
        any = true;
    }
    return any ? std::optional(total) : std::nullopt;
}

std::string to_text(Micros span) {
    if (span <= Micros(0)) return "0s";
    std::string text;
    for (const SpanUnit& unit : span_units) {
        const auto count = span / unit.size;
        if (count == 0) continue;
        if (!text.empty()) text += ' ';
        text += std::to_string(count) + std::string(unit.name);
        span -= unit.size * count;
    }
    return text;
}

std::string to_ms_text(Micros span) {
    std::array<char, 32> text{};
    static_cast<void>(std::snprintf(text.data(), text.size(), "%.1f", static_cast<double>(span.count()) / 1000.0));
    return text.data();
}

}  // namespace ess
