#pragma once

#include "core/config_forms.hpp"

namespace ess {

/// Reads `fleet:`. Several files merge by key; endpoints of a later file are added.
void read_fleet(const ConfigFile& file, ConfigDraft& draft, const Setting& setting);

}  // namespace ess
