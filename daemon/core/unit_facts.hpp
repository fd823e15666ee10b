#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/unit_relations.hpp"
#include "core/unit_state.hpp"

namespace ess {

/// What the signal by which systemd ends a unit (KillSignal=) does to its main process.
enum class SignalFate {
    Unknown,  ///< the unit does not run, or the kernel does not tell
    Ends,     ///< the default action: it is gone at once
    Handled,  ///< caught, or blocked and read by signalfd(2): the program ends by itself, or does not
    Ignored,
};

/// What a check wants to know of one unit, as systemd has it loaded (org.freedesktop.systemd1(5)).
struct UnitFacts {
    std::string name;
    UnitState state;
    UnitRelations relations;
    std::string file;                     ///< FragmentPath; empty: there is none
    std::vector<std::string> dropins;     ///< DropInPaths
    std::string file_state;               ///< UnitFileState: "enabled"
    bool needs_reload = false;            ///< its files were changed since they were read
    bool refuses_stop = false;            ///< RefuseManualStop=
    std::vector<std::string> started_by;  ///< beside triggers: WantedBy=, RequiredBy=, UpheldBy=, OnFailure= of others
    std::vector<std::string> before;      ///< units that are started after it
    std::vector<std::string> conflicts;   ///< units that it stops, or that stop it, when they start
    std::vector<std::string> on_failure;
    std::vector<std::string> asserted_absent;  ///< the paths of AssertPathExists=!

    // Of services.
    std::vector<std::string> condition_words;  ///< all words of its ExecCondition= lines
    std::optional<Micros> stop_timeout;        ///< TimeoutStopSec=; nothing: systemd waits for ever
    bool has_stop_command = false;             ///< ExecStop=
    std::string kill_mode;                     ///< KillMode=; empty: not a service
    bool kills = true;                         ///< SendSIGKILL=
    int kill_signal = 15;                      ///< KillSignal=
    SignalFate fate = SignalFate::Unknown;
    std::string restart;             ///< Restart=
    std::optional<Micros> watchdog;  ///< WatchdogSec=; nothing: off
    int main_pid = 0;                ///< 0: it does not run
};

}  // namespace ess
