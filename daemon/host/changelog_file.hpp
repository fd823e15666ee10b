#pragma once

#include <string>

#include "base/result.hpp"
#include "core/day_range.hpp"
#include "host/ledger_index.hpp"
#include "host/streamed_file.hpp"

namespace ess::host {

/// Gives the Markdown changelog of those days to `sink`, piece by piece (core/changelog_writer).
[[nodiscard]] Result<> stream_changelog(const LedgerIndex& index, const DayRange& days, const TextSink& sink);

/// Writes the whole ledger as Markdown to `path`, for those who may read the ledger (0640, of the operators' group):
/// its evidence is not for everybody on the host. Reads all of the ledger: for the writer thread. The file appears as a
/// whole and is not synced, since it can be made again.
[[nodiscard]] Result<> write_changelog(const std::string& ledger_directory, const std::string& path);

}  // namespace ess::host
