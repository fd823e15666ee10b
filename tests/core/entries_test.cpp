#include "core/entries.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "core/ledger_line.hpp"

using namespace ess;
using namespace std::chrono_literals;

namespace {

const WallTime seen = *from_rfc3339("2026-01-28T01:41:58.058083Z");
const WallTime now = *from_rfc3339("2026-01-28T01:42:00Z");

EntryStamp stamp() {
    return {"host-1",
            "bfb734a7aa5cb0a8",
            {{"policy.yaml", "ab12"}},
            "681ff703",
            "main",
            {"quantum-governor.service", "s@*.service", "t.timer"}};
}

UnitTimeline stopped(const std::string& name) {
    UnitTimeline unit;
    unit.name = name;
    unit.was_running = true;
    unit.stop_requested = 10us;
    unit.killed = 1000ms;
    unit.emptied = 1000500us;
    unit.job_done = 1002ms;
    unit.masked = 1100ms;
    return unit;
}

TripReport trip() {
    TripReport report;
    report.budget = 2s;
    report.stop_time = 1000500us;
    report.units = {stopped("quantum-governor.service"), UnitTimeline{}};
    report.units[1].name = "s@1.service";
    return report;
}

LatchCopy latch() {
    return {seen, "prices are wrong", "binyamin", "essctl", "", {}};
}

/// As the recorder hands it to the ledger, with what that adds.
std::string line_of(LedgerKind kind, Json entry, Json ess = nullptr) {
    entry["operation_id"] = "OPS-2026-01-28-001";
    LedgerLine line{kind, std::move(entry), std::move(ess), now, std::string(32, 'a'), 1};
    const auto text = format_ledger_line(line);
    REQUIRE_MESSAGE(text, (text ? std::string() : text.error().text));
    const auto back = parse_ledger_line(*text);
    REQUIRE(back);
    return *text;
}

}  // namespace

TEST_CASE("entries: a trip has every field that the operators' entries of this kind have") {
    const Json entry = trip_entry(trip(), latch(), stamp(), now);
    // The first entry of the operators' changelog; operation_id and proof_file come from the recorder.
    for (const char* field :
         {"operation_name", "requested_by", "approved_by", "approval_timestamp", "execution_timestamp", "git_commit",
          "git_branch", "hostname", "risk_class", "blast_radius", "changes_summary", "objective", "outcome", "notes"}) {
        CAPTURE(field);
        REQUIRE(entry.contains(field));
        CHECK(entry[field].is_string());
        CHECK_FALSE(entry[field].get<std::string>().empty());
    }
    CHECK(entry["rollback_ref"].is_string());
    CHECK(entry["config_hash"] == "bfb734a7aa5cb0a8");
    CHECK(entry["allowed_services"] == Json{"quantum-governor", "s@*", "t.timer"});
    CHECK(entry["services_status"].is_object());
    CHECK(entry["risk_class"] == "SERVICE_RESTART");
    CHECK(entry["outcome"] == "SUCCESS");
    line_of(LedgerKind::Trip, entry, trip_timeline(trip(), latch()));
}

TEST_CASE("entries: a trip that the fleet ordered has the order's id, in words and as a field") {
    LatchCopy ordered = latch();
    const auto without = trip_entry(trip(), ordered, stamp(), now);
    CHECK(without.dump().find("fleet") == std::string::npos);
    CHECK_FALSE(trip_timeline(trip(), ordered).contains("fleet_id"));
    ordered.fleet_id = "FLEET-2026-11-26-3f9a1c7e";
    CHECK(trip_entry(trip(), ordered, stamp(), now).at("notes").get<std::string>().find(ordered.fleet_id) !=
          std::string::npos);
    CHECK(trip_timeline(trip(), ordered).at("fleet_id") == ordered.fleet_id);
}

TEST_CASE("entries: a trip is approved by being demanded, at the time at which the latch was seen") {
    const Json entry = trip_entry(trip(), latch(), stamp(), now);
    CHECK(entry["approved_by"] == "SELF");
    CHECK(entry["requested_by"] == "binyamin");
    CHECK(entry["approval_timestamp"] == "2026-01-28T01:41:58.058083Z");
    CHECK(entry["execution_timestamp"] == "2026-01-28T01:41:58.058083Z");
}

TEST_CASE("entries: what a trip says of its units") {
    TripReport report = trip();
    report.units.push_back(stopped("t.timer"));
    report.units[2].empty = false;
    const Json status = trip_entry(report, latch(), stamp(), now)["services_status"];
    CHECK(status["quantum-governor"] == "stopped in 1000.5 ms, killed by the kernel, masked");
    CHECK(status["s@1"] == "was not running, not masked");
    CHECK(status["t.timer"] == "still running");
}

