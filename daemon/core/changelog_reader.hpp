#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "core/ledger_line.hpp"
#include "core/yaml_tree.hpp"

namespace ess {

/// A changelog of decades has a few megabytes. One of this size is read in about a second.
inline constexpr std::size_t changelog_size_limit = std::size_t{16} << 20U;

/// One entry of a changelog, in the form in which the ledger has it.
struct ChangelogEntry {
    Json entry = Json::object();     ///< with operation_id; of an amendment that of the entry that it adds to
    Json comments;                   ///< {"commits.0": "monitoring guide"}, or null
    Json ess;                        ///< a stop's timeline, or null
    std::optional<LedgerKind> kind;  ///< what it was in the ledger that it comes from, if not an operators' entry
    bool amends = false;
    std::size_t line = 0;             ///< of its block's first line; 0: not known
    std::vector<YamlFault> warnings;  ///< what was read by the lenient rule
    std::string text;                 ///< its block as it stands there (line ends as "\n"); empty for JSON

    [[nodiscard]] std::string id() const;
};

struct ChangelogReading {
    std::vector<ChangelogEntry> entries;  ///< in the order of the text, each once
    std::vector<YamlFault> faults;        ///< one means: nothing of this may be used
};

/// Reads a changelog: Markdown with fenced YAML (DESIGN.md 7.3), YAML documents divided by `---`, or the JSON array of
/// `export --format json`.
///
/// YAML is read strictly, as in read_yaml(), and all scalars are text but proof_file.size_bytes. Only when a block
/// cannot be read so, the lenient rule holds: a line `key: rest` at its left edge, whose rest is unquoted and has ": "
/// in it, is taken as a text up to the end of the line. Each such line is a warning. Comments count where they follow a
/// value, or the key of a list, in the same line. The same operation_id with another content is a fault.
[[nodiscard]] ChangelogReading read_changelog(std::string_view text);

/// Reads one entry that a person wrote, as YAML or as a fenced block; by the same rules, but an operation_id may be
/// missing (or that of the template): then the entry has none. More or less than one entry is a fault.
[[nodiscard]] ChangelogReading read_entry(std::string_view text);

/// "LINE:COLUMN: text"
[[nodiscard]] std::string to_text(const YamlFault& fault);

}  // namespace ess
