// `essctl fleet` as programs rely on it: exit codes and JSON, against a real etcd. Hosts are what the test says in
// their place; that they do it is shown on real machines (tests/system/scenarios/fleet.sh).
#include <doctest/doctest.h>

#include <string>

#include "core/fleet_orders.hpp"
#include "program/fleet_etcd.hpp"
#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

namespace {

HostReport report_of(const std::string& name, const std::string& state) {
    HostReport report;
    report.host = name;
    report.state = state;
    report.ready = state == "armed";
    report.config_hash = "bfb734a7aa5cb0a8";
    report.at = to_rfc3339(wall_now());
    if (state == "tripped") {
        report.latch_since = "2026-01-28T01:41:58.000000Z";
        report.last_trip = HostReport::Trip{"OPS-2026-01-28-001", "SUCCESS", 801.5};
    }
    return report;
}

}  // namespace

TEST_CASE("essctl fleet: without a fleet it says what to do") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    for (const char* const verb : {"status", "drift", "trip"}) {
        const Ended none = essctl({"fleet", verb});
        CHECK(none.code == 2);
        CHECK(none.says("set fleet.endpoints in /etc/quantum/ess.yaml"));
    }
}

TEST_CASE("essctl fleet: status and drift of hosts that are armed, tripped, absent, unready, or make no sense") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    Ended shown = essctl({"fleet", "status"});
    CHECK(shown.code == 4);
    CHECK(shown.says("no host is in the fleet main yet"));
    CHECK(essctl({"fleet", "drift"}).code == 4);

    etcd.report(report_of("a", "armed"));
    etcd.report(report_of("b", "armed"));
    shown = essctl({"fleet", "status"});
    CHECK(shown.code == 0);
    CHECK(shown.says("ARMED  all 2 hosts of the fleet main would stop"));
    CHECK(shown.says("there has never been one"));
    CHECK(essctl({"fleet", "drift"}).code == 0);

    HostReport unready = report_of("b", "armed");
    unready.ready = false;
    unready.faults = {"bus-down"};
    unready.config_hash = "0000000000000001";
    unready.at = to_rfc3339(wall_now() + std::chrono::hours(1));
    etcd.report(unready);
    shown = essctl({"fleet", "status"});
    CHECK(shown.code == 4);
    CHECK(shown.says("is not ready, look there: bus-down"));
    CHECK(shown.says("its clock says"));
    Ended drift = essctl({"fleet", "drift"});
    CHECK(drift.code == 1);
    CHECK(drift.says("DRIFT  2 configurations on 2 hosts"));

    etcd.put(etcd.keys.known_host("c"), to_text(report_of("c", "armed")));
    etcd.put(etcd.keys.host("d"), "{\"host\":\"\x1b[2J\"}");
    etcd.put(etcd.keys.trip(), "stop \x1b[31mnow");
    etcd.report(report_of("a", "tripped"));
    shown = essctl({"fleet", "status"});
    CHECK(shown.code == 3);
    CHECK(shown.says("TRIPPED  1 of 4 hosts"));
    CHECK(shown.says("801.5 ms SUCCESS"));
    CHECK(shown.says("essctl fleet forget c"));
    CHECK(shown.says("in force: stop"));
    CHECK_FALSE(shown.says("\x1b"));
    const auto json = parse_json(essctl({"fleet", "status", "--json"}).out);
    REQUIRE(json);
    CHECK(json->at("fleet") == "main");
    CHECK(json->at("ready") == false);
    CHECK(json->at("order").at("in_force") == true);
    REQUIRE(json->at("hosts").size() == 4);
    CHECK(json->at("hosts")[0].at("last_trip").at("stop_ms") == 801.5);
    CHECK(json->at("hosts")[1].at("clock_differs") == true);
    CHECK(json->at("hosts")[2].at("present") == false);
    drift = essctl({"fleet", "drift", "--json"});
    CHECK(drift.code == 1);
    CHECK(parse_json(drift.out));
}

TEST_CASE("essctl fleet: an absent host, or one that does not say, proves no configuration") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    etcd.report(report_of("a", "armed"));
    etcd.put(etcd.keys.known_host("b"), to_text(report_of("b", "armed")));
    const Ended drift = essctl({"fleet", "drift"});
    CHECK(drift.code == 4);
    CHECK(drift.says("absent; it was bfb734a7aa5cb0a8"));

    CHECK(essctl({"fleet", "forget", "a"}).code == 5);
    CHECK(essctl({"fleet", "forget", "x"}).code == 1);
    CHECK(essctl({"fleet", "forget", "b"}).code == 0);
    CHECK(etcd.get(etcd.keys.known_host("b")).empty());
    CHECK(essctl({"fleet", "drift"}).code == 0);
}

TEST_CASE("essctl fleet: a trip that nobody waits for tells the id that it put") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    const Ended quick = essctl({"fleet", "trip", "--reason", "fire", "--no-wait", "--json"});
    CHECK(quick.code == 0);
    const std::string id = parse_json(quick.out)->at("order_id");
    const auto put = read_fleet_trip({etcd.keys.trip(), etcd.get(etcd.keys.trip()), 1, false}, 1);
    CHECK(put.id == id);
    CHECK(put.reason == "fire");
    CHECK_FALSE(put.requested_by.empty());
}

TEST_CASE("essctl fleet: a reset asks nobody who cannot be, and releases only the order that was looked at") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    CHECK(essctl({"fleet", "reset", "--reason", "over"}).code == 2);
    etcd.report(report_of("a", "tripped"));
    etcd.report(report_of("b", "armed"));
    etcd.put(etcd.keys.known_host("c"), to_text(report_of("c", "tripped")));
    etcd.put(etcd.keys.trip(), "stop");
    CHECK(essctl({"fleet", "reset", "--reason", "over", "--host", "b"}).says("b is not tripped; nobody was asked"));
    CHECK(essctl({"fleet", "reset", "--reason", "over", "--host", "c"}).code == 5);
    CHECK(essctl({"fleet", "reset", "--reason", "over", "--host", "x"}).code == 5);
    CHECK(etcd.get(etcd.keys.reset("alice")).empty());

    // Somebody trips while the host is asked: that order was looked at by nobody.
    Process reset({ESS_ESSCTL, "fleet", "reset", "--reason", "over", "--all"});
    std::optional<FleetReset> request;
    REQUIRE(eventually([&] { return (request = read_fleet_reset(etcd.get(etcd.keys.reset("alice")))).has_value(); }));
    CHECK(request->hosts == std::map<std::string, std::string>{{"a", "2026-01-28T01:41:58.000000Z"}});
    etcd.put(etcd.keys.trip(), "stop again");
    HostReport report = report_of("a", "tripped");
    report.reset = HostReport::Reset{request->id, "done", "OPS-2026-01-28-002"};
    etcd.report(report);
    CHECK(reset.wait() == 3);
    CHECK(reset.out().find("a newer order is there") != std::string::npos);
    CHECK(etcd.get(etcd.keys.trip()) == "stop again");
}
