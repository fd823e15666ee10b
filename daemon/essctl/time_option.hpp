#pragma once

#include "core/time_range.hpp"

namespace CLI {
class App;
}

namespace ess::essctl {

/// --since and --until. `range` must outlive the parsing.
void add_time_range(CLI::App& verb, TimeRange& range);

}  // namespace ess::essctl
