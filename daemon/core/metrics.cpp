#include "core/metrics.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "core/metric_families.hpp"

namespace ess {

namespace {

using Type = MetricFamilies::Type;

constexpr std::string_view up_help = "1 while essd runs, 0 when it has ended in order.";
constexpr std::string_view version_help = "The version of essd.";
constexpr std::string_view collected_help = "When these figures were taken: they are stale when it is old.";

void add_essd(MetricFamilies& to, const MetricsSnapshot& from) {
    to.begin("up", Type::Gauge, up_help);
    to.sample(1);
    to.begin("build_info", Type::Gauge, version_help);
    to.sample(1, {{"version", from.status.version}});
    to.begin("start_timestamp_seconds", Type::Gauge, "When essd was started.");
    to.time(from.started);
    to.begin("collected_timestamp_seconds", Type::Gauge, collected_help);
    to.time(from.collected);
    to.begin("watchdog_last_ping_timestamp_seconds", Type::Gauge,
             "When the loop that would do the stop last told systemd that it is alive.");
    if (from.watchdog_fed) to.time(*from.watchdog_fed);
}

void add_state(MetricFamilies& to, const Status& status) {
    to.begin("state", Type::Gauge, "1 for the state that the stop is in, 0 for the others.");
    for (const State state : {State::Armed, State::Starting, State::Tripping, State::Tripped, State::NotReady})
        to.sample(state == status.state ? 1 : 0, {{"state", to_text(state)}});
    to.begin("ready", Type::Gauge, "1 if no fault is an error, so that a stop would work.");
    to.sample(status.ready() ? 1 : 0);

    to.begin("faults", Type::Gauge, "How many faults there are.");
    for (const auto severity : {Fault::Severity::Error, Fault::Severity::Warning}) {
        const auto count =
            std::ranges::count_if(status.faults, [&](const Fault& fault) { return fault.severity == severity; });
        to.sample(static_cast<std::uint64_t>(count), {{"severity", to_text(severity)}});
    }
    to.begin("fault", Type::Gauge, "1 for each fault that is there now.");
    for (const Fault& fault : status.faults)
        to.sample(1, {{"code", fault.code}, {"severity", to_text(fault.severity)}});

    to.begin("latch_present", Type::Gauge, "1 while the latch is set.");
    to.sample(status.latch.present ? 1 : 0);
    to.begin("latch_persisted", Type::Gauge, "1 if the latch's copy is on the disk, so that it outlives a reboot.");
    to.sample(status.latch.persisted ? 1 : 0);
    to.begin("reset_pending", Type::Gauge, "1 while a reset waits for another person's approval.");
    to.sample(status.pending_reset ? 1 : 0);
    to.begin("config_info", Type::Gauge, "The hash of the trading configuration, the first 16 hexadecimal digits.");
    if (!status.config_hash.empty()) to.sample(1, {{"hash", status.config_hash}});
}

void add_outcomes(MetricFamilies& to, std::string_view action, const OutcomeCount& count) {
    to.sample(count.success, {{"action", action}, {"outcome", "success"}});
    to.sample(count.partial, {{"action", action}, {"outcome", "partial"}});
}

void add_stop_times(MetricFamilies& to, const StopTimes& stops) {
    to.begin("stop_duration_seconds", Type::Histogram,
             "From the latch seen to the last process gone, since essd started.");
    std::uint64_t within = 0;
    for (std::size_t i = 0; i < stops.counts.size(); ++i) {
        within += stops.counts.at(i);
        to.histogram_line("_bucket", std::to_string(within), {{"le", to_seconds_text(StopTimes::bounds.at(i))}});
    }
    to.histogram_line("_bucket", std::to_string(stops.count), {{"le", "+Inf"}});
    to.histogram_line("_sum", to_seconds_text(stops.sum));
    to.histogram_line("_count", std::to_string(stops.count));
}

void add_actions(MetricFamilies& to, const MetricsSnapshot& from) {
    const Counters& counters = from.counters;
    to.begin("actions_total", Type::Counter, "Trips, resets and controlled starts since essd started.");
    add_outcomes(to, "trip", counters.trips);
    add_outcomes(to, "reset", counters.resets);
    add_outcomes(to, "start", counters.starts);
    to.begin("trip_completions_total", Type::Counter, "Partial trips that became complete later, since essd started.");
    to.sample(counters.completions);
    to.begin("refusals_total", Type::Counter, "Requests that were refused, since essd started.");
    to.sample(counters.refusals);

    const bool tripped = from.status.state == State::Tripped;
    to.begin("trip_partial", Type::Gauge, "1 while a trip is in force that could not be verified as a whole.");
    to.sample(tripped && from.status.trip.outcome == Outcome::Partial ? 1 : 0);
    to.begin("stop_budget_seconds", Type::Gauge, "How long a stop may take.");
    to.seconds(from.budget);
    add_stop_times(to, counters.stops);
}

/// One gauge with a value for each unit.
template <class Value>
void add_unit_gauge(MetricFamilies& to, const Status& status, std::string_view name, std::string_view help,
                    Value value) {
    to.begin(name, Type::Gauge, help);
    for (const UnitTimeline& unit : status.trip.units)
        to.sample(value(unit) ? 1 : 0, {{"unit", unit.name}});
}

void add_unit_counter(MetricFamilies& to, const Status& status, const std::map<std::string, std::uint64_t>& counts,
                      std::string_view name, std::string_view help) {
    to.begin(name, Type::Counter, help);
    for (const UnitTimeline& unit : status.trip.units) {
        const auto counted = counts.find(unit.name);
        to.sample(counted != counts.end() ? counted->second : 0, {{"unit", unit.name}});
    }
}

/// This essd's own word, or else what is on record.
std::optional<Micros> last_stop(const UnitTimeline& unit, const std::optional<LedgerFigures>& ledger) {
    if (unit.emptied || !ledger) return unit.emptied;
    const auto recorded = ledger->unit_stops.find(unit.name);
    return recorded != ledger->unit_stops.end() ? std::optional(recorded->second) : std::nullopt;
}

void add_units(MetricFamilies& to, const MetricsSnapshot& from) {
    const Status& status = from.status;
    const auto state_of = [&](const UnitTimeline& unit) {
        const auto known = status.unit_states.find(unit.name);
        return known != status.unit_states.end() ? known->second : UnitState{};
    };
    to.begin("unit_state", Type::Gauge, "1 for the unit's ActiveState, by systemd's word.");
    for (const UnitTimeline& unit : status.trip.units) {
        const std::string active = state_of(unit).active;
        if (!active.empty()) to.sample(1, {{"unit", unit.name}, {"state", active}});
    }
    add_unit_gauge(to, status, "unit_running", "1 while the unit has a process, by the kernel's word.",
                   [](const UnitTimeline& unit) { return !unit.empty; });
    add_unit_gauge(to, status, "unit_masked", "1 while nothing can start the unit, by systemd's word.",
                   [&](const UnitTimeline& unit) { return state_of(unit).load == "masked"; });
    add_unit_gauge(to, status, "unit_guarded", "1 if the unit cannot start while a latch is set.",
                   [&](const UnitTimeline& unit) { return status.guarded.contains(unit.name); });
    add_unit_counter(to, status, from.counters.kills, "unit_kills_total",
                     "How often the kernel was told to kill the unit, since essd started.");
    add_unit_counter(to, status, from.counters.came_back, "unit_came_back_total",
                     "How often the unit had a process again while tripped, since essd started.");
    to.begin("kill_failures_total", Type::Counter, "Kills that the kernel refused, since essd started.");
    to.sample(from.counters.kill_failures);

    to.begin("unit_last_stop_seconds", Type::Gauge, "From the latch seen to the unit empty, when it was last stopped.");
    for (const UnitTimeline& unit : status.trip.units) {
        if (const auto time = last_stop(unit, from.ledger)) to.seconds(*time, {{"unit", unit.name}});
    }
}

void add_ledger(MetricFamilies& to, const MetricsSnapshot& from) {
    if (!from.ledger) return;
    const LedgerFigures& ledger = *from.ledger;
    to.begin("ledger_degraded", Type::Gauge, "1 if the ledger cannot be written, or entries wait for that.");
    to.sample(from.status.ledger_writable && ledger.waiting == 0 ? 0 : 1);
    to.begin("ledger_waiting_entries", Type::Gauge, "Entries that could not be written yet.");
    to.sample(ledger.waiting);
    to.begin("ledger_append_errors_total", Type::Counter,
             "Attempts to write the ledger that failed, since essd started.");
    to.sample(ledger.failures);
    // Without an opening line it has not been opened: no number is known, and a zero would look as if it had shrunk.
    if (from.status.ledger_entries == 0) return;
    to.begin("ledger_entries", Type::Gauge, "Entries of the ledger. It never has fewer than before.");
    to.sample(from.status.ledger_entries);
    to.begin("ledger_kind_entries", Type::Gauge, "Entries of the ledger by what they record.");
    for (const auto& [kind, count] : ledger.entries)
        to.sample(count, {{"kind", kind}});
    to.begin("ledger_kind_timestamp_seconds", Type::Gauge, "When the newest entry of a kind was recorded.");
    for (const auto& [kind, time] : ledger.newest)
        to.time(time, {{"kind", kind}});
    to.begin("ledger_last_append_timestamp_seconds", Type::Gauge, "When the newest entry was recorded.");
    if (ledger.last_append) to.time(*ledger.last_append);
    to.begin(
        "last_stop_seconds", Type::Gauge,
        "From the latch seen to the last process gone, in the newest trip on record whose processes are all gone.");
    if (ledger.last_stop) to.seconds(*ledger.last_stop);
    to.begin("ledger_unsigned_off_entries", Type::Gauge,
             "Breaches of the ledger, and changes of the configuration outside of the maintenance windows, that wait "
             "to be signed off.");
    to.sample(ledger.breaches, {{"kind", "breach"}});
    to.sample(ledger.unexpected_change ? 1 : 0, {{"kind", "configuration"}});
}

void add_drill(MetricFamilies& to, const MetricsSnapshot& from) {
    to.begin("drill_max_age_seconds", Type::Gauge, "How old the last drill may be.");
    to.seconds(from.drill_max_age);
    const auto& drill = from.status.last_drill;
    if (!drill) return;
    to.begin("last_drill_timestamp_seconds", Type::Gauge, "When the last drill ended.");
    to.time(drill->at);
    to.begin("last_drill_success", Type::Gauge, "1 if no round of the last drill failed.");
    to.sample(drill->outcome == to_text(Outcome::Success) ? 1 : 0);
    to.begin("last_drill_rounds", Type::Gauge, "The rounds of the last drill.");
    to.sample(drill->rounds);
    to.begin("last_drill_max_seconds", Type::Gauge,
             "The slowest round of the last drill, from the latch made to the canary gone.");
    if (drill->max) to.seconds(*drill->max);
}

void add_fleet(MetricFamilies& to, const MetricsSnapshot& from) {
    const auto& fleet = from.status.fleet;
    if (!fleet) return;
    to.begin("fleet_connected", Type::Gauge, "1 while an order of the fleet would reach this host.");
    to.sample(fleet->connected ? 1 : 0, {{"fleet", fleet->name}});
    to.begin("fleet_last_contact_timestamp_seconds", Type::Gauge, "When the fleet's etcd last answered.");
    if (fleet->last_contact) to.time(*fleet->last_contact, {{"fleet", fleet->name}});
}

}  // namespace

void StopTimes::add(Micros time) {
    const auto* const bound = std::ranges::lower_bound(bounds, time);
    if (bound != bounds.end()) ++counts.at(static_cast<std::size_t>(std::distance(bounds.begin(), bound)));
    ++count;
    sum += time;
}

void LedgerFigures::count(LedgerKind kind, const Json& ess, WallTime recorded) {
    const std::string word(to_text(kind));
    ++entries[word];
    newest[word] = recorded;
    last_append = recorded;
    if (kind != LedgerKind::Trip || !ess.is_object()) return;
    const auto micros_at = [](const Json& from, const char* key) -> std::optional<Micros> {
        const Json value = from.is_object() ? from.value(key, Json()) : Json();
        return value.is_number_integer() ? std::optional(Micros(value.get<Micros::rep>())) : std::nullopt;
    };
    if (const auto stop = micros_at(ess, "stop_us")) last_stop = stop;
    for (const Json& unit : ess.value("units", Json::array())) {
        if (const auto time = micros_at(unit, "empty_us")) unit_stops[text_at(unit, "name")] = *time;
    }
}

/// A trip is reported once, and once more when a Partial one is complete.
void Counters::count_trip(const TripReport& report) {
    if (report.completion) {
        ++completions;
    } else {
        trips.count(report.outcome);
    }
    if (report.stop_time && (!report.completion || stop_open)) stops.add(*report.stop_time);
    stop_open = !report.stop_time;
}

std::string metrics_text(const MetricsSnapshot& snapshot) {
    MetricFamilies to;
    add_essd(to, snapshot);
    add_state(to, snapshot.status);
    add_actions(to, snapshot);
    add_units(to, snapshot);
    add_drill(to, snapshot);
    add_ledger(to, snapshot);
    add_fleet(to, snapshot);
    return to.take();
}

std::string metrics_text_when_down(WallTime ended) {
    MetricFamilies to;
    to.begin("up", Type::Gauge, up_help);
    to.sample(0);
    to.begin("build_info", Type::Gauge, version_help);
    to.sample(1, {{"version", version()}});
    to.begin("collected_timestamp_seconds", Type::Gauge, collected_help);
    to.time(ended);
    return to.take();
}

}  // namespace ess
