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

/// `line` is the operation's own one, and `origin` that of the log that has it.
[[nodiscard]] SignoffTarget signoff_target(const Operation& operation, const LedgerLine& line,
                                           const std::string& origin);

/// Whether two names are of one person: allowed_signers has "alice@example.com" where the host says "alice".
[[nodiscard]] bool is_same_person(std::string_view left, std::string_view right);

/// Whether policy allows this signoff line: `ess.statement` is the one of the target, `entry.approved_by` neither asked
/// for the operation nor signed it off before. The signature is not looked at (host/signoff.hpp does that).
[[nodiscard]] Result<> check_signoff_policy(const SignoffTarget& target, const Json& entry, const Json& ess);

}  // namespace ess
