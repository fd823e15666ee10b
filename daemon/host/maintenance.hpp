#pragma once

#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "core/config.hpp"

namespace ess::host {

/// What is wrong with the windows' calendar events, by the word of `systemd-analyze calendar`: systemd has no function
/// for it. A few milliseconds each; it blocks.
[[nodiscard]] std::vector<ConfigFault> problems_of(const std::vector<MaintenanceWindow>& windows);

/// Whether `now` is in one of the windows, which begin by the host's time zone unless they name another. Fails if
/// systemd-analyze does. For the writer thread.
[[nodiscard]] Result<bool> in_maintenance(const std::vector<MaintenanceWindow>& windows, WallTime now);

}  // namespace ess::host
