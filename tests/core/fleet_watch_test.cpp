// What a host makes of the fleet's orders: each row a story that etcd tells, on a simulated clock.
#include "core/fleet_watch.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>

using namespace ess;
using namespace std::chrono_literals;

namespace {

const FleetKeys keys("main");
constexpr Instant start{1h};

FleetWatch host(bool joins = false, OnLoss on_loss = OnLoss::Alert, const std::string& handled = "") {
    return FleetWatch({keys, "a", 10s, on_loss, joins}, HandledOrders(handled), start);
}

EtcdReply put(const std::string& key, const std::string& value, std::uint64_t revision) {
    return {7, revision, {{key, value, revision, false}}};
}

EtcdReply trip(const std::string& id, std::uint64_t revision, bool released = false) {
    FleetTrip order{id, "why", "alice", "2026-01-01T00:00:00Z", {}, {}};
    if (released) order.released_by = "bob";
    return put(keys.trip(), to_text(order), revision);
}

EtcdReply nothing(std::uint64_t revision = 1) {
    return {7, revision, {}};
}

/// The actions in words: "trip ID", "lost", "lost and trips", "found", "reset ID by USER of SINCE", "keep".
std::string said(const FleetActions& actions) {
    std::string text;
    const auto word = [&](const std::string& more) { text += (text.empty() ? "" : ", ") + more; };
    for (const FleetAction& action : actions) {
        if (const auto* order = std::get_if<CarryOutTrip>(&action)) word("trip " + order->trip.id);
        if (const auto* loss = std::get_if<LossBegan>(&action)) word(loss->trip ? "lost and trips" : "lost");
        if (std::get_if<LossEnded>(&action) != nullptr) word("found");
        if (const auto* reset = std::get_if<AskReset>(&action))
            word("reset " + reset->id + " by " + reset->user + " of " + reset->since);
        if (std::get_if<KeepHandled>(&action) != nullptr) word("keep");
    }
    return text;
}

}  // namespace

TEST_CASE("fleet: an order is carried out once, whoever tells of it, however often") {
    using Tell = FleetActions (*)(FleetWatch&, const EtcdReply&);
    const Tell by_look = [](FleetWatch& watch, const EtcdReply& reply) { return watch.looked(reply, start); };
    const Tell by_watch = [](FleetWatch& watch, const EtcdReply& reply) { return watch.noticed(reply); };
    for (const Tell first : {by_look, by_watch}) {
        for (const Tell second : {by_look, by_watch}) {
            FleetWatch watch = host();
            CHECK(said(watch.looked(nothing(), start)) == "");
            CHECK(said(first(watch, trip("T1", 5))) == "trip T1, keep");
            CHECK(watch.last_trip() == "T1");
            CHECK(said(second(watch, trip("T1", 5))) == "");
            // Put again as it is, by a person or by a restored cluster.
            CHECK(said(second(watch, trip("T1", 9))) == "");
            CHECK(said(second(watch, trip("T2", 10))) == "trip T2, keep");
            CHECK(said(first(watch, trip("T1", 2))) == "");
        }
    }
}

TEST_CASE("fleet: what was carried out before a restart is not carried out again") {
    FleetWatch before = host();
    CHECK(said(before.noticed(trip("T1", 5))) == "trip T1, keep");
    FleetWatch after = host(false, OnLoss::Alert, before.handled().text());
    CHECK(said(after.looked(trip("T1", 5), start)) == "");
    CHECK(said(after.looked(trip("T2", 6), start)) == "trip T2, keep");
}

TEST_CASE("fleet: anything at the trip key is a trip, the same on every host, and not of an older put") {
    for (const char* const value :
         {"stop now", "", "{", "[]", "{\"id\": \"../x\"}", "{\"id\": 5}", "\xff\xfe", "null"}) {
        CAPTURE(value);
        FleetWatch one = host();
        FleetWatch other = host();
        const std::string first = said(one.looked(put(keys.trip(), value, 5), start));
        CHECK(first.starts_with("trip FLEET-r5-"));
        CHECK(said(other.noticed(put(keys.trip(), value, 5))) == first);
        CHECK(said(one.looked(put(keys.trip(), value, 5), start)) == "");
        // Without an id, putting it again is demanding it again.
        CHECK(said(one.looked(put(keys.trip(), value, 6), start)).starts_with("trip FLEET-r6-"));
    }
    CHECK(read_fleet_trip({keys.trip(), " stop\x1b[31m now \n", 5, false}, 7).reason == "stop[31m now");
    CHECK(read_fleet_trip({keys.trip(), "x", 5, false}, 7).id != read_fleet_trip({keys.trip(), "x", 5, false}, 8).id);
    CHECK(read_fleet_trip({keys.trip(), std::string(9000, 'x'), 5, false}, 7).reason.size() <= 512);
}

TEST_CASE(
    "fleet: a trip that the host missed reaches it, released or not; one that joins takes a released one for history") {
    CHECK(said(host(false).looked(trip("T1", 5), start)) == "trip T1, keep");
    CHECK(said(host(false).looked(trip("T1", 5, true), start)) == "trip T1, keep");
    CHECK(said(host(true).looked(trip("T1", 5), start)) == "trip T1, keep");
    FleetWatch joining = host(true);
    CHECK(said(joining.looked(trip("T1", 5, true), start)) == "keep");
    CHECK(joining.last_trip() == "");
    // It has joined: from now on it is a host like any other.
    CHECK(said(joining.looked(trip("T2", 6, true), start)) == "trip T2, keep");
    FleetWatch watching = host(true);
    CHECK(said(watching.noticed(trip("T1", 5, true))) == "trip T1, keep");
}

