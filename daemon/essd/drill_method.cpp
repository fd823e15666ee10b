// Drill over the socket, and what is shown of the drills that were.

#include "base/text.hpp"
#include "core/latch_text.hpp"
#include "essd/daemon.hpp"

namespace ess::essd {

namespace {

VarlinkError refusal(const char* name, const std::string& reason) {
    return {std::string("io.quantum.EmergencyStop.") + name, {{"reason", reason}}};
}

}  // namespace

void Daemon::on_drill(const host::ControlRequest& request, host::CallReply reply) {
    std::optional<std::int64_t> rounds;
    std::optional<std::string> claimed;
    const auto fault =
        VarlinkParameters(request.parameters).optional("rounds", rounds).optional("requested_by", claimed).fault();
    if (fault) return reply.error(*fault);
    const std::int64_t asked = rounds.value_or(drill_rounds_default);
    if (asked < 1 || asked > drill_rounds_limit) return reply.error(invalid_parameter("rounds"));
    if (engine_.phase() != StopEngine::Phase::Armed) {
        return reply.error({"io.quantum.EmergencyStop.Tripped", Json::object()});
    }
    if (drill_.is_running()) return reply.error(refusal("Busy", "a drill is under way"));
    if (start_) return reply.error(refusal("Busy", "a controlled start is under way"));
    // A drill shows that a stop works; where one is known to fail, that is what to be told.
    readiness_.check_guard();
    if (state() != State::Armed) {
        std::vector<std::string> errors;
        for (const Fault& known : readiness_.faults()) {
            if (known.severity == Fault::Severity::Error) errors.push_back(known.text);
        }
        return reply.error(refusal("NotReady", join(errors, "; ")));
    }
    drill_.begin({request.peer.uid, clean_line(claimed.value_or(""), reason_limit)}, static_cast<std::uint32_t>(asked),
                 request.wants_more, std::move(reply));
}

/// Not before the ledger has been read: it knows when the last one was.
void Daemon::check_drill() {
    if (!ledger_.began) return;
    const DrillTrouble trouble = drill_trouble(ledger_.last_drill, *ledger_.began, config_.drill.max_age, wall_now());
    show_warning("drill-overdue", trouble.overdue);
    show_warning("drill-failed", trouble.failed);
}

}  // namespace ess::essd
