#pragma once

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "core/changelog_reader.hpp"
#include "core/changelog_writer.hpp"
#include "core/yaml_writer.hpp"

namespace ess::test {

[[noreturn]] inline void give_up(std::string_view why, std::string_view text) {
    std::cerr << why << "\n" << text << "\n";
    std::abort();
}

/// The Markdown of an entry that was read.
inline std::string written(const ChangelogEntry& read) {
    if (read.amends) return "```yaml\n" + amendment_yaml(read.entry) + "```\n";
    Operation operation;
    operation.entry = read.entry;
    operation.comments = read.comments;
    operation.ess = read.ess;
    operation.kind = read.kind.value_or(LedgerKind::Append);
    return changelog_block(operation);
}

/// What was read must be the same after it was written and read again, without a warning.
inline void expect_same(const ChangelogEntry& first, const ChangelogReading& again, std::string_view text) {
    for (const YamlFault& fault : again.faults)
        give_up("refused: " + to_text(fault), text);
    if (again.entries.size() != 1) give_up("not one entry", text);
    const ChangelogEntry& second = again.entries.front();
    const bool same_kind = first.kind.value_or(LedgerKind::Append) == second.kind.value_or(LedgerKind::Append);
    // Comments of an amendment stay in its verbatim text alone.
    const bool same_comments = first.amends || first.comments == second.comments;
    const bool same_rest = first.amends || (first.ess == second.ess && same_kind);
    if (first.entry != second.entry || !same_comments || !same_rest || !second.warnings.empty())
        give_up("another entry: " + first.entry.dump() + "\nand: " + second.entry.dump(), text);
}

}  // namespace ess::test
