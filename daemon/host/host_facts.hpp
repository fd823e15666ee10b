#pragma once

#include <string>

#include "core/check_facts.hpp"

namespace ess::host {

/// What files and the kernel say, for a check. Blocks on disks and name servers.
[[nodiscard]] HostFacts look_at_host();

/// gethostname(2); empty if there is none.
[[nodiscard]] std::string host_name();

}  // namespace ess::host
