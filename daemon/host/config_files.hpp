#pragma once

#include <string>
#include <vector>

#include "core/config.hpp"

namespace ess::host {

/// Reads DIRECTORY/ess.yaml, which must be there, and over it DIRECTORY/ess.d/*.yaml in the order of their names
/// (bytes, as systemd sorts drop-ins). Names that begin with a dot are skipped, and so is everything that does not end
/// in .yaml, except .yml, which is a fault: it was meant. What cannot be read is a fault of line 0. Blocks on the disk.
[[nodiscard]] ConfigReading read_config_files(const std::string& directory = "/etc/quantum");

/// As above for these files, the first one as the main file.
[[nodiscard]] ConfigReading read_listed_config_files(const std::vector<std::string>& files);

}  // namespace ess::host
