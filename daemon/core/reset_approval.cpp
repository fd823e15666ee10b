#include "core/reset_approval.hpp"

#include <utility>

#include "core/signers.hpp"

namespace ess {

void ResetApproval::ask(Request request) {
    request_ = std::move(request);
}

ResetApproval::Verdict ResetApproval::approve(const std::string& operation_id, const std::string& by) const {
    if (!request_ || request_->operation_id != operation_id) return Verdict::NoRequest;
    return is_same_person(request_->requested_by, by) ? Verdict::SamePerson : Verdict::Granted;
}

std::optional<ResetApproval::Request> ResetApproval::take() {
    return std::exchange(request_, std::nullopt);
}

std::optional<ResetApproval::Request> ResetApproval::take_expired(Instant now) {
    if (!request_ || now < request_->expires) return std::nullopt;
    return take();
}

}  // namespace ess
