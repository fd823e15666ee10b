// The metrics: for whoever asks on the control socket, and in the file of the textfile collector.

#include <utility>

#include "essd/daemon.hpp"

namespace ess::essd {

namespace {

/// Metrics do not wait longer for systemd than this; they then show what was known last.
constexpr Micros figures_patience = std::chrono::milliseconds(500);

}  // namespace

MetricsSnapshot Daemon::figures() const {
    MetricsSnapshot snapshot;
    snapshot.status = status();
    snapshot.counters = counters_;
    if (ledger_known_) snapshot.ledger = ledger_.figures;
    snapshot.budget = config_.stop.budget;
    snapshot.drill_max_age = config_.drill.max_age;
    snapshot.started = started_at_;
    snapshot.collected = wall_now();
    if (const auto fed = notify_->fed()) snapshot.watchdog_fed = snapshot.collected - (monotonic_now() - *fed);
    return snapshot;
}

void Daemon::on_metrics(const host::ControlRequest& request, host::CallReply reply) {
    if (const auto fault = VarlinkParameters(request.parameters).fault()) return reply.error(*fault);
    figures_waiters_.push_back(std::move(reply));
    ask_for_figures();
}

/// Called now and then. Not while units are being stopped: what the loop does then is the stop.
void Daemon::keep_metrics_file() {
    const Instant now = monotonic_now();
    show_warning("metrics-file", metrics_file_.trouble(now));
    if (engine_.phase() == StopEngine::Phase::Stopping || !metrics_file_.is_due(state(), now)) return;
    figures_for_file_ = true;
    ask_for_figures();
}

/// Systemd's word on the units first, if it may be asked for one; read_unit_states() ends in show_figures().
void Daemon::ask_for_figures() {
    if (asking_for_figures_) return;
    if (!may_ask_for_states()) return show_figures();
    asking_for_figures_ = true;
    status_asked_ = monotonic_now();
    figures_patience_.arm(status_asked_ + figures_patience);
    read_unit_states();
}

void Daemon::show_figures() {
    figures_patience_.set_enabled(false);
    asking_for_figures_ = false;
    const bool for_file = std::exchange(figures_for_file_, false);
    if (!for_file && figures_waiters_.empty()) return;
    MetricsSnapshot snapshot = figures();
    if (!figures_waiters_.empty()) {
        const Json answer{{"text", metrics_text(snapshot)}};
        for (host::CallReply& waiter : std::exchange(figures_waiters_, {}))
            waiter.reply(answer);
    }
    if (for_file) metrics_file_.write(std::move(snapshot), monotonic_now());
}

}  // namespace ess::essd
