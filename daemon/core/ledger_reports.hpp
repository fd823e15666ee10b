#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/ledger_line.hpp"

namespace ess {

// The entries that the ledger writes about itself, in the operators' fields like every other. `stamp` are the fields
// that every entry has (hostname, config_hash, ...), or null.

/// Of a recovery or breach line: what was found.
[[nodiscard]] Json damage_entry(LedgerKind kind, const std::string& found, WallTime time, const Json& stamp);

/// Of a recovery line for lines that were durable and had no checkpoint yet.
[[nodiscard]] Json unsigned_entry(std::uint64_t from, std::uint64_t to, WallTime time, const Json& stamp);

/// Of a key line.
[[nodiscard]] Json key_entry(const std::string& requested_by, WallTime time, const Json& stamp);

}  // namespace ess
