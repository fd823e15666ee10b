#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/operation.hpp"

namespace ess::essctl {

/// An operation and where its line lies.
struct FoundOperation {
    Operation operation;
    LedgerLine line;      ///< as it lies there
    std::string origin;   ///< of the log that has it; empty: the ledger has no log there
    std::string segment;  ///< the file; empty: it could not be found again
};

/// Searches the ledger. If the id is not there, that is said with the ids it may have been meant for; if the ledger
/// cannot be read, that; damage beside it is said too.
[[nodiscard]] std::optional<FoundOperation> find_operation(const std::string& directory, const std::string& id);

}  // namespace ess::essctl
