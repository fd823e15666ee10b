// essctl fleet trip, and how each verb asks, against a real etcd: one member, certificates, authentication, roles.
#include <doctest/doctest.h>
#include <sys/mount.h>

#include <filesystem>
#include <string>

#include "core/fleet_orders.hpp"
#include "program/fleet_etcd.hpp"
#include "program/sandbox.hpp"
#include "program/screens.hpp"

using namespace ess;
using namespace ess::test;

namespace {

const std::vector<std::vector<std::string>> verbs{
    {"trip", "--reason", "x"}, {"status"}, {"drift"}, {"reset", "--reason", "x", "--all"}, {"forget", "a"}};

Ended fleet(std::vector<std::string> words) {
    words.insert(words.begin(), "fleet");
    return essctl(std::move(words));
}

std::vector<std::string> with(std::vector<std::string> words, const std::vector<std::string>& more) {
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

/// What is at the trip key, once there is something.
Json order_in(const FleetEtcd& etcd, const std::string& other_than = "") {
    std::string text;
    REQUIRE(eventually([&] {
        text = etcd.get(etcd.keys.trip());
        return !text.empty() && text != other_than;
    }));
    const auto json = parse_json(text);
    REQUIRE(json);
    return *json;
}

std::string id_of(const Json& order) {
    return order.at("id").get<std::string>();
}

/// The id of each run is another one.
std::string without_id(std::string text, const std::string& id) {
    for (std::size_t at = text.find(id); at != std::string::npos; at = text.find(id))
        text.replace(at, id.size(), "FLEET-2026-11-26-3f9a1c7e");
    return text;
}

}  // namespace

TEST_CASE("essctl fleet trip: each host as it falls, and then how it went") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    for (const char* host : {"a", "b"})
        etcd.report(armed_host(host));
    const std::string reason = R"(the "desk" is on fire, c:\temp isn't)";
    Process trip({ESS_ESSCTL, "fleet", "trip", "--reason", reason});
    const Json order = order_in(etcd);
    CHECK(order.at("reason") == reason);
    CHECK(order.at("requested_by") == "root");
    for (const char* host : {"a", "b"}) {
        etcd.report(tripped_host(host, id_of(order)));
        CHECK(
            eventually([&] { return trip.out().find(std::string(host) + " is down: 801.0 ms") != std::string::npos; }));
    }
    CHECK(trip.wait() == 0);
    CHECK(is_as_before("fleet-trip", without_id(trip.out(), id_of(order))));
}

TEST_CASE("essctl fleet trip: a host that is absent, not down, or down in part is named, and is no success") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    HostReport absent = armed_host("c");
    absent.at = "2026-11-26T12:00:03.000Z";
    etcd.report_absent(absent);
    etcd.report(armed_host("a"));
    etcd.report(armed_host("b"));
    Process trip({ESS_ESSCTL, "fleet", "trip", "--reason", "x"});
    const Json order = order_in(etcd);
    HostReport partial = tripped_host("b", id_of(order));
    partial.last_trip->outcome = "PARTIAL";
    etcd.report(partial);
    CHECK(trip.wait() == 1);
    CHECK(is_as_before("fleet-trip-partial", without_id(trip.out(), id_of(order))));
    etcd.report(tripped_host("a", id_of(order)));
    const Ended json = fleet({"trip", "--reason", "x", "--json"});
    CHECK(json.code == 1);
    CHECK(parse_json(json.out)->at("outcome") == "PARTIAL");
    CHECK(parse_json(json.out)->at("order_id") == id_of(order_in(etcd, order.dump())));
}

TEST_CASE("essctl fleet trip: of two operators at once neither is told that hosts which are down are not") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    etcd.report(armed_host("a"));
    Process first({ESS_ESSCTL, "fleet", "trip", "--reason", "first"});
    const std::string before = order_in(etcd).dump();
    Process second({ESS_ESSCTL, "fleet", "trip", "--reason", "second"});
    // The host carries out both, one behind the other, and says which was the last.
    REQUIRE(eventually([&] { return order_in(etcd).at("reason") == "second"; }));
    etcd.report(tripped_host("a", id_of(order_in(etcd))));
    CHECK(second.wait() == 0);
    CHECK(first.wait() == 0);
    CHECK(first.out().find("ALL DOWN") != std::string::npos);
}

