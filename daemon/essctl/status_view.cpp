#include "essctl/status_view.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "essctl/daemon_client.hpp"

namespace ess::essctl {

namespace {

/// Of a unit's name.
constexpr std::size_t text_limit = 600;

Json list_at(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_array() ? *found : Json::array();
}

std::optional<Json> object_at(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_object() ? std::optional(*found) : std::nullopt;
}

std::optional<Micros> micros_at(const Json& object, const char* name, double micros_in_one) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_number()) return std::nullopt;
    return Micros(static_cast<Micros::rep>(found->get<double>() * micros_in_one));
}

/// A moment of the daemon's without its fraction: "2026-01-28T01:41:58Z".
std::string moment_at(const Json& object, const char* name) {
    std::string text = line_at(object, name);
    const std::size_t point = text.find('.');
    if (point != std::string::npos && text.ends_with('Z')) text = text.substr(0, point) + "Z";
    return text;
}

UnitView unit_of(const Json& json) {
    UnitView unit;
    unit.name = line_at(json, "name");
    unit.active = line_at(json, "active_state");
    unit.sub = line_at(json, "sub_state");
    unit.load = line_at(json, "load_state");
    unit.masked = flag_at(json, "masked");
    unit.guarded = flag_at(json, "guarded");
    unit.empty = flag_at(json, "empty");
    const auto category = json.find("category");
    unit.immediate = category != json.end() && *category == 0;
    unit.stop = micros_at(json, "stop_us", 1);
    for (const Json& trigger : list_at(json, "triggered_by")) {
        if (trigger.is_string()) unit.triggered_by.push_back(clean_line(trigger.get<std::string>(), text_limit));
    }
    return unit;
}

FaultView fault_of(const Json& json) {
    return {line_at(json, "code"), line_at(json, "text"), text_at(json, "severity") != "warning"};
}

std::string number_text_at(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_number() ? found->dump() : "?";
}

void add_record(StatusView& view, const Json& status) {
    if (const auto latch = object_at(status, "latch"); latch && flag_at(*latch, "present")) {
        view.latch = LatchView{moment_at(*latch, "since"), line_at(*latch, "reason"), line_at(*latch, "requested_by"),
                               flag_at(*latch, "persisted")};
    }
    if (const auto last = object_at(status, "last_operation")) {
        view.last_operation =
            OperationView{line_at(*last, "operation_id"), line_at(*last, "outcome"), micros_at(*last, "stop_ms", 1000)};
    }
    if (const auto pending = object_at(status, "pending_reset")) {
        view.pending_reset = PendingResetView{line_at(*pending, "operation_id"), line_at(*pending, "requested_by"),
                                              moment_at(*pending, "expires")};
    }
    if (const auto drill = object_at(status, "last_drill")) {
        view.last_drill = DrillView{moment_at(*drill, "at"), text_at(*drill, "outcome") == "SUCCESS",
                                    number_text_at(*drill, "rounds"), micros_at(*drill, "max_ms", 1000)};
    }
    if (const auto fleet = object_at(status, "fleet")) {
        view.fleet = FleetView{line_at(*fleet, "name"), line_at(*fleet, "host"), flag_at(*fleet, "connected"),
                               line_at(*fleet, "trouble"), line_at(*fleet, "order_id")};
    }
    const Json ledger = object_at(status, "ledger").value_or(Json::object());
    view.ledger_entries = number_text_at(ledger, "entries");
    view.ledger_writable = flag_at(ledger, "writable");
    view.config_hash = line_at(status, "config_hash");
}

}  // namespace

std::size_t StatusView::alive() const {
    return static_cast<std::size_t>(std::ranges::count_if(units, [](const UnitView& unit) { return !unit.empty; }));
}

std::size_t StatusView::unmasked() const {
    return static_cast<std::size_t>(std::ranges::count_if(units, [](const UnitView& unit) { return !unit.masked; }));
}

std::optional<Micros> StatusView::stop() const {
    std::optional<Micros> last;
    for (const UnitView& unit : units)
        last = std::max(last, unit.stop);
    return last;
}

StatusView view_of(const Json& status) {
    StatusView view;
    if (!status.is_object()) return view;
    view.state = line_at(status, "state");
    view.ready = flag_at(status, "ready");
    for (const Json& fault : list_at(status, "faults"))
        view.faults.push_back(fault_of(fault));
    // What stands in the way of a stop before what does not.
    std::stable_partition(view.faults.begin(), view.faults.end(), [](const FaultView& fault) { return fault.error; });
    for (const Json& unit : list_at(status, "units"))
        view.units.push_back(unit_of(unit));
    add_record(view, status);
    return view;
}

std::string count_of(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace ess::essctl
