#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"

namespace ess {

/// How a unit is stopped (the stop categories of IEC 60204-1, 9.2.2).
enum class StopCategory {
    Immediate = 0,   ///< the kernel kills the cgroup at once, systemd is told afterwards
    Controlled = 1,  ///< systemd stops the unit; what is left after the grace is killed by the kernel
};

/// What to do when the latch file vanishes without a reset.
enum class FileRemoval { Relatch, Reset };

/// Whether trading units may start without an armed stop.
enum class Interlock { None, Start };

/// What happens when essd cannot stay up and no latch is set.
enum class OnDaemonFailure { Alert, Trip };

/// What a host does that has been cut off from its fleet for too long.
enum class OnLoss { Alert, Trip };

/// Who may look over the control socket.
enum class ControlRead { Everyone, Operators };

/// One line of the allow-list: a unit, or a pattern of units, that a trip stops.
struct UnitRule {
    std::string name;  ///< with its suffix: "quantum-governor.service", "quantum-strategy@*.service"
    StopCategory category = StopCategory::Controlled;
    Micros grace{};

    [[nodiscard]] bool operator==(const UnitRule&) const = default;
};

/// A span in which the trading configuration is expected to change.
struct MaintenanceWindow {
    std::string start;  ///< a calendar event of systemd.time(7): "Sat *-*-* 02:00"
    Micros duration{};

    [[nodiscard]] bool operator==(const MaintenanceWindow&) const = default;
};

/// The operators' configuration, complete and valid: every default is filled in.
struct Config {
    std::vector<UnitRule> units;               ///< the allow-list, each name once
    std::vector<std::string> protected_units;  ///< the operators' own; the built-in list is in unit_name.hpp
    struct Stop {
        Micros budget = std::chrono::seconds(2);  ///< from the latch to the last process dead
        StopCategory category = StopCategory::Controlled;
        Micros grace = std::chrono::seconds(1);
        [[nodiscard]] bool operator==(const Stop&) const = default;
    } stop;
    struct Latch {
        std::string path = "/run/quantum/ESS_ON";
        FileRemoval file_removal = FileRemoval::Relatch;
        [[nodiscard]] bool operator==(const Latch&) const = default;
    } latch;
    Interlock interlock = Interlock::Start;
    OnDaemonFailure on_daemon_failure = OnDaemonFailure::Alert;
    struct Reset {
        bool four_eyes = false;                    ///< another person has to approve a reset
        Micros expiry = std::chrono::minutes(10);  ///< how long a reset waits for that
        [[nodiscard]] bool operator==(const Reset&) const = default;
    } reset;
    struct ConfigHash {
        std::string directory = "/etc/quantum";
        std::vector<std::string> files{"policy.yaml", "signals.yaml", "universe.yaml"};
        std::vector<MaintenanceWindow> maintenance;  ///< empty: no change is outside of one
        [[nodiscard]] bool operator==(const ConfigHash&) const = default;
    } config_hash;
    struct Ledger {
        std::string git_repository;  ///< empty: no commit and branch in the entries
        [[nodiscard]] bool operator==(const Ledger&) const = default;
    } ledger;
    struct Drill {
        Micros max_age = std::chrono::hours(26);
        [[nodiscard]] bool operator==(const Drill&) const = default;
    } drill;
    struct Metrics {
        std::string textfile;  ///< empty: none is written
        [[nodiscard]] bool operator==(const Metrics&) const = default;
    } metrics;
    struct Control {
        ControlRead read = ControlRead::Everyone;
        /// Who may trip, reset, start, and read and write the ledger, beside root.
        std::vector<std::string> groups{"quantum-ess"};
        std::vector<std::string> users;
        [[nodiscard]] bool operator==(const Control&) const = default;
    } control;
    /// For quantum-ess-fleet and essctl fleet; essd stops this host whatever becomes of the fleet.
    struct Fleet {
        std::string name = "main";           ///< its keys are below /quantum-ess/NAME/
        std::string host;                    ///< this host's name in it; empty: the hostname
        std::vector<std::string> endpoints;  ///< of the etcd members, "https://HOST:PORT"; empty: there is no fleet
        std::string ca = "/etc/quantum/fleet/ca.pem";
        std::string certificate = "/etc/quantum/fleet/host.pem";
        std::string key = "/etc/quantum/fleet/host.key";
        std::string operator_certificate = "/etc/quantum/fleet/operator.pem";
        std::string operator_key = "/etc/quantum/fleet/operator.key";
        Micros loss_timeout = std::chrono::seconds(30);  ///< without contact for so long, the host is cut off
        OnLoss on_loss = OnLoss::Alert;

        [[nodiscard]] bool is_used() const { return !endpoints.empty(); }
        [[nodiscard]] bool operator==(const Fleet&) const = default;
    } fleet;

    [[nodiscard]] bool operator==(const Config&) const = default;
};

/// One configuration file, read: what it is called in messages, and its bytes.
struct ConfigSource {
    std::string file;
    std::string text;
};

/// One thing that is wrong with the configuration. Line and column count from 1; 0 means "the file as a whole".
struct ConfigFault {
    std::string file;
    std::size_t line = 0;
    std::size_t column = 0;
    std::string text;
};

/// "file:line:column: text", as compilers write it, so that editors can jump there.
[[nodiscard]] std::string to_text(const ConfigFault& fault);

struct ConfigReading {
    Config config;                    ///< to be used only if there are no faults
    std::vector<ConfigFault> faults;  ///< all of them, in the order of the files
};

/// Reads the main file and the drop-ins behind it, in this order: lists are added to, maps merged, units merged by
/// name. The one way in for essd, essctl check-config and the generator. Never throws for what the bytes say.
[[nodiscard]] ConfigReading read_config(std::span<const ConfigSource> sources);

}  // namespace ess