TEST_CASE("essctl fleet trip: an order of any length of reason has the id that is followed") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    etcd.report(armed_host("a"));
    Process trip({ESS_ESSCTL, "fleet", "trip", "--reason", std::string(20000, 'x')});
    const Json order = order_in(etcd);
    CHECK(order.dump().size() <= fleet_order_limit);
    const FleetTrip read = read_fleet_trip({etcd.keys.trip(), order.dump(), 5, false}, 7);
    CHECK(read.id == id_of(order));
    etcd.report(tripped_host("a", read.id));
    CHECK(trip.wait() == 0);
}

TEST_CASE("essctl fleet trip: with all members gone it tries on, puts the same order when one is back, or gives up") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    FleetEtcd etcd;
    etcd.stop();
    Process trip({ESS_ESSCTL, "fleet", "trip", "--reason", "x", "--no-wait"});
    CHECK(eventually([&] { return trip.out().find("trying on") != std::string::npos; }));
    etcd.start();
    CHECK(trip.wait() == 0);
    const std::string id = id_of(order_in(etcd));
    CHECK(trip.out().find("the order " + id + " is put") != std::string::npos);
    etcd.stop();
    const Ended given_up = fleet({"trip", "--reason", "y"});
    CHECK(given_up.code == 4);
    CHECK(given_up.says("TAKE THE FLEET FOR NOT TRIPPED"));
    CHECK(given_up.says("Trip each host by itself: essctl trip --reason"));
    CHECK(given_up.took < 20s);
    CHECK(fleet({"status"}).code == 4);
    etcd.start();
    CHECK(id_of(order_in(etcd)) == id);
}

TEST_CASE("essctl fleet: who has no role is refused at once, and told what to do") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    etcd.report(tripped_host("a", "FLEET-1"));
    etcd.certify("mallory");
    for (const auto& verb : verbs) {
        CAPTURE(verb.front());
        const Ended ended = fleet(with(verb, etcd.as("mallory")));
        CHECK(ended.code == 5);
        CHECK(ended.says("fleet-roles operator USER"));
        CHECK(ended.took < 5s);
        CHECK(ended.says("THE FLEET IS NOT TRIPPED") == (verb.front() == "trip"));
    }
    CHECK(etcd.get(etcd.keys.trip()).empty());
    // No certificate is no role.
    const Ended none = fleet({"trip", "--reason", "x", "--certificate", "/run/none.pem", "--key", "/run/none.key"});
    CHECK(none.code == 5);
    CHECK(none.says("/run/none.pem"));
    CHECK(none.says("Trip each host by itself"));
    CHECK(none.took < 5s);
}

TEST_CASE("essctl fleet trip: who may trip and may not look is told so, at once") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    etcd.report(armed_host("a"));
    etcd.add_user("risk", "bot");
    CHECK(fleet(with({"trip", "--reason", "x", "--no-wait"}, etcd.as("bot"))).code == 0);
    const std::string before = etcd.get(etcd.keys.trip());
    const Ended ended = fleet(with({"trip", "--reason", "y"}, etcd.as("bot")));
    CHECK(order_in(etcd, before).at("reason") == "y");
    CHECK(ended.code == 1);
    CHECK(ended.took < 5s);
    CHECK(ended.says("permission denied"));
    CHECK_FALSE(ended.says("nobody is in this fleet"));
}

TEST_CASE("essctl fleet: without etcdctl each verb says at once what to install") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    // As execve(2) has it, a program whose interpreter is missing is not there.
    write_file("/run/gone", "#!/run/nothing\n");
    std::filesystem::permissions("/run/gone", std::filesystem::perms(0755));
    REQUIRE(::mount("/run/gone", "/usr/bin/etcdctl", nullptr, MS_BIND, nullptr) == 0);
    std::vector<Ended> all;
    for (const auto& verb : verbs)
        all.push_back(fleet(verb));
    REQUIRE(::umount2("/usr/bin/etcdctl", MNT_DETACH) == 0);
    for (const Ended& ended : all) {
        CHECK(ended.code == 4);
        CHECK(ended.says("apt install etcd-client"));
        CHECK(ended.took < 5s);
    }
    CHECK(all.front().says("Trip each host by itself"));
}
