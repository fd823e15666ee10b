#pragma once

#include <map>
#include <string>

namespace ess {

/// What systemd says of a unit (org.freedesktop.systemd1(5): LoadState, ActiveState, SubState).
struct UnitState {
    std::string load;
    std::string active;
    std::string sub;
};

using UnitStates = std::map<std::string, UnitState>;

}  // namespace ess
