#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/changelog_reader.hpp"
#include "host/ledger_index.hpp"

namespace ess::essctl {

/// A text that is imported, as it was read.
struct ImportSource {
    std::string name;  ///< the file as the operator named it, or repository and tag
    ChangelogReading reading;
};

/// An entry, and what is to be done with it.
struct ImportStep {
    std::string file;
    ChangelogEntry read;
    bool known = false;     ///< the ledger has it already, with the same content
    std::uint64_t seq = 0;  ///< its line there
    Json ess;               ///< of the line that is to be written: where it comes from, and what it was
};

struct ImportPlan {
    std::vector<ImportStep> steps;      ///< oldest operation first, each before its amendments
    std::vector<std::string> problems;  ///< sentences for a person; one means: nothing may be imported
};

/// Compares what was read with the ledger and with each other. Fails when a line of the ledger cannot be read.
[[nodiscard]] Result<ImportPlan> plan_import(std::vector<ImportSource> sources, const host::LedgerIndex& ledger);

}  // namespace ess::essctl
