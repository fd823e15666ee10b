// A drill as the ledger, the socket and people have it.

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/drill.hpp"

namespace ess {

namespace {

struct Phase {
    const char* name;
    std::optional<Micros> DrillRound::*time;
};
constexpr Phase phases[] = {
    {"seen", &DrillRound::seen},     {"stop_requested", &DrillRound::stop_requested},
    {"killed", &DrillRound::killed}, {"last_beat", &DrillRound::last_beat},
    {"empty", &DrillRound::empty},   {"job_done", &DrillRound::job_done},
    {"masked", &DrillRound::masked},
};

using Times = std::function<std::optional<Micros>(const DrillRound&)>;
/// A name and the spread that belongs to it, in whichever form.
using Form = std::function<Json(const std::string& name, const Spread& spread)>;

void add_spread(Json& list, const DrillReport& report, const std::string& name, const Times& time, const Form& form) {
    std::vector<Micros> times;
    for (const DrillRound& round : report.rounds) {
        if (const auto known = time(round)) times.push_back(*known);
    }
    if (const auto spread = spread_of(std::move(times))) list.push_back(form(name, *spread));
}

Json phase_list(const DrillReport& report, const Form& form) {
    Json list = Json::array();
    for (const Phase& phase : phases)
        add_spread(
            list, report, phase.name, [&](const DrillRound& round) { return round.*phase.time; }, form);
    return list;
}

Json category_list(const DrillReport& report, const Form& form) {
    Json list = Json::array();
    for (const StopCategory category : {StopCategory::Immediate, StopCategory::Controlled}) {
        const auto time = [category](const DrillRound& round) {
            return round.category == category ? round.empty : std::nullopt;
        };
        add_spread(list, report, std::to_string(static_cast<int>(category)), time, form);
    }
    return list;
}

Json failure_list(const DrillReport& report) {
    Json list = Json::array();
    for (const DrillRound& round : report.rounds) {
        if (round.failed.empty()) continue;
        list.push_back({{"round", round.number},
                        {"category", static_cast<int>(round.category)},
                        {"phase", round.failed},
                        {"why", round.why}});
    }
    return list;
}

double ms(Micros time) {
    return static_cast<double>(time.count()) / 1000.0;
}

Json ms(const std::optional<Micros>& time) {
    return time ? Json(ms(*time)) : Json(nullptr);
}

Json spread_in_us(const std::string& name, const Spread& spread) {
    return {{"name", name},
            {"rounds", spread.count},
            {"p50_us", spread.p50.count()},
            {"p95_us", spread.p95.count()},
            {"p99_us", spread.p99.count()},
            {"max_us", spread.max.count()}};
}

Json spread_in_ms(const std::string& name, const Spread& spread) {
    return {{"name", name},
            {"rounds", spread.count},
            {"p50_ms", ms(spread.p50)},
            {"p95_ms", ms(spread.p95)},
            {"p99_ms", ms(spread.p99)},
            {"max_ms", ms(spread.max)}};
}

Json details_of(const DrillReport& report) {
    const auto stop = report.stop();
    const double bound = failure_bound_95(report.rounds.size(), report.failures());
    constexpr double million = 1e6;
    return {{"at", to_rfc3339(report.at)},
            {"asked", report.asked},
            {"rounds", report.rounds.size()},
            {"failures", report.failures()},
            {"failure_bound_95_ppm", static_cast<std::int64_t>(std::ceil(bound * million))},
            {"budget_us", report.budget.count()},
            {"stop", stop ? spread_in_us("stop", *stop) : Json(nullptr)},
            {"categories", category_list(report, spread_in_us)},
            {"phases", phase_list(report, spread_in_us)},
            {"failed", failure_list(report)},
            {"tripped", report.tripped},
            {"ended", report.ended}};
}

std::string count_text(std::size_t count, const std::string& noun) {
    return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string summary_of(const DrillReport& report) {
    std::string text = count_text(report.rounds.size(), "round") + " on the canary, " +
                       (report.failures() == 0 ? "no failure" : count_text(report.failures(), "failure"));
    if (const auto stop = report.stop()) {
        text += "; from the latch to no process left: median " + to_ms_text(stop->p50) + " ms, slowest " +
                to_ms_text(stop->max) + " ms";
    }
    text += ".";
    for (const DrillRound& round : report.rounds) {
        if (round.failed.empty()) continue;
        text += " Round " + std::to_string(round.number) + " failed at '" + round.failed + "': " + round.why + ".";
    }
    if (!report.ended.empty()) text += " Ended before all rounds were done: " + report.ended + ".";
    return text;
}

}  // namespace

EventText drill_event(const DrillReport& report) {
    EventText event;
    event.name = report.tripped ? "Drill of the emergency stop, cut short by a trip" : "Drill of the emergency stop";
    event.summary = summary_of(report);
    event.objective = "Exercise the emergency stop, and know how long it takes";
    event.blast_radius = "None: only the canary was stopped. The drill made no Reload.";
    event.outcome = report.outcome();
    event.risk_class = "READ_ONLY";
    event.ess = details_of(report);
    return event;
}

Json drill_result(const DrillReport& report, const std::string& operation_id) {
    const auto stop = report.stop();
    const auto of_stop = [&](Micros Spread::*field) { return stop ? Json(ms((*stop).*field)) : Json(nullptr); };
    return {{"outcome", to_text(report.outcome())},
            {"asked", report.asked},
            {"rounds", report.rounds.size()},
            {"failures", report.failures()},
            {"p50_ms", of_stop(&Spread::p50)},
            {"p95_ms", of_stop(&Spread::p95)},
            {"p99_ms", of_stop(&Spread::p99)},
            {"max_ms", of_stop(&Spread::max)},
            {"failure_bound_95", failure_bound_95(report.rounds.size(), report.failures())},
            {"budget_ms", ms(report.budget)},
            {"categories", category_list(report, spread_in_ms)},
            {"phases", phase_list(report, spread_in_ms)},
            {"failed", failure_list(report)},
            {"ended", report.ended},
            {"operation_id", operation_id}};
}

Json to_json(const DrillRound& round) {
    return {{"round", round.number},
            {"category", static_cast<int>(round.category)},
            {"stop_ms", ms(round.empty)},
            {"phase", round.failed},
            {"why", round.why}};
}

std::optional<DrillSummary> drill_recorded(const Json& ess, const std::string& outcome) {
    if (!ess.is_object()) return std::nullopt;
    const auto at = from_rfc3339(text_at(ess, "at"));
    const Json rounds = ess.value("rounds", Json());
    const bool showed_nothing = ess.value("tripped", Json()) == true && ess.value("failures", Json()) == 0;
    if (!at || !rounds.is_number_unsigned() || showed_nothing) return std::nullopt;
    DrillSummary summary{*at, rounds.get<std::uint64_t>(), {}, outcome};
    const Json stop = ess.value("stop", Json());
    const Json max = stop.is_object() ? stop.value("max_us", Json()) : Json();
    if (max.is_number_integer()) summary.max = Micros(max.get<Micros::rep>());
    return summary;
}

}  // namespace ess
