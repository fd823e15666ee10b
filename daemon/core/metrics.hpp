#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/ledger_line.hpp"
#include "core/status.hpp"

namespace ess {

/// How often something was done well, and how often not.
struct OutcomeCount {
    std::uint64_t success = 0;
    std::uint64_t partial = 0;

    void count(Outcome outcome) { ++(outcome == Outcome::Success ? success : partial); }
};

/// How long stops took, in the buckets of a Prometheus histogram.
struct StopTimes {
    /// Upper bounds. A kill by the kernel takes milliseconds, an obedient unit some more, the grace is 1 s by default,
    /// and 2 s is the longest budget.
    static constexpr std::array<Micros, 9> bounds{
        std::chrono::milliseconds(5),   std::chrono::milliseconds(10),  std::chrono::milliseconds(25),
        std::chrono::milliseconds(50),  std::chrono::milliseconds(100), std::chrono::milliseconds(250),
        std::chrono::milliseconds(500), std::chrono::seconds(1),        std::chrono::seconds(2)};

    std::array<std::uint64_t, bounds.size()> counts{};  ///< each bucket for itself, not added up
    std::uint64_t count = 0;                            ///< the longer ones as well
    Micros sum{};

    void add(Micros time);
};

/// What essd has done and seen since it started.
struct Counters {
    OutcomeCount trips;
    std::uint64_t completions = 0;  ///< Partial trips that became complete
    OutcomeCount resets;            ///< partial: with a problem
    OutcomeCount starts;            ///< controlled starts
    std::uint64_t refusals = 0;     ///< requests that were refused
    StopTimes stops;
    bool stop_open = false;                          ///< the trip that was counted last had a process left
    std::map<std::string, std::uint64_t> kills;      ///< by unit: the kernel was told to kill its cgroup
    std::map<std::string, std::uint64_t> came_back;  ///< by unit: it had a process again while tripped
    std::uint64_t kill_failures = 0;

    void count_trip(const TripReport& report);
};

/// What the ledger says of itself and of what happened, essds before this one included.
struct LedgerFigures {
    std::map<std::string, std::uint64_t> entries;  ///< by kind; one that had to wait counts as what it is
    std::map<std::string, WallTime> newest;        ///< when the newest one of a kind was recorded
    std::optional<WallTime> last_append;
    std::optional<Micros> last_stop;           ///< of the newest trip whose processes are all gone
    std::map<std::string, Micros> unit_stops;  ///< by unit, in its newest trip
    std::uint64_t failures = 0;                ///< attempts to write that failed, since essd started
    std::size_t waiting = 0;                   ///< entries that could not be written yet
    std::size_t breaches = 0;                  ///< that fewer than two people have signed off
    bool unexpected_change = false;

    /// A line of the ledger, with the kind and the `ess` of what it records.
    void count(LedgerKind kind, const Json& ess, WallTime recorded);
};

/// Everything that the metrics show.
struct MetricsSnapshot {
    Status status;
    Counters counters;
    std::optional<LedgerFigures> ledger;  ///< nothing until it has been read
    Micros budget{};
    Micros drill_max_age{};
    WallTime started{};
    WallTime collected{};
    std::optional<WallTime> watchdog_fed;  ///< nothing if systemd does not watch
};

/// The metrics as Prometheus' text format 0.0.4 has them, for `essctl metrics` and the textfile collector: names and
/// units by its naming practices, no timestamps (the collector drops a file that has any). What is not known is left
/// out: a made-up zero would look like a measurement.
[[nodiscard]] std::string metrics_text(const MetricsSnapshot& snapshot);

/// What stays when essd has ended in order: that it is down, since when, and which version it was.
[[nodiscard]] std::string metrics_text_when_down(WallTime ended);

}  // namespace ess
