#pragma once

#include <string>
#include <string_view>

namespace ess {

/// Text from anywhere, made visible (visible_text), as text of an HTML page, between tags or in a quoted attribute:
/// nothing of it is markup.
[[nodiscard]] std::string html_text(std::string_view text);

/// `<name attributes>inner</name>`; `inner` is HTML already, and so is `attributes`, which may be empty.
[[nodiscard]] std::string html_element(std::string_view name, std::string_view attributes, std::string_view inner);

}  // namespace ess
