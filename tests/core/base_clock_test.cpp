#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"

using namespace ess;
using namespace std::chrono_literals;

namespace {

WallTime at(int year, unsigned month, unsigned day, Micros rest = {}) {
    return WallTime{std::chrono::sys_days{std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day)}} +
           rest;
}

}  // namespace

TEST_CASE("clock: a time is written in UTC with microseconds, and reads back") {
    struct Row {
        WallTime time;
        const char* text;
    };
    for (const Row& row : std::vector<Row>{
             {WallTime{}, "1970-01-01T00:00:00.000000Z"},
             {at(2026, 1, 28, 1h + 41min + 58s + 58083us), "2026-01-28T01:41:58.058083Z"},
             {at(2024, 2, 29, 24h - 1us), "2024-02-29T23:59:59.999999Z"},
             {at(2000, 2, 29), "2000-02-29T00:00:00.000000Z"},
             {at(1969, 12, 31, 24h - 1us), "1969-12-31T23:59:59.999999Z"},
             {at(2262, 4, 12), "2262-04-12T00:00:00.000000Z"},
             {at(9999, 12, 31, 24h - 1us), "9999-12-31T23:59:59.999999Z"},
         }) {
        CAPTURE(row.text);
        CHECK(to_rfc3339(row.time) == row.text);
        CHECK(from_rfc3339(row.text) == row.time);
        CHECK(to_utc_date(row.time) == std::string(row.text).substr(0, 10));
    }
}

TEST_CASE("clock: every spelling of RFC 3339") {
    const WallTime noon = at(2026, 1, 28, 12h);
    for (const char* text : {"2026-01-28T12:00:00Z", "2026-01-28t12:00:00z", "2026-01-28 12:00:00Z",
                             "2026-01-28T12:00:00+00:00", "2026-01-28T12:00:00-00:00", "2026-01-28T13:30:00+01:30",
                             "2026-01-28T04:00:00-08:00", "2026-01-29T11:59:00+23:59", "2026-01-28T12:00:00.0Z",
                             "2026-01-28T12:00:00.000000000Z", "2026-01-28T11:59:60Z"}) {
        CAPTURE(text);
        CHECK(from_rfc3339(text) == noon);
    }
    CHECK(from_rfc3339("2026-01-28T12:00:00.5Z") == noon + 500ms);
    CHECK(from_rfc3339("2026-01-28T12:00:00.1234567Z") == noon + 123456us);
    CHECK(from_rfc3339("2026-01-01T00:30:00+01:00") == at(2025, 12, 31, 23h + 30min));
}

TEST_CASE("clock: what is no time") {
    for (const char* text : {"",
                             "2026-01-28",
                             "2026-01-28T12:00:00",
                             "2026-01-28T12:00Z",
                             "2026-02-29T00:00:00Z",
                             "2100-02-29T00:00:00Z",
                             "2026-00-01T00:00:00Z",
                             "2026-13-01T00:00:00Z",
                             "2026-01-00T00:00:00Z",
                             "2026-04-31T00:00:00Z",
                             "2026-01-28T24:00:00Z",
                             "2026-01-28T12:60:00Z",
                             "2026-01-28T12:00:61Z",
                             "2026-01-28T12:00:00.Z",
                             "2026-01-28T12:00:00+0100",
                             "2026-01-28T12:00:00+24:00",
                             "2026-01-28T12:00:00+01:60",
                             "2026-01-28T12:00:00Zx",
                             " 2026-01-28T12:00:00Z",
                             "2026-01-28T12:00:00Z ",
                             "26-01-28T12:00:00Z",
                             "-2026-01-28T12:00:00Z",
                             "+026-01-28T12:00:00Z",
                             "2026/01/28T12:00:00Z",
                             "2026-01-28_12:00:00Z",
                             "2026-1-28T12:00:00Z",
                             "yesterday"}) {
        CAPTURE(text);
        CHECK_FALSE(from_rfc3339(text).has_value());
    }
    CHECK_FALSE(from_rfc3339(std::string_view("2026-01-28T12:00:00\0Z", 21)).has_value());
}

TEST_CASE("clock: spans are read as systemd.time(7) writes them") {
    for (const auto& [text, span] : std::vector<std::pair<const char*, Micros>>{
             {"250ms", 250ms},
             {"2s", 2s},
             {"1min 30s", 90s},
             {"1min30s", 90s},
             {"0s", 0s},
             {"7us", 7us},
             {"1d 2h 3min 4s 5ms 6us", 24h + 2h + 3min + 4s + 5ms + 6us},
             {"  2s  ", 2s},
             {"1s 1s", 2s},
             {"36525d", 36525 * 24h},
         }) {
        CAPTURE(text);
        CHECK(parse_duration(text) == span);
    }
    for (const char* text : {"",
                             " ",
                             "5",
                             "s",
                             "-1s",
                             "+1s",
                             "1.5s",
                             "1 s",
                             "1S",
                             "1 min 5",
                             "1m",
                             "1M",
                             "1sec",
                             "2s,",
                             "infinity",
                             "36526d",
                             "36525d 1us",
                             "9223372036854775807d",
                             "9223372036854775808us",
                             "1s\n",
                             "1s\t2s",
                             "0x1s"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_duration(text).has_value());
    }
}

TEST_CASE("clock: spans are written so that they read back") {
    CHECK(to_text(Micros(0)) == "0s");
    CHECK(to_text(Micros(-1)) == "0s");
    CHECK(to_text(90s) == "1min 30s");
    CHECK(to_text(1500ms) == "1s 500ms");
    CHECK(to_text(24h) == "1d");
    for (const Micros span : {Micros(1), Micros(999), Micros(250ms), Micros(59min + 59s), Micros(26h + 1us)}) {
        CHECK(parse_duration(to_text(span)) == span);
    }
    CHECK(to_ms_text(12345us) == "12.3");
    CHECK(to_ms_text(0us) == "0.0");
    CHECK(to_ms_text(2s) == "2000.0");
}

TEST_CASE("clock: the monotonic clock does not go back") {
    const Instant before = monotonic_now();
    CHECK(monotonic_now() >= before);
    CHECK(wall_now() > at(2024, 1, 1));
}
