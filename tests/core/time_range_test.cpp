#include "core/time_range.hpp"

#include <doctest/doctest.h>

using namespace ess;

namespace {

std::string text_of(const std::optional<WallTime>& time) {
    return time ? to_rfc3339(*time) : "none";
}

}  // namespace

TEST_CASE("time range: a moment has an offset, or is in UTC") {
    CHECK(text_of(parse_moment("2025-11-15T17:58:54.793340+00:00")) == "2025-11-15T17:58:54.793340Z");
    CHECK(text_of(parse_moment("2025-11-15T17:58:54+01:00")) == "2025-11-15T16:58:54.000000Z");
    CHECK(text_of(parse_moment("2025-11-15T17:58:54")) == "2025-11-15T17:58:54.000000Z");
    CHECK(text_of(parse_moment("2025-11-15 17:58:54.5")) == "2025-11-15T17:58:54.500000Z");
    for (const char* none : {"", "now", "2025-11-15", "2025-11-15T17:58", "2025-13-15T17:58:54", "2025-11-15x17:58:54",
                             "2025-11-15T17:58:54+0100", "1763229534000000000000"}) {
        CAPTURE(none);
        CHECK_FALSE(parse_moment(none));
    }
}

TEST_CASE("time range: a day begins and ends in UTC, and a second counts to its end") {
    CHECK(text_of(parse_since("2025-11-15")) == "2025-11-15T00:00:00.000000Z");
    CHECK(text_of(parse_until("2025-11-15")) == "2025-11-15T23:59:59.999999Z");
    CHECK(text_of(parse_since("2025-11-15T06:30:00")) == "2025-11-15T06:30:00.000000Z");
    CHECK(text_of(parse_until("2025-11-15T23:59:59")) == "2025-11-15T23:59:59.999999Z");
    CHECK(text_of(parse_until("2025-11-15T23:59:59.25Z")) == "2025-11-15T23:59:59.250000Z");
    CHECK_FALSE(parse_since("2025-11-31"));
    CHECK_FALSE(parse_until("yesterday"));
}

TEST_CASE("time range: both ends count, and an end that is not given is open") {
    const TimeRange day{parse_since("2025-11-15"), parse_until("2025-11-15")};
    CHECK(day.contains(*parse_moment("2025-11-15T00:00:00")));
    CHECK(day.contains(*parse_moment("2025-11-15T23:59:59.999999")));
    CHECK_FALSE(day.contains(*parse_moment("2025-11-14T23:59:59.999999")));
    CHECK_FALSE(day.contains(*parse_moment("2025-11-16T00:00:00")));
    CHECK_FALSE(day.is_open());
    CHECK(TimeRange{}.contains(WallTime{}));
    CHECK(TimeRange{}.is_open());
}

TEST_CASE("time range: a screen shows seconds") {
    CHECK(to_seconds_text(*from_rfc3339("2026-01-28T01:41:58.999999Z")) == "2026-01-28T01:41:58Z");
}
