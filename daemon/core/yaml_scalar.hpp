#pragma once

#include <string>
#include <string_view>

namespace ess {

/// A text in one line as YAML 1.1 and YAML 1.2 both read it: plain where both take it for that string, else between
/// double quotes. Good for a value, a key and an item of a list, in block style.
[[nodiscard]] std::string yaml_text(std::string_view text);

/// The same, always between double quotes: good in flow style too.
[[nodiscard]] std::string yaml_quoted(std::string_view text);

/// Whether the text, of one or more lines, can stand as it is behind a `|`: each line's characters are printable in
/// both versions, no line is blank but not empty, the first one is neither empty nor indented, there is one line end at
/// the end or none. A line that could end a fenced block is not good either.
[[nodiscard]] bool is_yaml_literal(std::string_view text);

/// Whether the text can stand behind a "# ", and is read back from there.
[[nodiscard]] bool is_yaml_comment(std::string_view text);

}  // namespace ess
