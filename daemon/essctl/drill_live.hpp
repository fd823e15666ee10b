#pragma once

#include <cstdint>

#include "essctl/exit_code.hpp"

namespace ess::essctl {

struct LiveDrillOptions {
    std::uint32_t rounds = 1;
    bool json = false;
    bool yes = false;  ///< nobody is asked
};

/// Trips for real, releases, and starts what ran, so many times. It releases nothing that anybody else demanded, and
/// nothing that is not wholly stopped: then the stop stays in force, and that is the answer.
[[nodiscard]] Exit live_drill(const LiveDrillOptions& options);

}  // namespace ess::essctl
