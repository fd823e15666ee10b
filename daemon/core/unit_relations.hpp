#pragma once

#include <string>
#include <vector>

namespace ess {

/// How a unit hangs together with others (systemd.unit(5)), as systemd has it loaded.
struct UnitRelations {
    std::vector<std::string> triggered_by;  ///< timers, sockets and paths that would start it; powerless while tripped
    std::vector<std::string>
        pulls_down;  ///< units that systemd stops along with it (RequiredBy=, RequisiteOf=, BoundBy=, ConsistsOf=)
    std::vector<std::string> after;  ///< units that are started before it
    /// RootDirectory= or RootImage= without RootDirectoryStartOnly=: systemd runs the guard's ExecCondition= in there
    /// too, where neither the latch nor a shell need be.
    bool jailed = false;
};

}  // namespace ess
