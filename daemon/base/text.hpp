#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ess {

/// Text from outside made fit for one line of a log, a screen or an entry: valid UTF-8 (U+FFFD for what is not), white
/// space folded to single spaces, other control characters (C0, DEL, C1, and the bidirectional overrides that can make
/// a line read backwards) dropped, at most `limit` bytes, cut at a character with "…".
[[nodiscard]] std::string clean_line(std::string_view text, std::size_t limit);

/// Whether the bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view text);

/// The candidate that a person most probably meant, by edit distance; empty if none is near.
[[nodiscard]] std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates);

/// "a, b and c"
[[nodiscard]] std::string join(const std::vector<std::string>& words, std::string_view separator);

/// A command line cut into words as a shell would, without expansions: blanks part, quotes of both kinds and a
/// backslash keep. Nothing if a quote is not closed.
[[nodiscard]] std::optional<std::vector<std::string>> split_words(std::string_view line);

[[nodiscard]] std::string_view trim(std::string_view text);

/// Lower-case hexadecimal.
[[nodiscard]] std::string to_hex(std::string_view bytes);

}  // namespace ess
