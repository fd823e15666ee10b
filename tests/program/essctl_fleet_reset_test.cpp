// essctl fleet reset and forget, against a real etcd. Hosts are what the test says in their place.
#include <doctest/doctest.h>

#include <string>

#include "core/fleet_orders.hpp"
#include "program/fleet_etcd.hpp"
#include "program/sandbox.hpp"
#include "program/screens.hpp"

using namespace ess;
using namespace ess::test;

namespace {

const std::string order_id = "FLEET-2026-11-26-3f9a1c7e";

std::string order_text(const std::string& id) {
    return to_text(FleetTrip{id, R"(the "desk" isn't well \ at all)", "bob", "2026-11-26T12:00:00Z", {}, {}});
}

/// What alice asked for, once it is there.
FleetReset request_in(const FleetEtcd& etcd) {
    std::optional<FleetReset> request;
    REQUIRE(eventually([&] {
        request = read_fleet_reset(etcd.get(etcd.keys.reset("alice")));
        return request.has_value();
    }));
    return *request;
}

/// The host answers the request.
void answer(const FleetEtcd& etcd, const std::string& host, const FleetReset& request, const std::string& result,
            const std::string& text) {
    HostReport report = result == "done" ? armed_host(host) : tripped_host(host, order_id);
    report.reset = HostReport::Reset{request.id, result, text};
    etcd.report(report);
}

Process reset_of(const std::vector<std::string>& whom) {
    std::vector<std::string> command{ESS_ESSCTL, "fleet", "reset", "--reason", "strategy 7 isn't \"it\""};
    command.insert(command.end(), whom.begin(), whom.end());
    return Process(std::move(command));
}

}  // namespace

TEST_CASE("essctl fleet reset --all: asks each tripped host that is in contact, and releases the order") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    etcd.put(etcd.keys.trip(), order_text(order_id));
    for (const char* host : {"a", "b"})
        etcd.report(tripped_host(host, order_id));
    etcd.report(armed_host("c"));
    etcd.report_absent(tripped_host("d", order_id));
    Process reset = reset_of({"--all"});
    const FleetReset request = request_in(etcd);
    CHECK(request.reason == "strategy 7 isn't \"it\"");
    CHECK(request.hosts ==
          std::map<std::string, std::string>{{"a", "2026-11-26T12:00:00.000Z"}, {"b", "2026-11-26T12:00:00.000Z"}});
    answer(etcd, "a", request, "done", "OPS-2026-11-26-002");
    answer(etcd, "b", request, "done", "OPS-2026-11-26-002");
    CHECK(reset.wait() == 0);
    CHECK(is_as_before("fleet-reset-all", reset.out()));
    const FleetTrip after = read_fleet_trip({etcd.keys.trip(), etcd.get(etcd.keys.trip()), 9, false}, 7);
    CHECK(after.id == order_id);
    CHECK(after.released_by == "alice");
    CHECK(after.release_reason == "strategy 7 isn't \"it\"");
    CHECK(after.reason == R"(the "desk" isn't well \ at all)");
}

TEST_CASE("essctl fleet reset: pending waits for another person, and a refusal keeps the order in force") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    etcd.put(etcd.keys.trip(), order_text(order_id));
    for (const char* host : {"a", "b", "c"})
        etcd.report(tripped_host(host, order_id));
    Process asked = reset_of({"--host", "a", "--host", "b"});
    FleetReset request = request_in(etcd);
    CHECK(request.hosts.size() == 2);
    answer(etcd, "a", request, "done", "OPS-2026-11-26-002");
    answer(etcd, "b", request, "pending", "essctl approve OPS-2026-11-26-002");
    CHECK(asked.wait() == 3);
    CHECK(is_as_before("fleet-reset-pending", asked.out()));
    etcd.remove(etcd.keys.reset("alice"));
    Process refused = reset_of({"--all"});
    request = request_in(etcd);
    answer(etcd, "b", request, "refused", "the latch is not writable");
    answer(etcd, "c", request, "failed", "essd does not answer");
    CHECK(refused.wait() == 5);
    CHECK(is_as_before("fleet-reset-refused", refused.out()));
    CHECK(etcd.get(etcd.keys.trip()) == order_text(order_id));
    etcd.remove(etcd.keys.reset("alice"));
    Process json = reset_of({"--host", "c", "--json"});
    answer(etcd, "c", request_in(etcd), "failed", "essd does not answer");
    CHECK(json.wait() == 1);
    CHECK(parse_json(json.out())->at("hosts").at("c").at("result") == "failed");
}

TEST_CASE("essctl fleet reset: with nobody tripped the order alone is released, once") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    etcd.report(armed_host("a"));
    etcd.put(etcd.keys.trip(), "stop now, by hand");
    const std::vector<std::string> all{"fleet", "reset", "--all", "--reason", "x"};
    CHECK(essctl(all).code == 0);
    const std::string once = etcd.get(etcd.keys.trip());
    const FleetTrip order = read_fleet_trip({etcd.keys.trip(), once, 9, false}, 7);
    CHECK(order.reason == "stop now, by hand");
    CHECK(order.released_by == "alice");
    CHECK(essctl(all).code == 0);
    CHECK(etcd.get(etcd.keys.trip()) == once);
}