TEST_CASE("fleet: keys that are gone, other keys and other fleets say nothing") {
    FleetWatch watch = host();
    EtcdReply gone = put(keys.trip(), "", 6);
    gone.items.front().deleted = true;
    CHECK(said(watch.noticed(gone)) == "");
    CHECK(said(watch.noticed(put(FleetKeys("other").trip(), "stop", 7))) == "");
    CHECK(said(watch.noticed(put(keys.trip() + "2", "stop", 8))) == "");
    CHECK(said(watch.noticed(put(keys.orders() + "reset/", "stop", 9))) == "");
    CHECK(watch.revision() == 9);
}

TEST_CASE("fleet: cut off is told once, trips if it is to, and ends with an answer") {
    for (const OnLoss on_loss : {OnLoss::Alert, OnLoss::Trip}) {
        FleetWatch watch = host(false, on_loss);
        const std::string lost = on_loss == OnLoss::Trip ? "lost and trips" : "lost";
        // From the start on: a host that boots without contact is cut off as well.
        CHECK(watch.deadline() == start + 10s);
        CHECK(said(watch.time_passed(start + 10s - 1us)) == "");
        CHECK(said(watch.time_passed(start + 10s)) == lost);
        CHECK(said(watch.time_passed(start + 1h)) == "");
        CHECK(watch.lost());
        // A watch may speak out of a minority: what it tells counts, and is no contact.
        CHECK(said(watch.noticed(trip("T1", 5))) == "trip T1, keep");
        CHECK(watch.lost());
        CHECK(said(watch.looked(trip("T1", 5), start + 2h)) == "found");
        CHECK_FALSE(watch.lost());
        CHECK(said(watch.time_passed(start + 2h + 9s)) == "");
        CHECK(said(watch.time_passed(start + 2h + 10s)) == lost);
    }
}

TEST_CASE("fleet: a reset is put to essd once, if it names this host; what is of another form is none") {
    const FleetReset asked{"R1", "fixed", {{"a", "2026-01-01T00:00:00Z"}, {"b", "x"}}};
    FleetWatch watch = host();
    CHECK(said(watch.noticed(put(keys.reset("alice"), to_text(asked), 5))) ==
          "reset R1 by alice of 2026-01-01T00:00:00Z, keep");
    CHECK(said(watch.looked(put(keys.reset("alice"), to_text(asked), 5), start)) == "");
    CHECK(said(watch.noticed(put(keys.reset("bob"), to_text(asked), 6))) == "");
    const FleetReset others{"R2", "fixed", {{"b", "x"}}};
    CHECK(said(watch.noticed(put(keys.reset("alice"), to_text(others), 7))) == "");
    for (const char* const bad :
         {"", "stop", "{}", R"({"id":"R3","reason":"x"})", R"({"id":"R3","reason":"","hosts":{"a":"x"}})",
          R"({"id":"R 3","reason":"x","hosts":{"a":"x"}})", R"({"id":"R3","reason":"x","hosts":{"a":5}})",
          R"({"id":"R3","reason":"x","hosts":["a"]})"}) {
        CAPTURE(bad);
        CHECK(said(watch.noticed(put(keys.reset("alice"), bad, 8))) == "");
    }
}

TEST_CASE("fleet: the memory of orders is bounded, in order, and reads nothing that is no id") {
    HandledOrders orders("T1\n\nT 2\n../x\nT3");
    CHECK(orders.text() == "T1\nT3\n");
    for (std::size_t i = 0; i < HandledOrders::limit; ++i)
        orders.add("N" + std::to_string(i));
    CHECK_FALSE(orders.contains("T1"));
    CHECK(orders.contains("N0"));
    orders.add("N0");
    const std::string text = orders.text();
    CHECK(static_cast<std::size_t>(std::ranges::count(text, '\n')) == HandledOrders::limit);
    CHECK(HandledOrders(text).text() == text);
}

TEST_CASE("fleet: an id names its day and is not made twice") {
    constexpr std::array<char, 4> random{0x3f, static_cast<char>(0x9a), 0x1c, 0x7e};
    CHECK(make_fleet_id("2026-11-26", {random.data(), random.size()}) == "FLEET-2026-11-26-3f9a1c7e");
}

TEST_CASE("fleet: a trip reads back as it was written") {
    FleetTrip trip{"FLEET-x", "a \"reason\" ü", "alice", "2026-01-01T00:00:00Z", "bob", "all looked at"};
    const FleetTrip read = read_fleet_trip({keys.trip(), to_text(trip), 5, false}, 7);
    CHECK(read.id == trip.id);
    CHECK(read.reason == trip.reason);
    CHECK(read.requested_by == "alice");
    CHECK(read.at == trip.at);
    CHECK(read.released_by == "bob");
    CHECK(read.release_reason == "all looked at");
    trip.released_by.reset();
    CHECK_FALSE(read_fleet_trip({keys.trip(), to_text(trip), 5, false}, 7).released_by);
}
