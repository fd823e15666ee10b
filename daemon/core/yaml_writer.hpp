#pragma once

#include <string>

#include "base/json.hpp"
#include "core/operation.hpp"

namespace ess {

/// The entry of an operation as a YAML document, its `---` included: the known fields in their order, then the others,
/// then `kind` (if it is not an operators' entry) and `ess`; comments behind their values. YAML 1.1 and YAML 1.2 read
/// the same from it, and each text as that text. read_changelog() gives the same entry, comments, kind and `ess` back.
[[nodiscard]] std::string entry_yaml(const Operation& operation);

/// An amendment likewise, with `amends` in place of operation_id.
[[nodiscard]] std::string amendment_yaml(const Json& amendment);

}  // namespace ess
