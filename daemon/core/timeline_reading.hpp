#pragma once

#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/trip_report.hpp"

namespace ess {

/// Reads back what trip_timeline() wrote; `outcome` is told by the entry, not here. Fails with the member that is not
/// as it writes it: what cannot be read must not be drawn.
[[nodiscard]] Result<TripReport> read_timeline(const Json& ess);

/// Puts the units in the order in which people look: those that still run, then by when the last process was gone,
/// the slowest first, then those that were not running.
void sort_slowest_first(std::vector<UnitTimeline>& units);

}  // namespace ess
