#pragma once

#include <string>

#include "base/json.hpp"
#include "essctl/screen.hpp"

namespace ess::essctl {

// What people read of a drill. The replies are essd's (types DrillRound and DrillResult); what one of another version
// does not have is left out.

[[nodiscard]] std::string round_text(const Screen& screen, const Json& round);
/// The answer first, then the times, phase by phase, and what they are worth.
[[nodiscard]] std::string result_text(const Screen& screen, const Json& result);

}  // namespace ess::essctl
