#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ess {

/// RFC 4648 section 4, with padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);

/// Only what to_base64() makes: no white space, padding as it must be, unused bits zero. Nothing for any other text.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace ess
