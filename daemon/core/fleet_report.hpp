#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace ess {

/// How often quantum-ess-fleet tells essd where it stands, and how long essd waits before it takes its silence for a
/// fault: a restart of either takes a second or two.
inline constexpr Micros fleet_report_interval = std::chrono::seconds(5);
inline constexpr Micros fleet_report_patience = std::chrono::seconds(20);

/// A report is a few hundred bytes; etcd takes 1.5 MB.
inline constexpr std::size_t host_report_limit = std::size_t{64} * 1024;

/// What a host says of itself to the fleet: the part of essd's status that others need to see.
struct HostReport {
    std::string host;
    std::string state;  ///< as the status has it; "down" if essd does not answer
    bool ready = false;
    std::vector<std::string> faults;  ///< their codes
    std::string config_hash;
    std::string checkpoint;  ///< of its ledger, in the form of C2SP's signed note: a copy that is not on the host
    std::uint64_t ledger_entries = 0;
    /// Its newest stop; nothing while that is in force and not on record yet.
    struct Trip {
        std::string operation_id;
        std::string outcome;
        std::optional<double> stop_ms;
    };
    std::optional<Trip> last_trip;
    std::string latch_since;  ///< RFC 3339; empty while there is no latch
    std::string latch_reason;
    std::string order_id;  ///< the fleet's trip that it carried out last
    /// What became of the reset that it was asked for last.
    struct Reset {
        std::string id;
        std::string result;  ///< "done", "pending" (it waits for a second person there), "refused" or "failed"
        std::string text;    ///< why, or what to do next
    };
    std::optional<Reset> reset;
    std::string on_loss;
    std::string at;  ///< RFC 3339 by the host's own clock
    std::string version;

    /// Takes over what a status of essd says (io.quantum.EmergencyStop.Status); `last_trip` stays if nothing
    /// newer is in force.
    void take(const Json& status);
};

[[nodiscard]] std::string to_text(const HostReport& report);
/// Every text is one clean line of bounded length, whatever a host wrote. Nothing if it is no report.
[[nodiscard]] std::optional<HostReport> read_host_report(std::string_view text);

}  // namespace ess
