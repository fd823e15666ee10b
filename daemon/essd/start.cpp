// The controlled start after a reset.

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "core/latch_text.hpp"
#include "core/unit_name.hpp"
#include "essd/daemon.hpp"
#include "host/journal.hpp"

namespace ess::essd {

namespace {

namespace journal = host::journal;
using journal::Level;

VarlinkError refusal(const std::string& name, const std::string& reason) {
    VarlinkError error{"io.quantum.EmergencyStop." + name, Json::object()};
    if (!reason.empty()) error.parameters["reason"] = reason;
    return error;
}

}  // namespace

void Daemon::on_start(const host::ControlRequest& request, host::CallReply reply) {
    std::optional<bool> all;
    std::optional<std::string> claimed;
    const auto fault =
        VarlinkParameters(request.parameters).optional("all", all).optional("requested_by", claimed).fault();
    if (fault) return reply.error(*fault);
    const Requester who{request.peer.uid, clean_line(claimed.value_or(""), reason_limit)};
    if (engine_.phase() != StopEngine::Phase::Armed) {
        record_refusal("Start refused", "the stop is in force", who);
        return reply.error(refusal("Tripped", ""));
    }
    if (start_) return reply.error(refusal("Busy", "another controlled start is under way"));
    if (state() != State::Armed) {
        return refuse(reply, "Start refused", "the stop is not ready; see: essctl status", who);
    }
    std::vector<std::string> units = all.value_or(false) ? startable_units() : ledger_.ran_before;
    std::erase_if(units, [this](const std::string& unit) { return !is_allowed(unit); });
    if (units.empty()) {
        return reply.error(refusal("Refused", "no unit ran before the last trip; --all starts the whole allow-list"));
    }
    start_.emplace(PendingStart{who, request.wants_more, StartSequence(units, monotonic_now()), std::move(reply), 0});
    // What was loaded while the units were masked says nothing of their order.
    read_relations([this, units] {
        if (!start_) return;
        start_->sequence = StartSequence(start_order(units, relations_), monotonic_now());
        journal::log(Level::Notice, "controlled start of " + join(start_->sequence.units(), ", "));
        step_start(start_->sequence.time_passed(monotonic_now()));
    });
}

/// The units that can be named: of a pattern only what is there.
std::vector<std::string> Daemon::startable_units() const {
    std::vector<std::string> names;
    for (const UnitRule& rule : config_.units) {
        if (!is_pattern(rule.name)) names.push_back(rule.name);
    }
    return names;
}

void Daemon::step_start(const StartSequence::Step& step) {
    if (!start_) return;
    tell_started_units();
    if (step.start) {
        units_.start_other(*step.start, [this, unit = *step.start](const Result<>& queued) {
            if (!queued && start_) step_start(start_->sequence.start_refused(unit, queued.error().text));
        });
    }
    if (step.look) {
        units_.read_states({*step.look}, [this, unit = *step.look](const Result<UnitStates>& states) {
            if (!states || !start_ || !states->contains(unit)) return;
            step_start(start_->sequence.state_is(unit, states->at(unit).active, monotonic_now()));
        });
    }
    if (step.verdict == StartSequence::Verdict::Failed) return start_failed(step.why);
    if (step.verdict == StartSequence::Verdict::Done) return end_start(Outcome::Success, "");
    start_timer_.arm(start_->sequence.deadline());
}

void Daemon::tell_started_units() {
    const auto& started = start_->sequence.started();
    for (; start_->told < started.size(); ++start_->told) {
        const StartedUnit& unit = started[start_->told];
        journal::log(Level::Notice, unit.name + " is stable");
        if (start_->wants_more) {
            start_->reply.stream({{"unit", unit.name}, {"stable_us", unit.stable_after.value_or(Micros(0)).count()}});
        }
    }
}

/// The first failure trips again: a platform that is half up is worse than one that is down.
void Daemon::start_failed(const std::string& why) {
    journal::log(Level::Critical, "the controlled start failed: " + why);
    latch_info_.reason = "controlled start failed: " + why;
    const auto set = latch_.create(latch_content_text({latch_info_.reason, "essd", "start"}));
    if (!set) journal::log(Level::Critical, "the latch cannot be set: " + set.error().text);
    end_start(Outcome::Partial, why);
    tell(LatchSeen{});
}

void Daemon::end_start(Outcome outcome, const std::string& why) {
    start_timer_.set_enabled(false);
    counters_.starts.count(outcome);
    auto ended = std::make_shared<PendingStart>(std::move(*start_));
    start_.reset();
    std::vector<std::string> started;
    for (const StartedUnit& unit : ended->sequence.started())
        started.push_back(unit.name);
    const std::string done = started.empty() ? "no unit" : join(started, ", ");
    recorder_.happened(
        LedgerKind::Start,
        {.name = "Controlled start",
         .summary = "Started and found stable: " + done + "." + (why.empty() ? "" : " Failed: " + why + "."),
         .objective = "Start what ran before the emergency stop, one by one",
         .blast_radius = "The started units trade again.",
         .outcome = outcome},
        ended->who, [ended, outcome, why](const std::string& id) {
            if (outcome == Outcome::Partial) return ended->reply.error(refusal("Failed", why));
            ended->reply.reply({{"operation_id", id}});
        });
    show();
}

}  // namespace ess::essd
