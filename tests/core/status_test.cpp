#include "core/status.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "core/interface_types.hpp"

using namespace ess;
using namespace ess::test;
using namespace std::chrono_literals;

namespace {

Json to_json(const Status& status) {
    return parse_json(to_json_text(status)).value();
}

void check_reply(const Status& status) {
    check_struct(to_json(status), fields_after(interface(), "method Status() -> ("));
}

Status full_status() {
    Status status;
    status.state = State::Tripped;
    status.faults = {{"bus-down", Fault::Severity::Error, "the bus is down"},
                     {"drill-overdue", Fault::Severity::Warning, "run essctl drill"}};
    status.latch = {true, true, from_rfc3339("2026-01-28T01:41:58Z"), "prices", "binyamin"};
    UnitTimeline unit;
    unit.name = "a.service";
    unit.category = StopCategory::Immediate;
    unit.emptied = 1500us;
    status.trip.units = {unit, UnitTimeline{}};
    status.unit_states["a.service"] = {"masked", "failed", "failed"};
    status.guarded = {"a.service"};
    status.last_operation = OperationSummary{"OPS-2026-01-28-001", "SUCCESS", 1500us};
    status.pending_reset =
        PendingResetInfo{"OPS-2026-01-28-002", "alice", "fixed", *from_rfc3339("2026-01-28T02:00:00Z")};
    status.last_drill = DrillSummary{*from_rfc3339("2026-01-28T01:00:00Z"), 10, 12500us, "SUCCESS"};
    status.fleet = FleetInfo{"main", "a", false, "no member answers", from_rfc3339("2026-01-28T01:59:58Z"), "FLEET-1"};
    status.config_hash = "bfb734a7aa5cb0a8";
    status.ledger_entries = 7;
    status.ledger_head = std::string(64, 'a');
    status.ledger_writable = true;
    status.kill_method = "cgroup.kill";
    status.version = version();
    return status;
}

}  // namespace

TEST_CASE("status: the reply is what the interface declares, full and empty") {
    check_reply(full_status());
    check_reply(Status{});
    Status no_stop = full_status();
    no_stop.last_operation->stop_time.reset();
    no_stop.last_drill->max.reset();
    check_reply(no_stop);
}

TEST_CASE("status: the fields that programs were promised") {
    const Json json = to_json(full_status());
    const std::vector<std::pair<const char*, std::vector<const char*>>> promised{
        {"latch", {"present", "persisted", "since", "reason", "requested_by"}},
        {"last_operation", {"operation_id", "outcome", "stop_ms"}},
        {"ledger", {"entries", "head", "writable"}},
    };
    for (const char* field : {"state", "ready", "faults", "latch", "units", "last_operation", "config_hash", "ledger",
                              "last_drill", "version"}) {
        CAPTURE(field);
        CHECK(json.contains(field));
    }
    for (const auto& [object, fields] : promised) {
        for (const char* field : fields) {
            CAPTURE(field);
            CHECK(json[object].contains(field));
        }
    }
    for (const char* field :
         {"name", "active_state", "sub_state", "load_state", "masked", "guarded", "empty", "category"}) {
        CAPTURE(field);
        CHECK(json["units"][0].contains(field));
    }
}

TEST_CASE("status: the values") {
    const Json json = to_json(full_status());
    CHECK(json["state"] == "tripped");
    CHECK(json["faults"][0] == Json{{"code", "bus-down"}, {"severity", "error"}, {"text", "the bus is down"}});
    CHECK(json["faults"][1]["severity"] == "warning");
    CHECK(json["latch"]["since"] == "2026-01-28T01:41:58.000000Z");
    CHECK(json["units"][0]["category"] == 0);
    CHECK(json["units"][0]["masked"] == true);
    CHECK(json["units"][0]["guarded"] == true);
    CHECK(json["units"][0]["stop_us"] == 1500);
    // A unit that systemd has not answered for yet.
    CHECK(json["units"][1]["load_state"] == "");
    CHECK(json["units"][1]["masked"] == false);
    CHECK(json["units"][1]["guarded"] == false);
    CHECK(json["last_operation"]["stop_ms"] == 1.5);
    CHECK(json["last_drill"] ==
          Json{{"at", "2026-01-28T01:00:00.000000Z"}, {"rounds", 10}, {"max_ms", 12.5}, {"outcome", "SUCCESS"}});
}

TEST_CASE("status: nothing that is not known looks as if it were") {
    const Json json = to_json(Status{});
    CHECK(json["state"] == "not-ready");
    CHECK(json["latch"]["since"].is_null());
    CHECK(json["latch"]["reason"].is_null());
    CHECK(json["last_operation"].is_null());
    CHECK(json["last_drill"].is_null());
    CHECK(json["ledger"]["writable"] == false);
}

TEST_CASE("status: an error takes readiness away in every state; a warning does not") {
    for (const State state : {State::Armed, State::Tripping, State::Tripped, State::NotReady}) {
        Status status;
        status.state = state;
        status.faults = {{"bus-down", Fault::Severity::Error, ""}};
        CHECK_FALSE(status.ready());
        CHECK(to_json(status)["ready"] == false);
    }
    Status status;
    status.state = State::Armed;
    CHECK(status.ready());
    status.faults = {{"drill-overdue", Fault::Severity::Warning, ""}};
    CHECK(status.ready());
    status.faults.push_back({"bus-down", Fault::Severity::Error, ""});
    CHECK_FALSE(status.ready());
}

TEST_CASE("status: words for states and outcomes") {
    CHECK(to_text(State::Armed) == "armed");
    CHECK(to_text(State::Tripping) == "tripping");
    CHECK(to_text(State::Tripped) == "tripped");
    CHECK(to_text(State::NotReady) == "not-ready");
    CHECK(to_text(Outcome::Success) == "SUCCESS");
    CHECK(to_text(Outcome::Partial) == "PARTIAL");
    CHECK_FALSE(version().empty());
}
