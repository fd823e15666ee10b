#include <utility>

#include "core/config.hpp"
#include "core/paths.hpp"
#include "essctl/screen.hpp"
#include "essctl/verbs.hpp"
#include "host/config_files.hpp"
#include "host/maintenance.hpp"

namespace ess::essctl {

Exit check_config(const CheckConfigOptions& options) {
    ConfigReading reading = options.files.empty() ? host::read_config_files(paths::config_directory)
                                                  : host::read_listed_config_files(options.files);
    for (ConfigFault& fault : host::problems_of(reading.config.config_hash.maintenance))
        reading.faults.push_back(std::move(fault));
    for (const ConfigFault& fault : reading.faults)
        err(to_text(fault) + "\n");
    if (!reading.faults.empty()) return Exit::Failed;
    out("The configuration is valid: a trip stops these units.\n");
    for (const UnitRule& rule : reading.config.units) {
        const bool immediate = rule.category == StopCategory::Immediate;
        out("  " + rule.name + (immediate ? "  immediate" : "  controlled, killed after " + to_text(rule.grace)) +
            "\n");
    }
    return Exit::Fine;
}

}  // namespace ess::essctl
