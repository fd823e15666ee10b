#pragma once

#include <cstddef>
#include <string_view>

namespace ess {

/// A character of UTF-8 (RFC 3629).
struct Character {
    char32_t code = 0;
    std::size_t length = 0;  ///< in bytes; 0: the byte at the front begins no well-formed character
};

/// The one at the front of a text that is not empty.
[[nodiscard]] Character first_character(std::string_view text);

/// Control characters (C0, DEL, C1), marks that change the direction of what follows, and the byte order mark.
[[nodiscard]] bool is_unprintable(char32_t c);

}  // namespace ess
