// What is told of this host: to the fleet, to essd, to systemd.

#include <utility>

#include "base/file.hpp"
#include "core/paths.hpp"
#include "fleet/fleet.hpp"
#include "host/journal.hpp"

namespace ess::fleet {

namespace {

namespace journal = host::journal;
using journal::Level;

}  // namespace

void Fleet::status_is(const Json& status) {
    report_.take(status);
    if (report_.ledger_entries != std::exchange(checkpoint_entries_, report_.ledger_entries)) fetch_checkpoint();
    report_changed();
}

void Fleet::essd_is_gone(const std::string& why) {
    if (report_.state != "down") journal::log(Level::Warning, "essd is out of reach: " + why);
    report_.state = "down";
    report_.ready = false;
    report_changed();
}

/// A copy of the checkpoint that this host cannot take back shows later whether its ledger was cut or rewritten.
void Fleet::fetch_checkpoint() {
    essd_.call("LedgerHead", Json::object(), essd_patience, [this](const host::ClientResult<Json>& answer) {
        if (!answer) return;
        report_.checkpoint = text_at(*answer, "checkpoint");
        report_changed();
    });
}

void Fleet::report_changed() {
    report_due_ = true;
    ask_next();
}

/// Nothing depends on whether it is heard: essd takes silence for a fault.
void Fleet::tell_essd() {
    const bool connected = watch_.has_looked() && !watch_.lost();
    Json parameters{{"host", report_.host}, {"connected", connected}};
    if (!connected) parameters["trouble"] = trouble_.empty() ? "etcd has not answered yet" : trouble_;
    if (contact_) parameters["last_contact"] = to_rfc3339(*contact_);
    if (!report_.order_id.empty()) parameters["order_id"] = report_.order_id;
    tell_systemd();
    const Instant now = monotonic_now();
    const std::string text = (connected ? "c" : "d") + report_.order_id + trouble_;
    if (std::exchange(told_, text) == text && now < tell_due_) return;
    tell_due_ = now + fleet_report_interval;
    essd_.call("FleetReport", std::move(parameters), essd_patience, [](const host::ClientResult<Json>&) {});
}

void Fleet::tell_systemd() {
    std::string line = "fleet " + config_.fleet.name + ": ";
    if (watch_.lost()) {
        line += "cut off" + (trouble_.empty() ? "" : ", " + trouble_);
    } else {
        line += watch_.has_looked() ? "in contact" : "not asked yet";
    }
    if (std::exchange(shown_, line) != line) notify_->status(line);
}

/// What is started after this service may start now.
void Fleet::ready() {
    if (std::exchange(ready_sent_, true)) return;
    if (watch_.has_looked()) {
        const auto marked = replace_file(paths::fleet_asked, "", 0644, Durability::Volatile);
        if (!marked) journal::log(Level::Warning, marked.error().text);
    }
    notify_->ready();
}

}  // namespace ess::fleet
