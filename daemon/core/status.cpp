#include "core/status.hpp"

#include <algorithm>

namespace ess {

namespace {

Json or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json to_json(const Fault& fault) {
    return {{"code", fault.code}, {"severity", to_text(fault.severity)}, {"text", fault.text}};
}

Json to_json(const LatchInfo& latch) {
    return {{"present", latch.present},
            {"persisted", latch.persisted},
            {"since", latch.since ? Json(to_rfc3339(*latch.since)) : Json(nullptr)},
            {"reason", or_null(latch.reason)},
            {"requested_by", or_null(latch.requested_by)}};
}

Json unit_json(const Status& status, const UnitTimeline& unit) {
    const auto known = status.unit_states.find(unit.name);
    const UnitState state = known != status.unit_states.end() ? known->second : UnitState{};
    const auto related = status.relations.find(unit.name);
    const UnitRelations relations = related != status.relations.end() ? related->second : UnitRelations{};
    return {{"name", unit.name},
            {"active_state", state.active},
            {"sub_state", state.sub},
            {"load_state", state.load},
            {"masked", state.load == "masked"},
            {"guarded", status.guarded.contains(unit.name)},
            {"empty", unit.empty},
            {"category", static_cast<int>(unit.category)},
            {"triggered_by", relations.triggered_by},
            {"pulls_down", relations.pulls_down},
            {"stop_us", unit.emptied ? Json(unit.emptied->count()) : Json(nullptr)}};
}

Json to_json(const std::optional<OperationSummary>& operation) {
    if (!operation) return nullptr;
    Json json{{"operation_id", operation->operation_id}, {"outcome", operation->outcome}, {"stop_ms", nullptr}};
    if (operation->stop_time) json["stop_ms"] = static_cast<double>(operation->stop_time->count()) / 1000.0;
    return json;
}

Json to_json(const std::optional<PendingResetInfo>& pending) {
    if (!pending) return nullptr;
    return {{"operation_id", pending->operation_id},
            {"requested_by", pending->requested_by},
            {"reason", pending->reason},
            {"expires", to_rfc3339(pending->expires)}};
}

Json to_json(const std::optional<DrillSummary>& drill) {
    if (!drill) return nullptr;
    Json json{
        {"at", to_rfc3339(drill->at)}, {"rounds", drill->rounds}, {"max_ms", nullptr}, {"outcome", drill->outcome}};
    if (drill->max) json["max_ms"] = static_cast<double>(drill->max->count()) / 1000.0;
    return json;
}

Json to_json(const std::optional<FleetInfo>& fleet) {
    if (!fleet) return nullptr;
    return {{"name", fleet->name},
            {"host", fleet->host},
            {"connected", fleet->connected},
            {"trouble", fleet->trouble},
            {"last_contact", fleet->last_contact ? Json(to_rfc3339(*fleet->last_contact)) : Json(nullptr)},
            {"order_id", or_null(fleet->order_id)}};
}

}  // namespace

std::string to_text(State state) {
    switch (state) {
        case State::Armed:
            return "armed";
        case State::Starting:
            return "starting";
        case State::Tripping:
            return "tripping";
        case State::Tripped:
            return "tripped";
        case State::NotReady:
            break;
    }
    return "not-ready";
}

std::string to_text(Outcome outcome) {
    return outcome == Outcome::Success ? "SUCCESS" : "PARTIAL";
}

std::string to_text(Fault::Severity severity) {
    return severity == Fault::Severity::Error ? "error" : "warning";
}

bool Status::ready() const {
    return std::ranges::none_of(faults, [](const Fault& f) { return f.severity == Fault::Severity::Error; });
}

std::string to_json_text(const Status& status) {
    // Unit by unit, then the rest behind.
    std::string text = R"({"units":[)";
    for (const UnitTimeline& unit : status.trip.units) {
        if (text.back() != '[') text += ',';
        text += to_text(unit_json(status, unit));
    }
    Json faults = Json::array();
    for (const Fault& fault : status.faults)
        faults.push_back(to_json(fault));
    const Json rest{
        {"state", to_text(status.state)},
        {"ready", status.ready()},
        {"faults", std::move(faults)},
        {"latch", to_json(status.latch)},
        {"last_operation", to_json(status.last_operation)},
        {"pending_reset", to_json(status.pending_reset)},
        {"config_hash", status.config_hash},
        {"ledger",
         {{"entries", status.ledger_entries}, {"head", status.ledger_head}, {"writable", status.ledger_writable}}},
        {"last_drill", to_json(status.last_drill)},
        {"fleet", to_json(status.fleet)},
        {"kill_method", status.kill_method},
        {"version", status.version}};
    return text + "]," + to_text(rest).substr(1);
}

std::string version() {
    return ESS_VERSION;
}

}  // namespace ess
