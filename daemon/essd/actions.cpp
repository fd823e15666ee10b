// What the engine wants done, carried out.

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "core/message_id.hpp"
#include "core/paths.hpp"
#include "essd/daemon.hpp"
#include "essd/kill_point.hpp"
#include "host/journal.hpp"

namespace ess::essd {

namespace {

namespace journal = host::journal;
using journal::Level;

}  // namespace

void Daemon::tell(Event event) {
    events_.push_back(std::move(event));
    if (std::exchange(telling_, true)) return;
    while (!events_.empty()) {
        const Event next = std::move(events_.front());
        events_.pop_front();
        for (const Action& action : engine_.step(next, monotonic_now())) {
            std::visit([this](const auto& a) { carry_out(a); }, action);
            kill_point::after(action);
        }
    }
    telling_ = false;
    trip_followers_.changed();
    if (start_ && engine_.phase() != StopEngine::Phase::Armed) end_start(Outcome::Partial, "the stop was tripped");
    if (engine_.phase() != StopEngine::Phase::Armed) drill_.give_way();
    if (const auto at = engine_.deadline()) {
        deadline_.arm(*at);
    } else {
        deadline_.set_enabled(false);
    }
    show();
}

/// What happened to a unit, for the engine that it is of.
void Daemon::tell_of(const std::string& unit, Event event) {
    if (unit == paths::canary_unit) return drill_.tell(event);
    tell(std::move(event));
}

void Daemon::carry_out(const KillUnit& action) {
    ++counters_.kills[action.unit];
    if (!unit_actions_.carry_out(action)) ++counters_.kill_failures;
}

void Daemon::carry_out(const StopUnit& action) {
    unit_actions_.carry_out(action);
}

void Daemon::carry_out(const MaskUnits& action) {
    unit_actions_.carry_out(action);
}

void Daemon::carry_out(const UnmaskUnits& action) {
    unit_actions_.carry_out(action);
}

void Daemon::carry_out(const Reload& action) {
    unit_actions_.carry_out(action);
}

void Daemon::carry_out(const ReadStates& action) {
    unit_actions_.carry_out(action, [this](const Result<UnitStates>& states) {
        if (states) unit_states_ = *states;
        readiness_.check_guard();
    });
}

void Daemon::carry_out(const PersistLatch&) {
    pulled_down_.clear();
    recorder_.latch_seen(wall_now(), engine_.report());
}

void Daemon::carry_out(const RestoreLatch&) {
    if (latch_.present()) return;
    const bool resumed = !engine_.settled() && engine_.report().resumed;
    LatchContent content{latch_info_.reason, latch_info_.requested_by, "essd"};
    if (content.reason.empty()) content.reason = resumed ? "restored from the copy on disk" : "put back by essd";
    if (const auto made = latch_.create(latch_content_text(content)); !made) {
        readiness_.raise("latch-file", Fault::Severity::Error, "the latch cannot be put back: " + made.error().text);
        return journal::log(Level::Critical, "the latch cannot be put back: " + made.error().text);
    }
    readiness_.clear("latch-file");
    if (resumed) return;
    journal::event(message_id::latch_relatched, Level::Critical,
                   "the latch file was removed without a reset; it is back. Use 'essctl reset --reason TEXT'");
    recorder_.happened(
        LedgerKind::Refusal,
        {.name = "Latch put back",
         .summary = "The latch file " + config_.latch.path + " was removed without a reset; essd put it back."},
        {});
}

void Daemon::carry_out(const ClearLatch&) {
    units_.forget_stops();
    if (const auto removed = latch_.remove(); !removed) return tell(LatchCleared{removed.error().text});
    recorder_.clear_latch([this](const std::string& error) { tell(LatchCleared{error}); });
}

void Daemon::carry_out(const TripBegun& action) {
    self_check_.give_way();
    if (cgroups_.is_polled()) poll_timer_.arm(monotonic_now());
    journal::event(message_id::trip_begun, Level::Critical,
                   std::string("EMERGENCY STOP: stopping ") + std::to_string(engine_.report().units.size()) + " units" +
                       (action.resumed ? " (the latch was set when essd came up)" : ""));
}

void Daemon::carry_out(const TripSettled& action) {
    const TripReport& report = action.report;
    const std::string time = report.stop_time ? "last process gone after " + to_ms_text(*report.stop_time) + " ms"
                                              : "NOT ALL PROCESSES ARE GONE";
    if (report.outcome == Outcome::Success) {
        journal::event(message_id::trip_complete, Level::Critical, "stopped: all units empty and masked, " + time);
    } else {
        journal::event(message_id::trip_partial, Level::Critical,
                       "PARTIAL stop, " + time + "; " + join(report.problems, "; "));
    }
    counters_.count_trip(report);
    TripReport whole = report;
    whole.pulled_down.assign(pulled_down_.begin(), pulled_down_.end());
    recorder_.trip_settled(whole);
    units_.start_other(paths::tripped_target, [](const Result<>& started) {
        if (!started) journal::log(Level::Error, "hooks were not started: " + started.error().text);
    });
}

/// A unit beside the allow-list whose job was done during the trip, and that was predicted to go down with an allowed
/// one.
void Daemon::note_pulled_down(const std::string& unit) {
    if (is_allowed(unit)) return;
    for (const auto& [allowed, relations] : relations_) {
        if (std::ranges::find(relations.pulls_down, unit) != relations.pulls_down.end()) pulled_down_.insert(unit);
    }
}

void Daemon::carry_out(const UnitCameBack& action) {
    journal::event(message_id::unit_came_back, Level::Critical,
                   action.unit + " has a process again; stopping it again (" + std::to_string(action.count) + ")",
                   {{"UNIT", action.unit}});
    ++counters_.came_back[action.unit];
    // Each power of two: a unit that something keeps starting must not fill the ledger.
    if ((action.count & (action.count - 1)) != 0) return;
    recorder_.happened(LedgerKind::Refusal,
                       {.name = "Unit stopped again",
                        .summary = action.unit + " had a process again while tripped, " + std::to_string(action.count) +
                                   " times by now; it was stopped again."},
                       {});
}

void Daemon::carry_out(const ResetDone& action) {
    counters_.resets.count(action.problems.empty() ? Outcome::Success : Outcome::Partial);
    journal::event(message_id::reset_done, Level::Critical,
                   "reset: the latch is released, nothing was started" +
                       (action.problems.empty() ? "" : "; " + join(action.problems, "; ")));
    if (!reset_) reset_.emplace(PendingReset{{{}, "the latch file was removed (file_removal: reset)", {}, {}}, {}});
    recorder_.reset_done(reset_->order, action.problems, unit_states_,
                         [this](const std::string& id) { answer_reset(id); });
    units_.stop_other(paths::tripped_target, [](const Result<>& stopped) {
        if (!stopped) journal::log(Level::Warning, "quantum-ess-tripped.target: " + stopped.error().text);
    });
}

void Daemon::carry_out(const ResetRefused& action) {
    journal::event(message_id::reset_refused, Level::Warning, "reset refused: " + action.why);
    record_refusal("Reset refused", action.why, reset_ ? reset_->order.who : Requester{});
    if (!reset_) return;
    using Kind = ResetRefused::Kind;
    const char* const name = action.kind == Kind::NotTripped ? "NotTripped"
                             : action.kind == Kind::Busy     ? "Busy"
                                                             : "Refused";
    VarlinkError error{std::string("io.quantum.EmergencyStop.") + name, Json::object()};
    if (action.kind != Kind::NotTripped) error.parameters["reason"] = action.why;
    if (reset_->reply) reset_->reply->error(error);
    reset_.reset();
}

}  // namespace ess::essd
