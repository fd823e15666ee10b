#pragma once

#include <cstdint>
#include <string>
#include <tl/expected.hpp>

#include "base/json.hpp"
#include "core/ledger_line.hpp"
#include "essctl/daemon_client.hpp"

namespace ess::essctl {

/// Where an entry stands in the ledger.
struct Recorded {
    std::string operation_id;
    std::uint64_t seq = 0;
    std::string hash;
    bool existed =
        false;  ///< the operation_id was there already: nothing was written, and this is the line that has it
};

/// Writes one line durably. The daemon does it, if `directory` is its own ledger and it runs: it is the one writer.
/// Otherwise the files are written here. A daemon that refuses, or does not answer, is never gone around. `ess` (an
/// object, or null) gets `recorded_by`, the person at the keyboard. Of amend and signoff the operation must be there.
[[nodiscard]] tl::expected<Recorded, Explanation> record(LedgerKind kind, const Json& entry, const Json& ess,
                                                         const std::string& directory);

}  // namespace ess::essctl
