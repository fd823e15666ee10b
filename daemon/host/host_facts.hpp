#pragma once

#include "core/check_facts.hpp"

namespace ess::host {

/// What files and the kernel say, for a check. Blocks on disks and name servers.
[[nodiscard]] HostFacts look_at_host();

}  // namespace ess::host
