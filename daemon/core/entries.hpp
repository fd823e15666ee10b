#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/latch_text.hpp"
#include "core/trip_report.hpp"
#include "core/unit_state.hpp"

namespace ess {

/// What every entry carries, whatever it records.
struct EntryStamp {
    std::string hostname;
    std::string config_hash;
    std::map<std::string, std::string> config_files;  ///< SHA-256 of each file behind it, or "ERROR"
    std::string git_commit;                           ///< empty: no repository is configured, or it could not be read
    std::string git_branch;
    std::vector<std::string> allowed_services;  ///< the allow-list, without ".service", as the operators write it
};

/// Who came up with the latch set knows of the units that were stopped before only by the copy.
void add_running(TripReport& report, const LatchCopy& latch);

/// The fields of the operators' changelog format for a trip, without operation_id, which the ledger gives.
[[nodiscard]] Json trip_entry(const TripReport& report, const LatchCopy& latch, const EntryStamp& stamp, WallTime now);

/// The `ess` object of a trip: trigger, reason, and per unit the times in microseconds since the latch was seen.
[[nodiscard]] Json trip_timeline(const TripReport& report, const LatchCopy& latch);

/// Who released the latch and why.
struct ResetRequest {
    std::string reason;
    std::string requested_by;
    std::string approved_by;  ///< empty: standing approval
    std::string request_id;   ///< of the entry that asked for it, with four eyes
};

[[nodiscard]] Json reset_entry(const ResetRequest& request, const std::string& trip_id,
                               const std::vector<std::string>& problems, const UnitStates& states,
                               const EntryStamp& stamp, WallTime now);

/// What happened beside trips and resets: a unit that came back, a latch put back, a refused request, a controlled
/// start.
struct EventText {
    std::string name;
    std::string summary;
    std::string objective = "Keep the emergency stop in force and on record";
    std::string blast_radius = "None beyond the emergency stop that is in force.";
    Outcome outcome = Outcome::Success;
    std::string approved_by = "SELF";
    std::string risk_class = "SERVICE_RESTART";
    Json ess = nullptr;  ///< the line's `ess` object, if it has one
};

[[nodiscard]] Json event_entry(const EventText& event, const std::string& requested_by, const EntryStamp& stamp,
                               WallTime now);

}  // namespace ess
