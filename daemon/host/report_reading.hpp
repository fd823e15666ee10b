#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/report.hpp"

namespace ess::host {

/// The reports of these operations, out of the ledger's files, with their proof files as they are now; those that are
/// not in the ledger are left out. Reads all of the ledger once: for a command, or the writer thread.
[[nodiscard]] Result<std::vector<Report>> read_reports(const std::string& directory,
                                                       const std::vector<std::string>& operation_ids);

}  // namespace ess::host
