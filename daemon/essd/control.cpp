// The methods of the control socket: what each needs stands beside its name.

#include "base/text.hpp"
#include "core/latch_text.hpp"
#include "essd/daemon.hpp"

namespace ess::essd {

namespace {

/// A status does not wait longer for systemd than this; it then shows what was known last.
constexpr Micros status_patience = std::chrono::milliseconds(500);
/// Within this time nobody sees a difference, and whoever asks without end keeps systemd from nothing.
constexpr Micros status_pause = std::chrono::milliseconds(100);

}  // namespace

void Daemon::serve() {
    using host::Privilege;
    using host::Stream;
    using Call = void (Daemon::*)(const host::ControlRequest& request, host::CallReply reply);
    struct Method {
        const char* name;
        Privilege privilege;
        Call call;
        Stream stream = Stream::Optional;
    };
    for (const Method& method : {
             Method{"Status", Privilege::Reader, &Daemon::on_status},
             Method{"Watch", Privilege::Reader, &Daemon::on_watch, Stream::Required},
             Method{"Metrics", Privilege::Reader, &Daemon::on_metrics},
             Method{"Check", Privilege::Reader, &Daemon::on_check},
             Method{"Trip", Privilege::Operator, &Daemon::on_trip},
             Method{"Reset", Privilege::Operator, &Daemon::on_reset},
             Method{"Approve", Privilege::Operator, &Daemon::on_approve},
             Method{"Start", Privilege::Operator, &Daemon::on_start},
             Method{"Drill", Privilege::Operator, &Daemon::on_drill},
             Method{"LedgerHead", Privilege::Reader, &Daemon::on_ledger_head},
             Method{"LedgerRead", Privilege::Operator, &Daemon::on_ledger_read},
             Method{"LedgerAppend", Privilege::Operator, &Daemon::on_append},
             Method{"FleetReport", Privilege::Operator, &Daemon::on_fleet_report},
             // Root alone: whoever makes the key decides what is signed from now on.
             Method{"LedgerRotateKey", Privilege::Root, &Daemon::on_rotate_key},
         }) {
        control_.add_method({.name = std::string("io.quantum.EmergencyStop.") + method.name,
                             .privilege = method.privilege,
                             .stream = method.stream,
                             .call = [this, call = method.call](const auto& request, host::CallReply reply) {
                                 (this->*call)(request, std::move(reply));
                             }});
    }
}

/// Whether systemd is asked how the units are: not in a stop, when it has better to do and the kernel's word counts,
/// and not for each of many who ask.
bool Daemon::may_ask_for_states() const {
    const bool stopping = engine_.phase() != StopEngine::Phase::Armed && !engine_.settled();
    return units_.connected() && !stopping && monotonic_now() - status_asked_ >= status_pause;
}

/// All who ask while systemd is being asked get the same answer.
void Daemon::on_status(const host::ControlRequest& request, host::CallReply reply) {
    if (const auto fault = VarlinkParameters(request.parameters).fault()) return reply.error(*fault);
    status_waiters_.push_back(std::move(reply));
    if (status_waiters_.size() > 1) return;
    if (!may_ask_for_states()) return answer_status();
    status_asked_ = monotonic_now();
    status_patience_.arm(status_asked_ + status_patience);
    read_unit_states();
}

/// At once with what is known; what systemd then says of the units is a change.
void Daemon::on_watch(const host::ControlRequest& request, host::CallReply reply) {
    if (const auto fault = VarlinkParameters(request.parameters).fault()) return reply.error(*fault);
    // Not for each one that comes: who calls Watch over and over must not keep systemd busy.
    const bool first = !watchers_.any();
    watchers_.add(request.peer.uid, std::move(reply));
    if (first) look_for_watchers();
}

void Daemon::answer_status() {
    status_patience_.set_enabled(false);
    if (status_waiters_.empty()) return;
    if (status_reply_.empty()) {
        readiness_.check_guard();
        status_reply_ = reply_to_wire(to_json_text(status()), false);
    }
    for (host::CallReply& waiter : std::exchange(status_waiters_, {}))
        waiter.reply_encoded(status_reply_);
}

void Daemon::on_check(const host::ControlRequest& request, host::CallReply reply) {
    if (const auto fault = VarlinkParameters(request.parameters).fault()) return reply.error(*fault);
    if (state() == State::Tripping) return reply.error(stop_under_way());
    self_check_.ask(std::move(reply));
}

void Daemon::on_reset(const host::ControlRequest& request, host::CallReply reply) {
    std::string reason;
    std::optional<std::string> claimed;
    std::optional<std::string> approver;
    const auto fault = VarlinkParameters(request.parameters)
                           .required("reason", reason)
                           .optional("requested_by", claimed)
                           .optional("approved_by", approver)
                           .fault();
    if (fault) return reply.error(*fault);
    reason = clean_line(reason, reason_limit);
    if (reason.empty()) return reply.error(invalid_parameter("reason"));
    const Requester who{request.peer.uid, clean_line(claimed.value_or(""), reason_limit)};
    const ResetOrder order{who, reason, clean_line(approver.value_or(""), reason_limit), {}};
    if (reset_) {
        return reply.error({"io.quantum.EmergencyStop.Busy", {{"reason", "another reset is under way"}}});
    }
    if (config_.reset.four_eyes && !order.approved_by.empty()) {
        return refuse(reply, "Reset refused",
                      "two people have to act (reset.four_eyes): ask without an approver, and let " +
                          order.approved_by + " run essctl approve",
                      who);
    }
    if (config_.reset.four_eyes) return ask_second_person(order, std::move(reply));
    reset_.emplace(PendingReset{order, std::move(reply)});
    tell(ResetAsked{});
}

void Daemon::on_append(const host::ControlRequest& request, host::CallReply reply) {
    std::string word;
    AppendOrder order;
    std::optional<Json> ess;
    std::optional<std::string> claimed;
    const auto fault = VarlinkParameters(request.parameters)
                           .required("kind", word)
                           .required("entry", order.entry)
                           .optional("ess", ess)
                           .optional("requested_by", claimed)
                           .fault();
    if (fault) return reply.error(*fault);
    const auto kind = ledger_kind_from(word);
    // The other kinds say what essd itself did or saw.
    const bool given = kind == LedgerKind::Append || kind == LedgerKind::Amend || kind == LedgerKind::Signoff;
    if (!given) return reply.error(invalid_parameter("kind"));
    order.kind = *kind;
    order.ess = ess.value_or(Json());
    order.who = {request.peer.uid, clean_line(claimed.value_or(""), reason_limit)};
    recorder_.append(order, [this, number = keep(std::move(reply))](const AppendAnswer& answer) {
        host::CallReply waiting = take(number);
        if (!answer.error.empty()) {
            const char* const name = answer.refused ? "Refused" : "Failed";
            return waiting.error({std::string("io.quantum.EmergencyStop.") + name, {{"reason", answer.error}}});
        }
        waiting.reply({{"operation_id", answer.operation_id},
                       {"seq", answer.seq},
                       {"hash", answer.hash},
                       {"existed", answer.existed}});
    });
}

void Daemon::on_rotate_key(const host::ControlRequest& request, host::CallReply reply) {
    std::optional<std::string> claimed;
    const auto fault = VarlinkParameters(request.parameters).optional("requested_by", claimed).fault();
    if (fault) return reply.error(*fault);
    const Requester who{request.peer.uid, clean_line(claimed.value_or(""), reason_limit)};
    recorder_.rotate_key(who,
                         [this, number = keep(std::move(reply))](const std::string& vkey, const std::string& error) {
                             host::CallReply waiting = take(number);
                             if (!error.empty()) {
                                 return waiting.error({"io.quantum.EmergencyStop.Failed", {{"reason", error}}});
                             }
                             waiting.reply({{"vkey", vkey}});
                         });
}

std::uint64_t Daemon::keep(host::CallReply reply) {
    kept_replies_.emplace(++last_reply_, std::move(reply));
    return last_reply_;
}

host::CallReply Daemon::take(std::uint64_t number) {
    auto kept = kept_replies_.extract(number);
    return std::move(kept.mapped());
}

/// The reset has been done; an entry that has to wait is told by an empty id and a fault.
void Daemon::answer_reset(const std::string& operation_id) {
    if (!reset_) return;
    if (reset_->reply) reset_->reply->reply({{"operation_id", operation_id}});
    reset_.reset();
    show();
}

}  // namespace ess::essd
