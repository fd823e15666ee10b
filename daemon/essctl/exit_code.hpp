#pragma once

namespace ess::essctl {

/// What a script may rely on (essctl(1)).
enum class Exit : int {
    Fine = 0,
    Failed = 1,
    Usage = 2,
    Tripped = 3,
    NotReady = 4,  ///< or the daemon cannot be reached
    Refused = 5,   ///< permission, or policy
};

}  // namespace ess::essctl
