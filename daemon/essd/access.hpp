#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "host/peer.hpp"

namespace ess::essd {

/// Who the configuration means, looked up once: NSS may ask a server, so for the start only.
struct Access {
    host::Operators operators;
    /// The account quantum-ess-fleet, which may do what operators may but approve; nothing where there is no fleet.
    std::optional<uid_t> fleet;
    std::optional<gid_t> latch_group;   ///< the group quantum-ess, whose members may make the latch
    std::vector<std::string> problems;  ///< names that could not be found: they are granted nothing
};

[[nodiscard]] Access find_access(const Config& config);

}  // namespace ess::essd
