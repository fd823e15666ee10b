#pragma once

/// The paths and names of the contract (shared by daemon, command and generator; packaging/ installs the same).
namespace ess::paths {

inline constexpr const char* config_directory = "/etc/quantum";
inline constexpr const char* state_directory = "/var/lib/quantum-ess";
/// The latch's copy on disk: a reboot empties /run, and must not release the latch.
inline constexpr const char* latch_copy = "/var/lib/quantum-ess/latched";
inline constexpr const char* ledger_directory = "/var/lib/quantum-ess/ledger";
inline constexpr const char* proof_directory = "/var/lib/quantum-ess/proof";
/// A page for each trip, ID.html.
inline constexpr const char* reports_directory = "/var/lib/quantum-ess/reports";
/// Who may sign off, in the form of ssh-keygen(1), ALLOWED SIGNERS.
inline constexpr const char* allowed_signers = "/etc/quantum/allowed_signers";
/// There while essd runs: one that finds it knows that the one before did not end in order.
inline constexpr const char* running_mark = "/var/lib/quantum-ess/running";
/// The ledger as people read it.
inline constexpr const char* changelog = "/var/lib/quantum-ess/OPS_CHANGELOG.md";
inline constexpr const char* runtime_directory = "/run/quantum-ess";
/// Exists exactly while essd is armed and ready.
inline constexpr const char* armed = "/run/quantum-ess/armed";
/// Entries that could not be written yet.
inline constexpr const char* waiting_entries = "/run/quantum-ess/waiting.jsonl";
inline constexpr const char* control_socket = "/run/quantum-ess/control";
/// The allow-list that essd last ran with, as a configuration file: what the generator guards when it cannot read the
/// real one. The first is there on every boot that has /var, the second on every Reload.
inline constexpr const char* last_good_config = "/var/lib/quantum-ess/last-good.yaml";
inline constexpr const char* last_good_config_volatile = "/run/quantum-ess/last-good.yaml";

inline constexpr const char* group = "quantum-ess";
inline constexpr const char* tripped_target = "quantum-ess-tripped.target";

/// The process beside essd that joins this host to a fleet, and the account that it runs under.
inline constexpr const char* fleet_unit = "quantum-ess-fleet.service";
inline constexpr const char* fleet_account = "quantum-ess-fleet";
/// The orders that were carried out: one that is seen again changes nothing.
inline constexpr const char* fleet_handled = "/var/lib/quantum-ess-fleet/handled";
/// There once this boot has asked the fleet. A restart of quantum-ess-fleet keeps no unit waiting then.
inline constexpr const char* fleet_asked = "/run/quantum-ess-fleet/asked";

/// What drills stop, and where it says that it is alive.
inline constexpr const char* canary_unit = "quantum-ess-canary.service";
inline constexpr const char* canary_beat = "/run/quantum-ess-canary/beat";

}  // namespace ess::paths
