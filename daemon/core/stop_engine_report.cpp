// What the engine says of a trip.

#include <algorithm>

#include "core/stop_engine.hpp"

namespace ess {

TripReport StopEngine::report() const {
    TripReport report;
    report.budget = budget_;
    report.resumed = resumed_;
    report.problems = problems();
    Micros last{0};
    bool all_empty = true;
    for (const auto& [name, unit] : units_) {
        report.units.push_back(unit.times);
        all_empty = all_empty && !unit.populated;
        last = std::max(last, unit.times.emptied.value_or(Micros(0)));
    }
    if (all_empty) report.stop_time = last;
    if (all_empty && last > budget_) report.problems.push_back("took longer than the budget of " + to_text(budget_));
    report.outcome = report.problems.empty() ? Outcome::Success : Outcome::Partial;
    report.completion = settled_;
    return report;
}

std::vector<std::string> StopEngine::problems() const {
    // What was refused on the way does not matter once the effect has been read back.
    if (all_down() && all_masked()) return {};
    std::vector<std::string> problems = bus_problems_;
    if (!bus_up_) problems.emplace_back("systemd cannot be reached over the bus");
    for (const auto& [name, unit] : units_) {
        const std::string why = unit.times.trouble.empty() ? "" : " (" + unit.times.trouble + ")";
        if (unit.populated) {
            problems.push_back(name + " still has a process" + why);
        } else if (unit.asked && !unit.stopped) {
            problems.push_back("systemd has not finished stopping " + name + why);
        } else if (bus_up_ && !unit.masked) {
            problems.push_back(name + " is not masked" + why);
        }
    }
    return problems;
}

}  // namespace ess
