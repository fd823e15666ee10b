#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/config.hpp"
#include "core/entries.hpp"
#include "core/status.hpp"
#include "core/trip_report.hpp"

namespace ess {

// The drill: the stop, exercised on a unit that trades nothing. Its engine is a StopEngine like the real one, with an
// allow-list of the canary alone, so it can neither name another unit nor be told of one.

/// The configuration of one round's engine: the operators' budget and grace, and the canary alone.
[[nodiscard]] Config drill_config(const Config& config, StopCategory category);

/// Where the latch of a drill is: beside the real one and under no name that it can have.
[[nodiscard]] inline std::string drill_latch_path(const Config& config) {
    return config.latch.path + ".drill";
}

/// Odd rounds are of category 0, even ones of category 1: whatever a unit is configured to, one drill has walked its
/// way.
[[nodiscard]] StopCategory drill_category(std::uint32_t round);

/// The rounds of one call; more of them is another drill.
inline constexpr std::uint32_t drill_rounds_limit = 10'000;
/// Of who does not say how many.
inline constexpr std::uint32_t drill_rounds_default = 10;

/// One round. All times count from just before the latch was made, so that seeing it is a part of them.
struct DrillRound {
    std::uint32_t number = 0;
    StopCategory category = StopCategory::Immediate;
    std::optional<Micros> seen;            ///< essd saw the latch
    std::optional<Micros> stop_requested;  ///< StopUnit sent
    std::optional<Micros> killed;          ///< cgroup killed: in category 1 only if the canary outlived its grace
    std::optional<Micros> last_beat;       ///< the canary's own last word
    std::optional<Micros> empty;           ///< the kernel's word: no process left. What a drill is judged by
    std::optional<Micros> job_done;        ///< systemd's stop job
    std::optional<Micros> masked;          ///< LoadState=masked read back
    std::string failed;                    ///< the phase that failed; empty: the round was good
    std::string why;
};

/// What is known when the engine has settled.
struct RoundEvidence {
    Micros seen{};                    ///< from the latch made to the latch seen
    TripReport report;                ///< of the round's engine
    std::optional<Micros> last_beat;  ///< from the latch made
    Micros budget{};
};
/// Puts the times into the round, and says where it failed: the first phase that did not keep what a trip promises. The
/// canary's last beat is a witness that knows nothing of essd: one that came after "empty" is a failure too.
void judge(DrillRound& round, const RoundEvidence& evidence);

/// Percentiles by nearest rank.
struct Spread {
    std::size_t count = 0;
    Micros p50{};
    Micros p95{};
    Micros p99{};
    Micros max{};
};
[[nodiscard]] std::optional<Spread> spread_of(std::vector<Micros> times);

/// With 95 % confidence a stop fails no more often than this: 3/n without a failure in n rounds (the rule of three),
/// with failures the exact upper bound of the binomial distribution (Clopper and Pearson).
[[nodiscard]] double failure_bound_95(std::size_t rounds, std::size_t failures);

/// A drill, as it went.
struct DrillReport {
    WallTime at{};            ///< when it ended
    std::uint32_t asked = 0;  ///< rounds
    Micros budget{};
    std::vector<DrillRound> rounds;  ///< those that came to an end
    bool tripped = false;            ///< a real trip came and ended it
    std::string ended;               ///< why it ended before all rounds were done; empty: they were

    [[nodiscard]] std::size_t failures() const;
    /// Success: a round at least, and none failed.
    [[nodiscard]] Outcome outcome() const;
    /// From the latch to the canary's cgroup empty, of all rounds that have it.
    [[nodiscard]] std::optional<Spread> stop() const;
};

/// What the ledger keeps of it: the fields of the operators' format, and `ess`, integers alone (microseconds, parts per
/// million).
[[nodiscard]] EventText drill_event(const DrillReport& report);
/// Type DrillResult of the interface.
[[nodiscard]] Json drill_result(const DrillReport& report, const std::string& operation_id);
/// Type DrillRound of the interface.
[[nodiscard]] Json to_json(const DrillRound& round);

/// The drill that an entry of the kind records; nothing if a trip cut it short before it had shown anything.
[[nodiscard]] std::optional<DrillSummary> drill_recorded(const Json& ess, const std::string& outcome);

/// What is wrong with a host's drills, each empty if nothing is. One that was never drilled counts from `began`, its
/// ledger's first entry.
struct DrillTrouble {
    std::string overdue;
    std::string failed;
};
[[nodiscard]] DrillTrouble drill_trouble(const std::optional<DrillSummary>& last, WallTime began, Micros max_age,
                                         WallTime now);

}  // namespace ess
