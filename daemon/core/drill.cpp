#include "core/drill.hpp"

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "core/paths.hpp"

namespace ess {

namespace {

constexpr double confidence = 0.95;

std::optional<Micros> later(Micros by, const std::optional<Micros>& time) {
    return time ? std::optional(by + *time) : std::nullopt;
}

void fail(DrillRound& round, const char* phase, std::string why) {
    if (!round.failed.empty()) return;
    round.failed = phase;
    round.why = std::move(why);
}

/// The chance of at most `failures` in `rounds` when each fails with `chance`.
double chance_of_so_few(std::size_t rounds, std::size_t failures, double chance) {
    const auto n = static_cast<double>(rounds);
    double sum = 0;
    for (std::size_t i = 0; i <= failures; ++i) {
        const auto k = static_cast<double>(i);
        const double ways = std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1);
        sum += std::exp(ways + k * std::log(chance) + (n - k) * std::log1p(-chance));
    }
    return sum;
}

}  // namespace

Config drill_config(const Config& config, StopCategory category) {
    Config only;
    only.units = {UnitRule{paths::canary_unit, category, config.stop.grace}};
    only.stop = config.stop;
    return only;
}

StopCategory drill_category(std::uint32_t round) {
    return round % 2 == 1 ? StopCategory::Immediate : StopCategory::Controlled;
}

void judge(DrillRound& round, const RoundEvidence& evidence) {
    const TripReport& report = evidence.report;
    if (report.units.size() != 1) return fail(round, "stop", "the engine did not know the canary");
    const UnitTimeline& canary = report.units.front();
    round.seen = evidence.seen;
    round.stop_requested = later(evidence.seen, canary.stop_requested);
    round.killed = later(evidence.seen, canary.killed);
    round.empty = later(evidence.seen, canary.emptied);
    round.job_done = later(evidence.seen, canary.job_done);
    round.masked = later(evidence.seen, canary.masked);
    round.last_beat = evidence.last_beat;
    const std::string over = " ms, over the budget of " + to_text(evidence.budget);
    const std::string trouble = canary.trouble.empty() ? "" : " (" + canary.trouble + ")";
    if (evidence.seen > evidence.budget)
        fail(round, "seen", "the latch was seen after " + to_ms_text(evidence.seen) + over);
    if (!canary.was_running) fail(round, "start", "the kernel's notice that the canary runs was missed");
    if (!canary.empty || !round.empty) fail(round, "empty", "the canary still has a process" + trouble);
    if (round.empty && *round.empty > evidence.budget) {
        fail(round, "empty", "the canary was gone after " + to_ms_text(*round.empty) + over);
    }
    if (!round.last_beat) fail(round, "beat", "the canary's last beat cannot be read");
    if (round.last_beat && round.empty && *round.last_beat > *round.empty) {
        fail(round, "beat", "the canary still beat when its cgroup was called empty");
    }
    if (canary.came_back > 0) fail(round, "empty", "the canary had a process again");
    if (!round.job_done) fail(round, "job", "systemd has not finished stopping the canary" + trouble);
    if (!round.masked) fail(round, "masked", "the canary is not masked: " + join(report.problems, "; "));
    if (report.outcome != Outcome::Success) fail(round, "stop", join(report.problems, "; "));
}

std::optional<Spread> spread_of(std::vector<Micros> times) {
    if (times.empty()) return std::nullopt;
    std::ranges::sort(times);
    const auto rank = [&](std::size_t percent) { return times[(times.size() * percent + 99) / 100 - 1]; };
    return Spread{times.size(), rank(50), rank(95), rank(99), times.back()};
}

double failure_bound_95(std::size_t rounds, std::size_t failures) {
    if (rounds == 0 || failures >= rounds) return 1;
    if (failures == 0) return std::min(1.0, 3.0 / static_cast<double>(rounds));
    double low = static_cast<double>(failures) / static_cast<double>(rounds);
    double high = 1;
    // Halved until a double cannot tell them apart.
    for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2;
        (chance_of_so_few(rounds, failures, middle) > 1 - confidence ? low : high) = middle;
    }
    return high;
}

std::size_t DrillReport::failures() const {
    const auto failed = [](const DrillRound& round) { return !round.failed.empty(); };
    return static_cast<std::size_t>(std::ranges::count_if(rounds, failed));
}

Outcome DrillReport::outcome() const {
    return !tripped && !rounds.empty() && failures() == 0 ? Outcome::Success : Outcome::Partial;
}

std::optional<Spread> DrillReport::stop() const {
    std::vector<Micros> times;
    for (const DrillRound& round : rounds) {
        if (round.empty) times.push_back(*round.empty);
    }
    return spread_of(std::move(times));
}

DrillTrouble drill_trouble(const std::optional<DrillSummary>& last, WallTime began, Micros max_age, WallTime now) {
    DrillTrouble trouble;
    constexpr const char* remedy =
        "run 'essctl drill', and have it run daily: systemctl enable --now quantum-ess-drill.timer";
    if (now - (last ? last->at : began) > max_age) {
        trouble.overdue = (last ? "the last drill, of " + to_rfc3339(last->at) + ", is older than "
                                : "the stop has never been drilled here, in more than ") +
                          to_text(max_age) + ": " + remedy;
    }
    if (last && last->outcome != to_text(Outcome::Success)) {
        trouble.failed = "the drill of " + to_rfc3339(last->at) +
                         " failed: see 'essctl ledger list --kind drill', mend what it names, and run 'essctl drill'";
    }
    return trouble;
}

}  // namespace ess