TEST_CASE("entries: a trip that was not verified says what is missing, and its completion says so") {
    TripReport report = trip();
    report.outcome = Outcome::Partial;
    report.stop_time.reset();
    report.problems = {"a is not masked", "b still has a process"};
    const Json partial = trip_entry(report, {}, {}, now);
    CHECK(partial["outcome"] == "PARTIAL");
    CHECK(partial["notes"] == "Reason: none given. Not verified: a is not masked; b still has a process.");
    CHECK(partial["requested_by"] == "unknown");
    CHECK(partial["git_commit"] == "unknown");
    CHECK(partial["git_branch"] == "unknown");
    line_of(LedgerKind::Trip, partial, trip_timeline(report, {}));

    TripReport completion = trip();
    completion.completion = completion.resumed = true;
    const Json entry = trip_entry(completion, latch(), stamp(), now);
    CHECK(entry["operation_name"] == "Emergency stop completed");
    CHECK(entry["notes"] ==
          "Reason: prices are wrong. essd came up with the latch set. This completes a trip that was "
          "recorded as PARTIAL before.");
}

TEST_CASE("entries: an essd that came up in the middle says what it knows and what it does not") {
    TripReport report;
    report.resumed = true;
    report.stop_time = 0us;
    report.units.resize(2);
    report.units[0].name = "a.service";
    report.units[1].name = "b.service";
    const Json blind = trip_entry(report, latch(), stamp(), now);
    CHECK(blind["services_status"]["a"] == "was not running when essd came up, not masked");
    CHECK(blind["changes_summary"] ==
          "Stopped and masked the allowed units: 0 of 2 were running when essd came up; no process was left when essd "
          "came up");

    LatchCopy copy = latch();
    copy.running = {"a.service"};
    add_running(report, copy);
    CHECK(report.units[0].was_running);
    CHECK_FALSE(report.units[1].was_running);
    const Json entry = trip_entry(report, copy, stamp(), now);
    CHECK(entry["services_status"]["a"] == "stopped before essd came up, not masked");
    CHECK(entry["services_status"]["b"] == "was not running, not masked");
    CHECK(entry["changes_summary"].get<std::string>().find("1 of 2 were running; no process") != std::string::npos);
}

TEST_CASE("entries: the timeline has whole microseconds for each unit") {
    const Json ess = trip_timeline(trip(), latch());
    CHECK(ess["trigger"] == "essctl");
    CHECK(ess["reason"] == "prices are wrong");
    CHECK(ess["budget_us"] == 2'000'000);
    CHECK(ess["stop_us"] == 1'000'500);
    const Json unit = ess["units"][0];
    CHECK(unit["category"] == 1);
    CHECK(unit["stop_requested_us"] == 10);
    CHECK(unit["killed_us"] == 1'000'000);
    CHECK(unit["empty_us"] == 1'000'500);
    CHECK(unit["job_done_us"] == 1'002'000);
    CHECK(unit["masked_us"] == 1'100'000);
    CHECK(ess["units"][1]["killed_us"].is_null());
}

TEST_CASE("entries: a reset names who, why and which trip it ends") {
    const UnitStates states{{"quantum-governor.service", {"loaded", "inactive", "dead"}}, {"t.timer", {"", "", ""}}};
    const Json entry =
        reset_entry({"prices are back", "binyamin", "", ""}, "OPS-2026-01-28-001", {}, states, stamp(), now);
    CHECK(entry["operation_name"] == "Emergency stop reset");
    CHECK(entry["requested_by"] == "binyamin");
    CHECK(entry["rollback_of"] == "OPS-2026-01-28-001");
    CHECK(entry["execution_timestamp"] == "2026-01-28T01:42:00.000000Z");
    CHECK(entry["services_status"]["quantum-governor"] == "inactive");
    CHECK(entry["notes"] == "Reason: prices are back.");
    CHECK(entry["outcome"] == "SUCCESS");
    line_of(LedgerKind::Reset, entry);

    const Json approved = reset_entry({"r", "alice", "bob", "OPS-2026-01-28-002"}, "", {}, states, stamp(), now);
    CHECK(approved["requested_by"] == "alice");
    CHECK(approved["approved_by"] == "bob");
    CHECK(approved["notes"] == "Reason: r. Asked for with OPS-2026-01-28-002.");

    const Json partial = reset_entry({"r", "w", "", ""}, "", {"a is still masked"}, states, stamp(), now);
    CHECK(partial["outcome"] == "PARTIAL");
    CHECK_FALSE(partial.contains("rollback_of"));
    CHECK(partial["notes"] == "Reason: r. Not verified: a is still masked.");
}

TEST_CASE("entries: all kinds share the fields of every entry") {
    const Json event =
        event_entry({.name = "Unit stopped again", .summary = "s@1.service had a process again"}, "essd", stamp(), now);
    line_of(LedgerKind::Refusal, event);
    for (const Json& entry : {trip_entry(trip(), latch(), stamp(), now),
                              reset_entry({"r", "w", "", ""}, "", {}, {}, stamp(), now), event}) {
        for (const char* field :
             {"operation_name", "requested_by", "approved_by", "approval_timestamp", "execution_timestamp",
              "git_commit", "git_branch", "hostname", "risk_class", "blast_radius", "changes_summary", "objective",
              "outcome", "allowed_services", "config_hash", "config_files", "notes"}) {
            CAPTURE(field);
            CHECK(entry.contains(field));
        }
    }
}
