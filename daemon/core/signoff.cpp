#include "core/signoff.hpp"

#include <algorithm>

#include "core/signers.hpp"

namespace ess {

std::string requester_of(const LedgerLine& line) {
    std::string requester = text_at(line.entry, "requested_by");
    const std::string recorder = text_at(line.ess, "recorded_by");
    return requester == "SELF" && !recorder.empty() ? recorder : requester;
}

SignoffTarget signoff_target(const Operation& operation, const LedgerLine& line, const std::string& origin) {
    SignoffTarget target{{origin, operation.id(), operation.seq, operation.hash}, requester_of(line), {}};
    for (const Json& signoff : operation.signoffs)
        target.signers.push_back(text_at(signoff, "approved_by"));
    return target;
}

Result<> check_signoff_policy(const SignoffTarget& target, const Json& entry, const Json& ess) {
    const std::string person = text_at(entry, "approved_by");
    if (person.empty()) return failure("nobody is named who approves");
    if (!is_plain_name(person)) return failure("approved_by: not the name of a signer");
    if (text_at(ess, "statement") != target.subject.statement())
        return failure("what was signed is not the statement of " + target.subject.operation_id + " in this ledger");
    if (is_same_person(person, target.requester)) {
        return failure(person + " asked for " + target.subject.operation_id + " (" + target.requester +
                       "): another person must sign it off");
    }
    const bool again =
        std::ranges::any_of(target.signers, [&](const std::string& signer) { return is_same_person(signer, person); });
    if (again) return failure(person + " has signed " + target.subject.operation_id + " off already");
    return {};
}

}  // namespace ess
