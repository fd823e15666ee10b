#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/config_hash.hpp"

namespace ess::host {

/// Longest configuration file that is read. The real ones have a few kilobytes; the bound keeps the daemon's memory.
inline constexpr std::size_t config_file_limit = std::size_t{16} << 20U;

struct ConfigReading {
    ConfigHash hash;
    std::vector<Error> unreadable;  ///< why, for each file that counted as "ERROR"
};

/// Hashes the named files of `directory`. What is missing, unreadable, not a regular file or above the limit counts as
/// "ERROR" and is told in `unreadable`. Reads disks: for the writer thread.
[[nodiscard]] ConfigReading read_config_hash(const std::string& directory, const std::vector<std::string>& names);

}  // namespace ess::host
