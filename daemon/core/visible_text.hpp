#pragma once

#include <string>
#include <string_view>

namespace ess {

/// Text from anywhere as a person can be shown it: valid UTF-8 (U+FFFD for what is not), and what cannot be seen
/// (control characters but tab and newline, marks of direction, characters without width) by its number, "[U+202E]".
/// Unlike clean_line() it loses nothing: what is evidence must not read differently than it was written.
[[nodiscard]] std::string visible_text(std::string_view text);

}  // namespace ess
