#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ess {

/// The subject's common name in the first certificate of this PEM (RFC 5280, 4.1.2.6).
[[nodiscard]] Result<std::string> common_name_in(std::string_view pem);

}  // namespace ess
