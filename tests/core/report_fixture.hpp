#pragma once

#include <string>

#include "core/entries.hpp"
#include "core/report.hpp"

namespace ess::test {

/// A trip of so many units: every third one had to be killed, every eleventh was not running.
[[nodiscard]] inline TripReport made_trip(std::size_t units) {
    using namespace std::chrono_literals;
    TripReport trip;
    trip.budget = 2s;
    Micros last{0};
    for (std::size_t i = 0; i < units; ++i) {
        const auto step = static_cast<Micros::rep>(i);
        UnitTimeline unit;
        unit.name = "quantum-strategy@" + std::to_string(i) + ".service";
        unit.category = i == 3 ? StopCategory::Immediate : StopCategory::Controlled;
        unit.was_running = i % 11 != 10;
        unit.stop_requested = Micros(61 + step * 7);
        if (i % 3 == 2) unit.killed = Micros(1'000'043 + step);
        if (unit.was_running) unit.emptied = unit.killed ? *unit.killed + 301us : Micros(3017 + step * 131);
        unit.job_done = unit.emptied.value_or(1ms) + 977us;
        unit.masked = 1'402'345us + Micros(step);
        last = std::max(last, unit.emptied.value_or(0us));
        trip.units.push_back(unit);
    }
    trip.stop_time = last;
    return trip;
}

[[nodiscard]] inline LatchCopy made_latch(const std::string& reason = "runaway orders on desk 4") {
    return {*from_rfc3339("2026-01-28T01:41:58.058083Z"), reason, "binyamin", "essctl", "", {}};
}

/// The report of a trip, as if its line was the 41st.
[[nodiscard]] inline Report made_report(const TripReport& trip, const LatchCopy& latch = made_latch()) {
    const EntryStamp stamp{"host-1", "bfb734a7aa5cb0a8", {{"policy.yaml", std::string(64, 'b')}}, "681ff703", "main",
                           {}};
    Report report;
    Operation& operation = report.found.operation;
    operation.kind = LedgerKind::Trip;
    operation.entry = trip_entry(trip, latch, stamp, latch.since);
    operation.entry["operation_id"] = "OPS-2026-01-28-001";
    operation.ess = trip_timeline(trip, latch);
    operation.seq = 41;
    operation.hash = std::string(64, '9');
    operation.recorded = latch.since;
    report.found.line.kind = LedgerKind::Trip;
    report.found.line.prev = std::string(64, '8');
    report.found.origin = "host-1/quantum-ess/deadbeef";
    report.found.checkpoint = Checkpoint{report.found.origin, 40, {}};
    report.directory = "/var/lib/quantum-ess/ledger";
    report.segment = "2026-01.001.jsonl";
    add_timeline(report);
    return report;
}

}  // namespace ess::test
