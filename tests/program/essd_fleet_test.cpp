// How essd shows and records what quantum-ess-fleet tells and does, and what it does not believe of others.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/control_fixture.hpp"
#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;
using host::call_text;
using host::connect_as;
using host::Wire;

namespace {

constexpr const char* fleet = "fleet: {endpoints: ['https://10.0.0.1:2379'], host: a}\n";

void add_to_configuration(const std::string& text) {
    write_file(config_file, read_whole(config_file) + text);
}

Wire connect_fleet() {
    return connect_as(fleet_uid, control, {quantum_ess_gid});
}

std::string call_with(const std::string& method, const Json& parameters) {
    return call_text(method, R"("parameters":)" + parameters.dump());
}

Json reported(bool connected) {
    return {{"host", "a"},
            {"connected", connected},
            {"trouble", "no member\x1b[31m answers"},
            {"last_contact", "2026-01-28T01:59:58Z"},
            {"order_id", "FLEET-1"}};
}

}  // namespace

TEST_CASE("fleet: what its account reports is in the status, and a loss is a warning that goes when it is over") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    add_to_configuration(fleet);
    const Essd essd;
    Json shown = essd.status().value().at("fleet");
    CHECK(shown.at("connected") == false);
    CHECK(shown.at("name") == "main");
    Wire wire = connect_fleet();
    REQUIRE(wire.say(call_with("FleetReport", reported(true))));
    REQUIRE(wire.hear());
    shown = essd.status().value().at("fleet");
    CHECK(shown.at("connected") == true);
    CHECK(shown.at("order_id") == "FLEET-1");
    CHECK(shown.at("last_contact").get<std::string>().starts_with("2026-01-28T01:59:58"));
    CHECK_FALSE(essd.has_fault("fleet-lost"));
    CHECK(essctl({"status"}).says("main, here a, in contact; last order FLEET-1"));
    REQUIRE(wire.say(call_with("FleetReport", reported(false))));
    REQUIRE(wire.hear());
    CHECK(essctl({"status"}).says("main, here a, OUT OF CONTACT: no member"));
    CHECK(essd.has_fault("fleet-lost"));
    CHECK(essd.status().value().dump().find("\\u001b") == std::string::npos);
    // A stop needs no fleet.
    const Json faults = essd.status().value().at("faults");
    for (const Json& fault : faults)
        CHECK((fault.at("code") != "fleet-lost" || fault.at("severity") == "warning"));
    REQUIRE(wire.say(call_with("FleetReport", reported(true))));
    REQUIRE(wire.hear());
    CHECK_FALSE(essd.has_fault("fleet-lost"));
}

TEST_CASE("fleet: without one there is none in the status, and no fault of it") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    CHECK(essd.status().value().at("fleet").is_null());
    CHECK_FALSE(essd.has_fault("fleet-silent"));
}

TEST_CASE("fleet: an account that does not report is a warning of its own") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    add_to_configuration(fleet);
    const Essd essd;
    CHECK_FALSE(essd.has_fault("fleet-silent"));
    CHECK(eventually([&] { return essd.has_fault("fleet-silent"); }, 40s));
    CHECK_FALSE(essd.has_fault("fleet-lost"));
}

TEST_CASE("fleet: operators and strangers do not tell how the host stands") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    add_to_configuration(fleet);
    const Essd essd;
    for (const uid_t who : {operator_uid, stranger_uid}) {
        Wire wire = connect_as(who, control, {quantum_ess_gid});
        REQUIRE(wire.say(call_with("FleetReport", reported(true))));
        CHECK(wire.hear_error() == "io.quantum.EmergencyStop.Refused");
    }
    CHECK(essd.status().value().at("fleet").at("connected") == false);
}

TEST_CASE("fleet: its account's latch names the order and who asked; an operator's latch cannot") {
    struct Row {
        uid_t owner;
        const char* requested_by;
        const char* order;
    };
    for (const Row& row : {Row{fleet_uid, "alice", "FLEET-2026-11-26-3f9a1c7e"}, Row{operator_uid, "operator", ""}}) {
        CAPTURE(row.owner);
        Sandbox sandbox;
        if (!sandbox.usable()) return;
        add_to_configuration(fleet);
        const Essd essd;
        const std::string made = "/run/quantum/made";
        write_file(
            made,
            R"({"reason":"fire","requested_by":"alice","trigger":"fleet","fleet_id":"FLEET-2026-11-26-3f9a1c7e"})");
        REQUIRE(::chown(made.c_str(), row.owner, quantum_ess_gid) == 0);
        REQUIRE(::rename(made.c_str(), latch.c_str()) == 0);
        const auto lines = ledger_lines("trip", 1);
        REQUIRE(lines.size() == 1);
        CHECK(lines[0].at("entry").at("requested_by") == row.requested_by);
        CHECK(lines[0].at("ess").value("fleet_id", "") == row.order);
    }
}

TEST_CASE("fleet: its account asks for a reset in an operator's name, and approves nothing") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    add_to_configuration(std::string(fleet) + "reset: {four_eyes: true}\n");
    const Essd essd;
    write_file(latch, "stop");
    REQUIRE(essd.comes_to("tripped"));
    REQUIRE(ledger_lines("trip", 1).size() == 1);
    Wire wire = connect_fleet();
    REQUIRE(wire.say(call_with("Reset", {{"reason", "over"}, {"requested_by", "alice"}})));
    const auto reply = wire.hear();
    REQUIRE(reply);
    const Json asked = reply->at("parameters");
    CHECK(asked.at("pending") == true);
    const std::string id = asked.at("operation_id");
    for (const char* const name : {"bob", "alice"}) {
        REQUIRE(wire.say(call_with("Approve", {{"operation_id", id}, {"requested_by", name}})));
        CHECK(wire.hear_error() == "io.quantum.EmergencyStop.Refused");
        CHECK(essd.state() == "tripped");
    }
}

TEST_CASE(
    "quantum-ess-fleet: without a fleet, or with a wrong configuration, it does not start; by --lost it does what "
    "on_loss says") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    CHECK(run({ESS_FLEET, "--wrong"}).code == 2);
    CHECK(run({ESS_FLEET, "--help"}).code == 0);
    const std::string units = read_whole(config_file);
    for (const char* const word : {"", "--lost"}) {
        const std::vector<std::string> command =
            *word == '\0' ? std::vector<std::string>{ESS_FLEET} : std::vector<std::string>{ESS_FLEET, word};
        write_file(config_file, units);
        const Ended none = run(command);
        CHECK(none.code == 78);
        CHECK(none.says("there is no fleet"));
        write_file(config_file, units + "fleet: {on_loss: perhaps}\n");
        CHECK(run(command).code == 78);
        CHECK_FALSE(exists(latch));
    }
    write_file(config_file, units + fleet);
    CHECK(run({ESS_FLEET, "--lost"}).code == 0);
    CHECK_FALSE(exists(latch));
    write_file(config_file, units + "fleet: {endpoints: ['https://10.0.0.1:2379'], on_loss: trip}\n");
    CHECK(run({ESS_FLEET, "--lost"}).code == 0);
    REQUIRE(exists(latch));
    CHECK(read_whole(latch).find("fleet-loss") != std::string::npos);
}
