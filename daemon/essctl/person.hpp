#pragma once

#include <string>

namespace ess::essctl {

/// The person at the keyboard, as far as this host knows: the audit login user, else the one behind sudo, else the
/// user.
[[nodiscard]] std::string person();

}  // namespace ess::essctl
