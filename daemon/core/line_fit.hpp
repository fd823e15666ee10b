#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"

namespace ess {

/// What fit_line() took from a field: "units".
struct Shortened {
    std::string field;
    std::size_t kept = 0;  ///< items of a list or map, bytes of a text
    std::size_t of = 0;
};

/// Makes an entry and its `ess` object fit into a line of the ledger (ledger_line_limit), by halving the largest of
/// their lists, maps and texts until they do: of a stop of thousands of units, the ledger keeps the first ones of each
/// list and the proof file has all. Returns what was shortened, which is also said in `notes`; empty if it fitted.
std::vector<Shortened> fit_line(Json& entry, Json& ess);

}  // namespace ess
