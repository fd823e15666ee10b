#pragma once

#include <string>

#include "core/report.hpp"

namespace ess {

/// The report as one HTML page that needs nothing else: no network, no script, no font. What people look for first
/// stands first; whatever is in the entry, nothing of it is markup (html_text), and the page's own policy forbids what
/// it does not need.
[[nodiscard]] std::string report_page(const Report& report);

}  // namespace ess
