#include "host/maintenance.hpp"

#include <doctest/doctest.h>

#include <ctime>
#include <string>

using namespace ess;
using namespace std::chrono_literals;

namespace {

WallTime at(const char* text) {
    return from_rfc3339(text).value();
}

bool covers(const std::vector<MaintenanceWindow>& windows, const char* text) {
    const auto inside = host::in_maintenance(windows, at(text));
    REQUIRE_MESSAGE(inside.has_value(), (inside ? "" : inside.error().text));
    return *inside;
}

}  // namespace

TEST_CASE("maintenance: from its start to its end, to the second") {
    const std::vector<MaintenanceWindow> saturday{{"Sat *-*-* 02:00:00 UTC", 2h}};
    CHECK_FALSE(covers(saturday, "2026-11-28T01:59:59Z"));
    CHECK(covers(saturday, "2026-11-28T02:00:00Z"));
    CHECK(covers(saturday, "2026-11-28T03:59:59.999999Z"));
    CHECK_FALSE(covers(saturday, "2026-11-28T04:00:00Z"));
    CHECK_FALSE(covers(saturday, "2026-11-27T03:00:00Z"));
}

TEST_CASE("maintenance: any of several windows, and one that begins while another is open") {
    const std::vector<MaintenanceWindow> windows{{"*-*-* 02:00 UTC", 1h}, {"Sun *-*-* 02:30 UTC", 3h}};
    CHECK(covers(windows, "2026-11-24T02:30:00Z"));
    CHECK_FALSE(covers(windows, "2026-11-24T03:30:00Z"));
    CHECK(covers(windows, "2026-11-29T05:00:00Z"));
    // Hourly for two hours: there is always one.
    CHECK(covers({{"hourly", 2h}}, "2026-11-24T03:30:00Z"));
}

TEST_CASE("maintenance: none is never, and so is one that is over") {
    CHECK_FALSE(covers({}, "2026-11-28T02:00:00Z"));
    CHECK_FALSE(covers({{"2020-01-01 UTC", 24h}}, "2026-11-28T02:00:00Z"));
    CHECK(covers({{"2020-01-01 UTC", 24h}}, "2020-01-01T12:00:00Z"));
}

TEST_CASE("maintenance: without a time zone it is the host's") {
    // The commands that this process starts get their environment from the adapter; /etc/localtime is what counts.
    const auto offset = [] {
        const std::time_t noon = 1795867200;  // 2026-11-28T12:00:00Z
        std::tm local{};
        REQUIRE(::localtime_r(&noon, &local) != nullptr);
        return std::chrono::seconds(local.tm_gmtoff);
    }();
    const std::vector<MaintenanceWindow> window{{"2026-11-28 12:00:00", 1min}};
    const auto inside = host::in_maintenance(window, at("2026-11-28T12:00:30Z") - offset);
    REQUIRE(inside.has_value());
    CHECK(*inside);
}

TEST_CASE("maintenance: what is no calendar event is named, and is no window") {
    const auto faults = host::problems_of({{"daily", 1h}, {"every day", 1h}, {"--help", 1h}});
    REQUIRE(faults.size() == 2);
    CHECK(faults[0].text.starts_with("\"every day\" is not a calendar event"));
    CHECK(faults[1].text.starts_with("\"--help\" is not a calendar event"));
    CHECK_FALSE(host::in_maintenance({{"every day", 1h}}, at("2026-11-28T02:00:00Z")).has_value());
}
