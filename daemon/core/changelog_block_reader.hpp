#pragma once

#include "core/changelog_blocks.hpp"
#include "core/changelog_reader.hpp"

namespace ess {

enum class IdRule {
    Required,
    Optional,  ///< a new entry: the ledger numbers it
};

/// Reads one block (see read_changelog()). Adds the entry, or its faults, to `reading`.
void read_block(const ChangelogBlock& block, IdRule rule, ChangelogReading& reading);

/// Reads the array of `export --format json` likewise.
void read_json_export(std::string_view text, ChangelogReading& reading);

}  // namespace ess
