#pragma once

#include <string>

#include "base/result.hpp"

namespace ess::host {

/// Kills every process in a cgroup and below it, for kernels without cgroup.kill (Linux before 5.14): SIGKILL through
/// pidfds, which cannot hit a process that got a dead one's number, in rounds until nobody is left. What forks
/// meanwhile is found in the next round; where the cgroup can be frozen it cannot fork at all. Gives up after a bounded
/// number of rounds: the engine comes back.
[[nodiscard]] Result<> kill_processes(const std::string& cgroup);

/// Whether a process is in the cgroup or below it, where no cgroup.events tells (cgroup v1).
[[nodiscard]] bool has_processes(const std::string& cgroup);

}  // namespace ess::host
