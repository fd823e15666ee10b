#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/operation_finder.hpp"

namespace ess::essctl {

/// An operation and where its line lies.
struct FoundEntry : FoundOperation {
    std::string segment;  ///< the file; empty: it could not be found again
};

/// Searches the ledger. If the id is not there, that is said with the ids it may have been meant for; if the ledger
/// cannot be read, that; damage beside it is said too.
[[nodiscard]] std::optional<FoundEntry> find_operation(const std::string& directory, const std::string& id);

}  // namespace ess::essctl
