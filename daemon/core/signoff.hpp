#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/ledger_line.hpp"
#include "core/ledger_log.hpp"
#include "core/operation.hpp"

namespace ess {

/// The entry that a person signs off, as the ledger has it.
struct SignoffTarget {
    SignoffSubject subject;
    std::string requester;             ///< who asked for the operation; of SELF, who recorded it
    std::vector<std::string> signers;  ///< who has signed it off already
};

/// Who asked for what a line records. The operators' format writes SELF for whoever runs the tool: that is who recorded
/// it.
[[nodiscard]] std::string requester_of(const LedgerLine& line);

/// `line` is the operation's own one, and `origin` that of the log that has it.
[[nodiscard]] SignoffTarget signoff_target(const Operation& operation, const LedgerLine& line,
                                           const std::string& origin);

/// Whether policy allows this signoff line: `ess.statement` is the one of the target, `entry.approved_by` neither asked
/// for the operation nor signed it off before. The signature is not looked at (host/signoff.hpp does that).
[[nodiscard]] Result<> check_signoff_policy(const SignoffTarget& target, const Json& entry, const Json& ess);

}  // namespace ess
