#include "core/entries.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "core/status.hpp"

namespace ess {

namespace {

constexpr const char* standing_approval = "SELF";

/// "quantum-governor" for "quantum-governor.service": services are written without their suffix in the changelog.
std::string short_name(const std::string& unit) {
    constexpr std::string_view suffix = ".service";
    return unit.ends_with(suffix) ? unit.substr(0, unit.size() - suffix.size()) : unit;
}

Json common(const EntryStamp& stamp, WallTime now) {
    Json services = Json::array();
    for (const std::string& unit : stamp.allowed_services)
        services.push_back(short_name(unit));
    Json entry{{"approval_timestamp", to_rfc3339(now)},  {"execution_timestamp", to_rfc3339(now)},
               {"approved_by", standing_approval},       {"hostname", stamp.hostname},
               {"risk_class", "SERVICE_RESTART"},        {"config_hash", stamp.config_hash},
               {"allowed_services", std::move(services)}};
    entry["config_files"] = stamp.config_files;
    entry["git_commit"] = stamp.git_commit.empty() ? "unknown" : stamp.git_commit;
    entry["git_branch"] = stamp.git_branch.empty() ? "unknown" : stamp.git_branch;
    return entry;
}

Json micros(const std::optional<Micros>& span) {
    return span ? Json(span->count()) : Json(nullptr);
}

/// Whether nobody knows what ran when the latch was set: essd came later, and the copy does not tell.
bool came_late(const TripReport& report, const LatchCopy& latch) {
    return report.resumed && latch.running.empty();
}

/// How a unit ended, in the words of services_status.
std::string ending(const UnitTimeline& unit, bool resumed, bool late) {
    if (!unit.empty) return "still running";
    std::string text = unit.was_running ? "stopped" : "was not running";
    if (!unit.was_running && late) text += " when essd came up";
    if (unit.was_running && unit.emptied) text += " in " + to_ms_text(*unit.emptied) + " ms";
    if (unit.was_running && !unit.emptied && resumed && unit.came_back == 0) text += " before essd came up";
    text += unit.killed ? ", killed by the kernel" : "";
    return text + (unit.masked ? ", masked" : ", not masked");
}

std::string summary_of(const TripReport& report, bool late) {
    std::size_t running = 0;
    for (const UnitTimeline& unit : report.units)
        running += unit.was_running ? 1 : 0;
    std::string text = "Stopped and masked the allowed units: " + std::to_string(running) + " of " +
                       std::to_string(report.units.size()) + " were running" + (late ? " when essd came up" : "");
    if (!report.stop_time) return text;
    if (report.resumed && *report.stop_time == Micros(0)) return text + "; no process was left when essd came up";
    text += "; the last process was gone after " + to_ms_text(*report.stop_time) + " ms";
    return text + (report.resumed ? ", counted from when essd came up" : "");
}

std::string notes_of(const TripReport& report, const LatchCopy& latch) {
    std::string text = "Reason: " + (latch.reason.empty() ? "none given" : latch.reason) + ".";
    if (!latch.fleet_id.empty()) text += " The fleet's order " + latch.fleet_id + ".";
    if (report.resumed) text += " essd came up with the latch set.";
    if (report.completion) text += " This completes a trip that was recorded as PARTIAL before.";
    if (!report.pulled_down.empty()) text += " systemd stopped along: " + join(report.pulled_down, ", ") + ".";
    if (!report.problems.empty()) text += " Not verified: " + join(report.problems, "; ") + ".";
    return text;
}

}  // namespace

void add_running(TripReport& report, const LatchCopy& latch) {
    for (UnitTimeline& unit : report.units) {
        if (std::ranges::find(latch.running, unit.name) != latch.running.end()) unit.was_running = true;
    }
}

Json trip_entry(const TripReport& report, const LatchCopy& latch, const EntryStamp& stamp, WallTime now) {
    Json entry = common(stamp, now);
    entry["operation_name"] = report.completion ? "Emergency stop completed" : "Emergency stop";
    entry["requested_by"] = latch.requested_by.empty() ? "unknown" : latch.requested_by;
    // A stop has standing approval: it is approved by being demanded.
    entry["approval_timestamp"] = to_rfc3339(latch.since);
    entry["execution_timestamp"] = to_rfc3339(latch.since);
    entry["blast_radius"] = "All allowed trading units are down until a reset. Monitoring stays up.";
    entry["changes_summary"] = summary_of(report, came_late(report, latch));
    entry["objective"] = "OS-level emergency stop within " + to_text(report.budget);
    entry["rollback_ref"] = "essctl reset --reason TEXT";
    entry["outcome"] = to_text(report.outcome);
    Json status = Json::object();
    for (const UnitTimeline& unit : report.units)
        status[short_name(unit.name)] = ending(unit, report.resumed, came_late(report, latch));
    entry["services_status"] = std::move(status);
    entry["notes"] = notes_of(report, latch);
    return entry;
}

Json trip_timeline(const TripReport& report, const LatchCopy& latch) {
    Json units = Json::array();
    for (const UnitTimeline& unit : report.units) {
        units.push_back({{"name", unit.name},
                         {"category", static_cast<int>(unit.category)},
                         {"was_running", unit.was_running},
                         {"empty", unit.empty},
                         {"stop_requested_us", micros(unit.stop_requested)},
                         {"killed_us", micros(unit.killed)},
                         {"empty_us", micros(unit.emptied)},
                         {"job_done_us", micros(unit.job_done)},
                         {"masked_us", micros(unit.masked)},
                         {"came_back", unit.came_back},
                         {"trouble", unit.trouble}});
    }
    Json timeline{{"trigger", latch.trigger},
                  {"reason", latch.reason},
                  {"latch_seen", to_rfc3339(latch.since)},
                  {"budget_us", report.budget.count()},
                  {"stop_us", micros(report.stop_time)},
                  {"resumed", report.resumed},
                  {"completion", report.completion},
                  {"problems", report.problems},
                  {"pulled_down", report.pulled_down},
                  {"units", std::move(units)}};
    if (!latch.fleet_id.empty()) timeline["fleet_id"] = latch.fleet_id;
    return timeline;
}

Json reset_entry(const ResetRequest& request, const std::string& trip_id, const std::vector<std::string>& problems,
                 const UnitStates& states, const EntryStamp& stamp, WallTime now) {
    Json entry = common(stamp, now);
    entry["operation_name"] = "Emergency stop reset";
    entry["requested_by"] = request.requested_by;
    if (!request.approved_by.empty()) entry["approved_by"] = request.approved_by;
    entry["blast_radius"] = "The allowed trading units may be started again. Nothing was started.";
    entry["changes_summary"] = "Released the latch and unmasked the allowed units.";
    entry["objective"] = "Release the emergency stop; a reset starts nothing";
    entry["rollback_ref"] = "essctl trip --reason TEXT";
    if (!trip_id.empty()) entry["rollback_of"] = trip_id;
    entry["outcome"] = to_text(problems.empty() ? Outcome::Success : Outcome::Partial);
    Json status = Json::object();
    for (const auto& [name, state] : states)
        status[short_name(name)] = state.active;
    entry["services_status"] = std::move(status);
    std::string notes = "Reason: " + request.reason + ".";
    if (!request.request_id.empty()) notes += " Asked for with " + request.request_id + ".";
    if (!problems.empty()) notes += " Not verified: " + join(problems, "; ") + ".";
    entry["notes"] = notes;
    return entry;
}

Json event_entry(const EventText& event, const std::string& requested_by, const EntryStamp& stamp, WallTime now) {
    Json entry = common(stamp, now);
    entry["operation_name"] = event.name;
    entry["requested_by"] = requested_by;
    entry["approved_by"] = event.approved_by;
    entry["risk_class"] = event.risk_class;
    entry["blast_radius"] = event.blast_radius;
    entry["changes_summary"] = event.summary;
    entry["objective"] = event.objective;
    entry["outcome"] = to_text(event.outcome);
    entry["notes"] = "Recorded by essd.";
    return entry;
}

}  // namespace ess
