#pragma once

#include <string_view>

namespace ess {

/// The style of the report's page: wide and narrow, light and dark, screen and paper. Text has a contrast of 4.5:1 at
/// least in both schemes (tests/browser/report measures it).
[[nodiscard]] std::string_view report_style();

}  // namespace ess
