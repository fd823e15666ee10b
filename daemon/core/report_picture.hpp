#pragma once

#include <cstddef>
#include <string>

#include "core/trip_report.hpp"

namespace ess {

/// Of more units than this only the slowest are drawn one by one; one row more shows all of them together, and the
/// table has every one.
inline constexpr std::size_t drawn_units = 20;

/// The timeline of a trip as HTML with inline SVG: on one logarithmic time axis a row for each unit, with a bar for as
/// long as it had a process and a mark with its number for everything that happened to it, and the budget as a line
/// through all rows. Drawn twice, for wide and for narrow pages, of which the style shows one. Every mark has the exact
/// time in its `data-us`. The units are in the order of sort_slowest_first().
[[nodiscard]] std::string timeline_picture(const TripReport& trip);

}  // namespace ess
