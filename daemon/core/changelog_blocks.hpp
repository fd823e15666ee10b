#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/yaml_tree.hpp"

namespace ess {

/// The YAML of one entry, as it stands in a changelog.
struct ChangelogBlock {
    std::size_t line = 1;    ///< of its first line, counted from 1 in the whole text
    std::size_t indent = 0;  ///< characters that were taken from the front of each of its lines
    std::string text;        ///< from its `---` on, each line ended by "\n" alone
    bool is_template = false;
};

struct ChangelogBlocks {
    std::vector<ChangelogBlock> blocks;
    std::vector<YamlFault> faults;
    bool any_yaml = false;  ///< there is a block of that language, if not one that is an entry
};

/// The documents of the fenced blocks (CommonMark 4.5) whose language is yaml or yml and whose first line is `---`.
/// Other blocks and the prose are passed over. Faults: a fence without an end, and what was meant for an entry and
/// would be passed over in silence (no `---`, too far indented).
[[nodiscard]] ChangelogBlocks blocks_of_markdown(std::string_view text);

/// The documents of a YAML text, divided by `---`; without one the whole text is a document.
[[nodiscard]] ChangelogBlocks blocks_of_yaml(std::string_view text);

/// Whether a line of the text opens a fenced block at its left edge, where no text of a YAML document can stand.
[[nodiscard]] bool has_fence(std::string_view text);

/// Takes the first line, without its end, off the front of `text`. "\n" and "\r\n" end a line.
[[nodiscard]] std::string_view take_line(std::string_view& text);

}  // namespace ess
