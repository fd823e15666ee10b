// The second person of a reset (reset.four_eyes), and what becomes of requests that are refused.

#include <utility>

#include "base/text.hpp"
#include "core/message_id.hpp"
#include "essd/daemon.hpp"
#include "host/journal.hpp"

namespace ess::essd {

namespace {

namespace journal = host::journal;
using journal::Level;

constexpr const char* interface = "io.quantum.EmergencyStop.";

VarlinkError refusal(const std::string& why) {
    return {std::string(interface) + "Refused", {{"reason", why}}};
}

}  // namespace

/// Says no, and keeps that it was asked.
void Daemon::refuse(host::CallReply& reply, const std::string& what, const std::string& why, const Requester& who) {
    journal::log(Level::Warning, what + ": " + why);
    record_refusal(what, why, who);
    reply.error(refusal(why));
}

void Daemon::record_refusal(const std::string& what, const std::string& why, const Requester& who) {
    ++counters_.refusals;
    if (!refusals_.take(monotonic_now())) {
        ++refusals_left_out_;
        return;
    }
    std::string summary = why;
    if (const std::size_t left_out = std::exchange(refusals_left_out_, 0); left_out > 0) {
        summary += "; " + std::to_string(left_out) + " refusals before it are in the journal alone";
    }
    recorder_.happened(LedgerKind::Refusal, {.name = what, .summary = summary, .risk_class = "READ_ONLY"}, who);
}

/// The request is on record before anybody is asked: without that, nobody could tell later who was.
void Daemon::ask_second_person(const ResetOrder& order, host::CallReply reply) {
    if (engine_.phase() == StopEngine::Phase::Armed) return reply.error({std::string(interface) + "NotTripped", {}});
    if (const auto& waiting = approval_.waiting()) {
        return reply.error(refusal("the reset " + waiting->operation_id + " of " + waiting->requested_by +
                                   " waits for another person already: essctl approve " + waiting->operation_id));
    }
    if (std::exchange(asking_approval_, true)) {
        return reply.error({std::string(interface) + "Busy", {{"reason", "another reset is being asked for"}}});
    }
    approval_expires_ = wall_now() + config_.reset.expiry;
    recorder_.identify(order.who, [this, order, number = keep(std::move(reply))](const std::string& name) {
        const EventText event{.name = "Emergency stop reset requested",
                              .summary = "Reason: " + order.reason + ". Waits until " + to_rfc3339(approval_expires_) +
                                         " for another person's approval.",
                              .objective = "Release the emergency stop, by two people",
                              .blast_radius = "None until it is approved.",
                              .outcome = Outcome::Partial,
                              .approved_by = "PENDING"};
        recorder_.happened(LedgerKind::Approval, event, order.who, [this, order, number, name](const std::string& id) {
            asking_approval_ = false;
            host::CallReply answer = take(number);
            if (id.empty()) return answer.error(refusal("the request cannot be recorded, so it is not made"));
            approval_.ask({id, name, order.reason, monotonic_now() + config_.reset.expiry});
            approval_order_ = order;
            approval_order_.request_id = id;
            approval_timer_.arm(approval_.waiting()->expires);
            journal::log(Level::Notice, "the reset " + id + " of " + name + " waits for another person's approval");
            answer.reply({{"operation_id", id}, {"pending", true}, {"expires", to_rfc3339(approval_expires_)}});
        });
    });
}

void Daemon::on_approve(const host::ControlRequest& request, host::CallReply reply) {
    std::string operation_id;
    std::optional<std::string> claimed;
    const auto fault = VarlinkParameters(request.parameters)
                           .required("operation_id", operation_id)
                           .optional("requested_by", claimed)
                           .fault();
    if (fault) return reply.error(*fault);
    operation_id = clean_line(operation_id, reason_limit);
    const Requester who{request.peer.uid, clean_line(claimed.value_or(""), reason_limit)};
    // It speaks for the one person; who speaks for both would be no second pair of eyes.
    if (request.peer.uid == spokesmen_.fleet) {
        return refuse(reply, "Approval refused", "an approval is given on this host, not through the fleet", who);
    }
    const std::uint64_t number = keep(std::move(reply));
    recorder_.identify(who, [this, operation_id, who, number](const std::string& name) {
        approve(operation_id, name, who, take(number));
    });
}

void Daemon::approve(const std::string& operation_id, const std::string& name, const Requester& who,
                     host::CallReply reply) {
    using Verdict = ResetApproval::Verdict;
    const Verdict verdict = approval_.approve(operation_id, name);
    if (verdict == Verdict::NoRequest) {
        return refuse(reply, "Approval refused",
                      "no reset waits by the id " + operation_id + "; one that expired has to be asked for again", who);
    }
    if (verdict == Verdict::SamePerson) {
        return refuse(reply, "Approval refused", name + " has asked for this reset: another person has to approve it",
                      who);
    }
    if (reset_) return reply.error({std::string(interface) + "Busy", {{"reason", "another reset is under way"}}});
    const ResetApproval::Request granted = *approval_.take();
    approval_timer_.set_enabled(false);
    const EventText event{.name = "Emergency stop reset approved",
                          .summary = name + " approved the reset " + operation_id + " of " + granted.requested_by +
                                     ". Reason: " + granted.reason + ".",
                          .objective = "Release the emergency stop, by two people",
                          .approved_by = name};
    ResetOrder order = approval_order_;
    order.approved_by = name;
    const auto recorded = [this, order, granted, number = keep(std::move(reply))](const std::string& id) {
        host::CallReply answer = take(number);
        if (id.empty()) {
            approval_.ask(granted);
            approval_timer_.arm(granted.expires);
            return answer.error(refusal("the approval cannot be recorded, so it does not count"));
        }
        reset_.emplace(PendingReset{order, std::move(answer)});
        tell(ResetAsked{});
    };
    recorder_.happened(LedgerKind::Approval, event, order.who, recorded);
}

void Daemon::approval_expired() {
    const auto expired = approval_.take_expired(monotonic_now());
    if (!expired) return;
    journal::log(Level::Warning, "the reset " + expired->operation_id + " was not approved in time");
    record_refusal("Reset request expired",
                   "nobody approved the reset " + expired->operation_id + " of " + expired->requested_by + " within " +
                       to_text(config_.reset.expiry),
                   approval_order_.who);
}

}  // namespace ess::essd
