#include "essctl/trading_config.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include "core/paths.hpp"
#include "essctl/screen.hpp"
#include "host/config_files.hpp"
#include "host/config_hash_files.hpp"

namespace ess::essctl {

Config trading_config() {
    // A host without essd (an operator's own) has none to be wrong.
    std::error_code fault;
    if (!std::filesystem::exists(std::string(paths::config_directory) + "/ess.yaml", fault) && !fault) return {};
    ConfigReading reading = host::read_config_files(paths::config_directory);
    if (reading.faults.empty()) return std::move(reading.config);
    err("essctl: the configuration cannot be used, so its defaults count; see: essctl check-config\n");
    return {};
}

std::string config_hash_now(const Config& config) {
    const auto reading = host::read_config_hash(config.config_hash.directory, config.config_hash.files);
    for (const Error& error : reading.unreadable)
        err("essctl: counts as ERROR in the configuration hash: " + error.text + "\n");
    return reading.hash.hash16;
}

}  // namespace ess::essctl
