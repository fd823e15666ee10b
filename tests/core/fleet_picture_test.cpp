// What hosts say of themselves, and what a fleet looks like from it.
#include "core/fleet_picture.hpp"

#include <doctest/doctest.h>

#include "base/json.hpp"

using namespace ess;

namespace {

const FleetKeys keys("main");

Json armed_status() {
    return {{"state", "armed"},
            {"ready", true},
            {"faults", Json::array({{{"code", "drill-overdue"}, {"text", "x"}}})},
            {"config_hash", "bfb734a7aa5cb0a8"},
            {"version", "1.2"},
            {"ledger", {{"entries", 7U}}},
            {"latch", {{"present", false}, {"since", nullptr}, {"reason", nullptr}}},
            {"last_operation", {{"operation_id", "OPS-1"}, {"outcome", "SUCCESS"}, {"stop_ms", 801.5}}}};
}

Json tripped_status(const Json& operation) {
    Json status = armed_status();
    status["state"] = "tripped";
    status["latch"] = {{"present", true}, {"since", "2026-01-01T00:00:00Z"}, {"reason", "why"}};
    status["last_operation"] = operation;
    return status;
}

EtcdKeyValue item(const std::string& key, const std::string& value, std::uint64_t revision = 5) {
    return {key, value, revision, false};
}

std::string report_of(const std::string& host, const std::string& state) {
    HostReport report;
    report.take(armed_status());
    report.host = host;
    report.state = state;
    return to_text(report);
}

}  // namespace

TEST_CASE("host report: what essd's status says, and back from its text") {
    HostReport report;
    report.host = "a";
    report.take(armed_status());
    report.reset = HostReport::Reset{"FLEET-1", "pending", "essctl approve OPS-2"};
    report.order_id = "FLEET-1";
    report.checkpoint = "log\n7\nroot\n";
    CHECK(report.state == "armed");
    CHECK(report.ready);
    CHECK(report.faults == std::vector<std::string>{"drill-overdue"});
    CHECK(report.ledger_entries == 7);
    REQUIRE(report.last_trip);
    CHECK(report.last_trip->stop_ms == 801.5);
    const auto back = read_host_report(to_text(report));
    REQUIRE(back);
    CHECK(to_text(*back) == to_text(report));
    CHECK(back->checkpoint == report.checkpoint);
}

TEST_CASE("host report: of a trip that is in force only its own entry is told") {
    HostReport report;
    report.take(armed_status());
    REQUIRE(report.last_trip);
    // The reset before it is still the newest operation.
    const Json reset{{"operation_id", "OPS-2"}, {"outcome", "SUCCESS"}, {"stop_ms", nullptr}};
    report.take(tripped_status(reset));
    CHECK_FALSE(report.last_trip);
    CHECK(report.latch_since == "2026-01-01T00:00:00Z");
    report.take(tripped_status({{"operation_id", "OPS-3"}, {"outcome", "PARTIAL"}, {"stop_ms", nullptr}}));
    REQUIRE(report.last_trip);
    CHECK(report.last_trip->operation_id == "OPS-3");
    // A reset later, the trip before it stays the newest one.
    Json after = armed_status();
    after["last_operation"] = reset;
    report.take(after);
    REQUIRE(report.last_trip);
    CHECK(report.last_trip->operation_id == "OPS-3");
    CHECK(report.latch_since.empty());
}

TEST_CASE("host report: what is no report is none, and no text of one steers a terminal") {
    for (const char* const text : {"", "7", "[]", "{}", R"({"host":""})", R"({"host":7})"})
        CHECK_FALSE(read_host_report(text));
    CHECK_FALSE(read_host_report(R"({"host":")" + std::string(host_report_limit, 'x') + R"("})"));
    const auto report = read_host_report(
        R"({"host":"a\u001b[2J","state":"arm\ned","ready":"yes","faults":["x\u0007",7],"ledger":[],"latch":7,)"
        R"("last_trip":{"operation_id":"\u009b1","stop_ms":"x"},"reset":{"id":"\u001b"},"at":5})");
    REQUIRE(report);
    CHECK_FALSE(report->ready);
    for (const std::string& text :
         {report->host, report->state, report->faults.at(0), report->last_trip->operation_id, report->reset->id}) {
        for (const char c : text)
            CHECK(static_cast<unsigned char>(c) >= 0x20);
        CHECK(text.find("\xc2\x9b") == std::string::npos);
    }
    CHECK(report->faults.size() == 1);
    CHECK_FALSE(report->last_trip->stop_ms);
}

TEST_CASE("fleet picture: present hosts by what they say now, absent ones by what is kept; the newest order") {
    const EtcdReply reply{
        7,
        9,
        {item(keys.host("b"), report_of("b", "tripped")), item(keys.known_host("a"), report_of("a", "armed")),
         item(keys.known_host("b"), report_of("b", "armed")), item(keys.known_host("c"), "not a report"),
         item(keys.trip(), R"({"id":"FLEET-1","reason":"r","released":{"by":"bob","reason":"over"}})", 8),
         item("/quantum-ess/other/hosts/x", report_of("x", "armed"))}};
    for (const bool backwards : {false, true}) {
        EtcdReply one = reply;
        if (backwards) std::ranges::reverse(one.items);
        const FleetPicture picture = read_fleet_picture(one, keys);
        REQUIRE(picture.hosts.size() == 3);
        CHECK(picture.hosts[0].name == "a");
        CHECK_FALSE(picture.hosts[0].present);
        CHECK_FALSE(picture.hosts[0].is_armed());
        CHECK(picture.hosts[1].present);
        CHECK(picture.hosts[1].is_down());
        CHECK(picture.hosts[2].report.state.empty());
        REQUIRE(picture.find("b") != nullptr);
        CHECK(picture.find("x") == nullptr);
        REQUIRE(picture.order);
        CHECK(picture.order->released_by == "bob");
        CHECK(picture.order_revision == 8);
    }
}

TEST_CASE("fleet picture: a host is down by an order when it says both") {
    FleetHost host;
    host.report.state = "tripped";
    host.report.order_id = "FLEET-1";
    CHECK(host.is_down_by("FLEET-1"));
    CHECK_FALSE(host.is_down_by("FLEET-2"));
    host.report.state = "tripping";
    CHECK_FALSE(host.is_down_by("FLEET-1"));
}
