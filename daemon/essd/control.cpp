// The methods of the control socket: what each needs stands beside its name.

#include "base/text.hpp"
#include "core/latch_text.hpp"
#include "essd/daemon.hpp"

namespace ess::essd {

namespace {

/// A status does not wait longer for systemd than this; it then shows what was known last.
constexpr Micros status_patience = std::chrono::milliseconds(500);

}  // namespace

void Daemon::serve() {
    control_.add_method({.name = "io.quantum.EmergencyStop.Status",
                         .privilege = host::Privilege::Anyone,
                         .call = [this](const host::ControlRequest& request, host::CallReply reply) {
                             if (const auto fault = VarlinkParameters(request.parameters).fault()) {
                                 return reply.error(*fault);
                             }
                             on_status(std::move(reply));
                         }});
    control_.add_method({.name = "io.quantum.EmergencyStop.Reset",
                         .privilege = host::Privilege::Operator,
                         .call = [this](const host::ControlRequest& request, host::CallReply reply) {
                             on_reset(request, std::move(reply));
                         }});
    control_.add_method({.name = "io.quantum.EmergencyStop.Start",
                         .privilege = host::Privilege::Operator,
                         .call = [this](const host::ControlRequest& request, host::CallReply reply) {
                             on_start(request, std::move(reply));
                         }});
}

/// All who ask while systemd is being asked get the same answer.
void Daemon::on_status(host::CallReply reply) {
    status_waiters_.push_back(std::move(reply));
    if (!units_.connected()) return answer_status();
    if (status_waiters_.size() > 1) return;
    status_patience_.arm(monotonic_now() + status_patience);
    read_unit_states();
}

void Daemon::answer_status() {
    status_patience_.set_enabled(false);
    if (status_waiters_.empty()) return;
    readiness_.check_guard();
    const Json json = to_json(status());
    for (host::CallReply& waiter : std::exchange(status_waiters_, {}))
        waiter.reply(json);
}

void Daemon::on_reset(const host::ControlRequest& request, host::CallReply reply) {
    std::string reason;
    std::optional<std::string> claimed;
    const auto fault =
        VarlinkParameters(request.parameters).required("reason", reason).optional("requested_by", claimed).fault();
    if (fault) return reply.error(*fault);
    reason = clean_line(reason, reason_limit);
    if (reason.empty()) return reply.error(invalid_parameter("reason"));
    if (reset_) {
        return reply.error({"io.quantum.EmergencyStop.Busy", {{"reason", "another reset is under way"}}});
    }
    const Requester who{request.peer.uid, clean_line(claimed.value_or(""), reason_limit)};
    reset_.emplace(PendingReset{who, reason, std::move(reply)});
    tell(ResetAsked{});
}

/// The reset has been done; an entry that has to wait is told by an empty id and a fault.
void Daemon::answer_reset(const std::string& operation_id) {
    if (!reset_) return;
    if (reset_->reply) reset_->reply->reply({{"operation_id", operation_id}});
    reset_.reset();
    show();
}

}  // namespace ess::essd
