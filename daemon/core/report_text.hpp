#pragma once

#include <string>

#include "core/report.hpp"

namespace ess {

/// The report as plain text: the same, in the same order, with the timeline as a table; for a terminal without colours,
/// a mail, a printer. Lines of our own have 80 columns at most.
[[nodiscard]] std::string report_text(const Report& report);

}  // namespace ess
