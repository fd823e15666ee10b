#pragma once

#include <string>

#include "core/config.hpp"

namespace ess::essctl {

/// The configuration of this host, for the settings of the ledger and of the configuration hash. If it cannot be used,
/// that is said, and the defaults count: whoever wants to record something must not be kept from it by that.
[[nodiscard]] Config trading_config();

/// The hash that is stamped on an entry now. What counts as ERROR in it is said.
[[nodiscard]] std::string config_hash_now(const Config& config);

}  // namespace ess::essctl
