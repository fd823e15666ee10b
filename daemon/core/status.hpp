#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/trip_report.hpp"
#include "core/unit_relations.hpp"
#include "core/unit_state.hpp"

namespace ess {

/// Something that is wrong. An Error means that a stop might fail, or could not be signed for, and takes readiness
/// away.
struct Fault {
    enum class Severity { Warning, Error };
    std::string code;  ///< stable, for programs: "bus-down"
    Severity severity = Severity::Error;
    std::string text;  ///< for people: what is wrong and what to do
};

/// Who set the latch, when and why, as far as it is known.
struct LatchInfo {
    bool present = false;
    bool persisted = false;
    std::optional<WallTime> since;
    std::string reason;
    std::string requested_by;
};

struct OperationSummary {
    std::string operation_id;
    std::string outcome;
    std::optional<Micros> stop_time;
};

/// A reset that waits for a second person.
struct PendingResetInfo {
    std::string operation_id;
    std::string requested_by;
    std::string reason;
    WallTime expires{};
};

/// The last exercise of the stop on the canary.
struct DrillSummary {
    WallTime at{};
    std::uint64_t rounds = 0;
    std::optional<Micros> max;  ///< the slowest, from the latch to the canary gone; nothing if it never was
    std::string outcome;
};

/// How this host stands to its fleet, by the word of quantum-ess-fleet.
struct FleetInfo {
    std::string name;
    std::string host;        ///< this host's name in it
    bool connected = false;  ///< an order of the fleet would reach this host
    std::string trouble;     ///< why not
    std::optional<WallTime> last_contact;
    std::string order_id;  ///< the fleet's order that this host carried out last; empty if there was none
};

enum class State { Armed, Starting, Tripping, Tripped, NotReady };

[[nodiscard]] std::string to_text(State state);
[[nodiscard]] std::string to_text(Outcome outcome);
[[nodiscard]] std::string to_text(Fault::Severity severity);

/// What `essctl status` shows and the socket's Status answers.
struct Status {
    State state = State::NotReady;
    std::vector<Fault> faults;
    LatchInfo latch;
    TripReport trip;                                 ///< the units, with the times of the trip while there is one
    UnitStates unit_states;                          ///< systemd's word on each; a unit may be missing
    std::map<std::string, UnitRelations> relations;  ///< a unit may be missing
    std::set<std::string> guarded;                   ///< units that a guard is in place for
    std::optional<OperationSummary> last_operation;
    std::optional<PendingResetInfo> pending_reset;
    std::optional<DrillSummary> last_drill;
    std::optional<FleetInfo> fleet;  ///< nothing if there is none
    std::string config_hash;
    std::uint64_t ledger_entries = 0;
    std::string ledger_head;
    bool ledger_writable = false;
    std::string kill_method;
    std::string version;

    [[nodiscard]] bool ready() const;
};

/// The reply of io.quantum.EmergencyStop.Status, as its interface declares it: a JSON object. Text, since with a
/// thousand units the value would take many times the memory of its text, which stays essd's for good.
[[nodiscard]] std::string to_json_text(const Status& status);

/// The version of this build.
[[nodiscard]] std::string version();

}  // namespace ess
