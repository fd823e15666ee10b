#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace ess::essctl {

struct UnitView {
    std::string name;
    std::string active;
    std::string sub;
    std::string load;
    bool masked = false;
    bool guarded = false;
    bool empty = false;
    bool immediate = false;
    std::optional<Micros> stop;  ///< from the latch seen to the unit empty, at the last stop
    std::vector<std::string> triggered_by;
};

struct FaultView {
    std::string code;
    std::string text;
    bool error = true;
};

/// The latch, while it is present.
struct LatchView {
    std::string since;
    std::string reason;
    std::string requested_by;
    bool persisted = false;
};

struct OperationView {
    std::string id;
    std::string outcome;
    std::optional<Micros> stop;  ///< of a stop: from the latch seen to the last unit empty
};

struct PendingResetView {
    std::string id;
    std::string requested_by;
    std::string expires;
};

struct DrillView {
    std::string at;
    bool good = false;
    std::string rounds;
    std::optional<Micros> max;  ///< nothing: the canary was never seen to go
};

/// How the host stands to its fleet, where there is one.
struct FleetView {
    std::string name;
    std::string host;
    bool connected = false;
    std::string trouble;
    std::string order;  ///< that was carried out last
};

/// A reply of io.quantum.EmergencyStop.Status as it can be shown to people: every text is one line without control
/// characters, whoever wrote it, and what a newer or older daemon does not have is left empty.
struct StatusView {
    std::string state;
    bool ready = false;
    std::vector<FaultView> faults;
    std::optional<LatchView> latch;
    std::vector<UnitView> units;
    std::optional<OperationView> last_operation;
    std::optional<PendingResetView> pending_reset;
    std::optional<DrillView> last_drill;
    std::optional<FleetView> fleet;
    std::string config_hash;
    std::string ledger_entries;
    bool ledger_writable = false;

    /// A stop is in force, complete or not.
    [[nodiscard]] bool is_tripped() const { return state == "tripped" || state == "tripping"; }
    [[nodiscard]] std::size_t alive() const;     ///< units that have processes
    [[nodiscard]] std::size_t unmasked() const;  ///< units that are not masked
    /// The time of the last unit that fell, of those that have one.
    [[nodiscard]] std::optional<Micros> stop() const;
};

[[nodiscard]] StatusView view_of(const Json& status);

/// "1 unit", "4 units"
[[nodiscard]] std::string count_of(std::size_t count, const std::string& noun);

}  // namespace ess::essctl
