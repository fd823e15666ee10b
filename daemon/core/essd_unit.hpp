#pragma once

/// What units/essd.service sets that a stop in time depends on: tests/core/check_test.cpp holds the two together.
namespace ess::essd_unit {

inline constexpr int priority = 50;
inline constexpr int oom_score_adjust = -1000;
inline constexpr const char* restart = "always";
inline constexpr const char* last_resort = "essd-stop-now.service";

}  // namespace ess::essd_unit
