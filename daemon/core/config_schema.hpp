#pragma once

#include <cstddef>

#include "core/config_draft.hpp"
#include "core/yaml_tree.hpp"

namespace ess {

/// Lays one file over the draft: known keys with values of the right form go in, all else becomes a fault. The first
/// source replaces the default of a list, the later ones add to it.
void read_schema(const YamlNode& root, std::size_t source, ConfigDraft& draft);

}  // namespace ess
