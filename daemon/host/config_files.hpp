#pragma once

#include <string>
#include <vector>

#include "core/config.hpp"

namespace ess::host {

/// Reads DIRECTORY/ess.yaml, which must be there, and over it DIRECTORY/ess.d/*.yaml in the order of their names
/// (bytes, as systemd sorts drop-ins). Names that begin with a dot are skipped, and so is everything that does not end
/// in .yaml, except .yml, which is a fault: it was meant. What cannot be read is a fault of line 0. Blocks on the disk.
[[nodiscard]] ConfigReading read_config_files(const std::string& directory = "/etc/quantum");

/// As above for these files, the first one as the main file. Maintenance windows are not checked by either:
/// problems_of() in maintenance.hpp does.
[[nodiscard]] ConfigReading read_listed_config_files(const std::vector<std::string>& files);

/// The configuration to act on when nobody is there to mend it.
struct BestConfig {
    Config config;
    std::vector<ConfigFault> faults;  ///< of the real configuration; none: that is the one
    std::string source;               ///< what was used in its place; empty if there is nothing to use
};

/// The configuration, or the last good allow-list if it cannot be used, or one without units.
[[nodiscard]] BestConfig read_best_config();

}  // namespace ess::host
