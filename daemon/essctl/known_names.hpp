#pragma once

#include <string>
#include <vector>

namespace ess::essctl {

// What a completion offers: found fast, and nothing where there is nothing, or where one is not permitted.

/// Operation IDs of the newest entries, newest first.
[[nodiscard]] std::vector<std::string> newest_operation_ids();
/// That of the reset that waits for another person.
[[nodiscard]] std::vector<std::string> pending_reset_ids();
/// The allowed units: those that essd knows, or else those of the configuration that are no patterns.
[[nodiscard]] std::vector<std::string> allowed_units();

}  // namespace ess::essctl
