#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/config.hpp"

namespace ess {

/// What happened to one unit in a trip. All times count from the moment in which the latch was seen.
struct UnitTimeline {
    std::string name;
    StopCategory category = StopCategory::Controlled;
    bool was_running = false;              ///< had a process when the latch was seen, or got one since
    bool empty = true;                     ///< the kernel says: no process in the unit's cgroup
    std::optional<Micros> stop_requested;  ///< StopUnit sent
    std::optional<Micros> killed;          ///< first cgroup kill
    std::optional<Micros> emptied;         ///< when the last process was gone
    std::optional<Micros> job_done;        ///< systemd's stop job finished, or there was nothing to stop
    std::optional<Micros> masked;          ///< LoadState=masked read back
    std::string trouble;                   ///< what systemd or the kernel refused; empty if nothing
    std::uint32_t came_back = 0;           ///< how often it got a process again after it had been stopped
};

enum class Outcome {
    Success,  ///< every unit empty within the budget, stop jobs done and LoadState=masked read back
    Partial,  ///< something could not be verified; `problems` says what
};

/// The whole of a trip, as the entry, the status and the log tell it.
struct TripReport {
    Outcome outcome = Outcome::Success;
    Micros budget{};
    std::optional<Micros> stop_time;  ///< from the latch to the last process dead; nothing while one lives
    std::vector<UnitTimeline> units;
    std::vector<std::string> problems;
    std::vector<std::string>
        pulled_down;          ///< units beside the allow-list that systemd stopped along; put in by the caller
    bool resumed = false;     ///< essd came up with the latch set
    bool completion = false;  ///< an earlier report of the same trip was Partial; now it is complete
};

}  // namespace ess
