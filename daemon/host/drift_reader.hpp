#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/drift.hpp"

namespace ess::host {

/// Longest line of a log that is read: an audit entry with all its proposals has some ten kilobytes.
inline constexpr std::size_t log_line_limit = std::size_t{1} << 20U;

/// What is asked, and who is told while the sources are read.
struct DriftQuestion {
    TimeRange range;
    std::vector<std::string> names;  ///< the configuration's files, for a directory of them
    /// Each entry of the range as it lies there, without its newline; may be empty. A directory has none.
    std::function<void(const Sighting& sighting, std::string_view text)> entry;
    /// A sentence for a person on what could not be read, with the source's name and the number of the line.
    std::function<void(const std::string& text)> trouble;
};

/// Reads a directory of configuration files, a directory of ledger segments, a file with one JSON object (`essctl
/// status
/// --json`), or JSON lines; "-" is standard input. What cannot be read is told and counted in the source: the caller's
/// answer is never less than it seems. Memory does not grow with the lines.
[[nodiscard]] DriftSource read_drift_source(const std::string& path, const DriftQuestion& question);

}  // namespace ess::host
