#pragma once

#include <string>
#include <vector>

#include "essctl/status_view.hpp"

namespace ess::essctl {

/// What a person should hear of between two looks at the status, a sentence each, the state last. Without a look before
/// it is the state, and what is wrong.
[[nodiscard]] std::vector<std::string> changes_between(const StatusView* before, const StatusView& now);

/// The units that fell since the look before, with their times: "12.3 ms  stopped  quantum-governor.service"
[[nodiscard]] std::vector<std::string> fallen_between(const StatusView* before, const StatusView& now);

}  // namespace ess::essctl
