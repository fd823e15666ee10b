#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ess {

using Micros = std::chrono::microseconds;

/// A moment of CLOCK_MONOTONIC: what bounds and durations are counted in. Never shown to people.
using Instant = std::chrono::time_point<std::chrono::steady_clock, Micros>;

/// A moment of CLOCK_REALTIME: what entries and people's screens carry. Never used for a bound: it can jump.
using WallTime = std::chrono::time_point<std::chrono::system_clock, Micros>;

[[nodiscard]] Instant monotonic_now();
[[nodiscard]] WallTime wall_now();

/// RFC 3339 in UTC with microseconds: "2026-01-28T01:41:58.058083Z".
[[nodiscard]] std::string to_rfc3339(WallTime time);
/// "2026-01-28"
[[nodiscard]] std::string to_utc_date(WallTime time);
/// Any RFC 3339 time ("Z" or "+hh:mm", fraction optional); nothing if it is not one.
[[nodiscard]] std::optional<WallTime> from_rfc3339(std::string_view text);

/// A span as systemd.time(7) writes it: "250ms", "2s", "1min 30s", units us, ms, s, min, h, d. A bare number is
/// refused, since nobody can tell its unit. Nothing if it is not a span or above 100 years.
[[nodiscard]] std::optional<Micros> parse_duration(std::string_view text);
/// The shortest text that parse_duration reads back to the same value: "1min 30s".
[[nodiscard]] std::string to_text(Micros span);

/// Milliseconds with one decimal, for people: "12.3".
[[nodiscard]] std::string to_ms_text(Micros span);

}  // namespace ess
