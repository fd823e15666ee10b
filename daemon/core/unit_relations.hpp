#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"

namespace ess {

/// How a unit hangs together with others (systemd.unit(5)), as systemd has it loaded.
struct UnitRelations {
    std::vector<std::string> triggered_by;  ///< timers, sockets and paths that would start it; powerless while tripped
    std::vector<std::string>
        pulls_down;                  ///< units that systemd stops along with it (RequiredBy=, BoundBy=, ConsistsOf=)
    std::vector<std::string> after;  ///< units that are started before it
    Instant inactive_since{};        ///< when it last became inactive; the epoch if it never did
};

}  // namespace ess
