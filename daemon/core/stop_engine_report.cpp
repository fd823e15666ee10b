// What the engine says of a trip.

#include <algorithm>
#include <utility>

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
        std::string problem;
        if (unit.populated) {
            problem = name + " still has a process";
        } else if (unit.asked && !unit.stopped) {
            problem = "systemd has not finished stopping " + name;
        } else if (bus_up_ && !unit.masked) {
            problem = name + " is not masked";
        }
        if (problem.empty()) continue;
        if (!unit.times.trouble.empty()) problem.append(" (").append(unit.times.trouble).append(")");
        problems.push_back(std::move(problem));
    }
    return problems;
}

}  // namespace ess
