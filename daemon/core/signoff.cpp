#include "core/signoff.hpp"

#include <algorithm>
#include <string_view>

namespace ess {

namespace {

char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

SignoffTarget signoff_target(const Operation& operation, const LedgerLine& line, const std::string& origin) {
    SignoffTarget target{
        {origin, operation.id(), operation.seq, operation.hash}, text_at(operation.entry, "requested_by"), {}};
    // The operators' format writes SELF for whoever runs the tool.
    if (const std::string recorder = text_at(line.ess, "recorded_by"); target.requester == "SELF" && !recorder.empty())
        target.requester = recorder;
    for (const Json& signoff : operation.signoffs)
        target.signers.push_back(text_at(signoff, "approved_by"));
    return target;
}

bool is_same_person(std::string_view left, std::string_view right) {
    const bool whole = left.find('@') != std::string_view::npos && right.find('@') != std::string_view::npos;
    if (!whole) {
        left = left.substr(0, left.find('@'));
        right = right.substr(0, right.find('@'));
    }
    return std::ranges::equal(left, right, {}, to_lower, to_lower);
}

Result<> check_signoff_policy(const SignoffTarget& target, const Json& entry, const Json& ess) {
    const std::string person = text_at(entry, "approved_by");
    if (person.empty()) return failure("nobody is named who approves");
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
