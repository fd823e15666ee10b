// What etcd is asked, and when.

#include <algorithm>
#include <utility>

#include "fleet/fleet.hpp"
#include "host/journal.hpp"

namespace ess::fleet {

namespace {

namespace journal = host::journal;
using journal::Level;

constexpr Micros ask_pause = std::chrono::seconds(1);
/// Changes of a busy moment are put as one.
constexpr Micros report_pause = std::chrono::milliseconds(200);
/// So often the report is put again though nothing has changed: that is how old "last seen" may be.
constexpr Micros repeat_interval = std::chrono::seconds(60);

/// The same report at another time is the same.
std::string text_but_for_time(HostReport report) {
    report.at.clear();
    return to_text(report);
}

}  // namespace

void Fleet::ask_next() {
    if (call_.running()) return;
    const Instant now = monotonic_now();
    if (now >= look_due_) return look();
    if (now >= lease_due_) return keep_lease();
    if (!recalled_) {
        return call_.ask([this](const host::Etcdctl& member) { return member.get(keys_.known_host(report_.host)); },
                         [this](const Result<std::string>& output) { recall(output); });
    }
    if (now >= repeat_due_) report_due_ = true;
    if (report_due_ && now >= report_next_ && !lease_.empty()) return publish(keys_.host(report_.host), lease_);
    if (known_due_ && now >= report_next_) return publish(keys_.known_host(report_.host), "");
    Instant next = std::min({look_due_, lease_due_, repeat_due_});
    if ((report_due_ && !lease_.empty()) || known_due_) next = std::min(next, report_next_);
    ask_timer_.arm(next);
}

/// Of looks and of the lease: several within loss_timeout.
Micros Fleet::ask_interval() const {
    return std::clamp<Micros>(config_.fleet.loss_timeout / 3, std::chrono::seconds(1), std::chrono::seconds(10));
}

void Fleet::etcd_failed(const std::string& why) {
    if (std::exchange(trouble_, why) != why) journal::log(Level::Warning, "etcd: " + why);
    look_due_ = lease_due_ = report_next_ = monotonic_now() + ask_pause;
    tell_essd();
}

/// A lease that cannot be renewed is as good as gone: the next one takes its place.
void Fleet::keep_lease() {
    const auto question = [this](const host::Etcdctl& member) {
        return lease_.empty() ? member.grant(config_.fleet.loss_timeout) : member.renew(lease_);
    };
    call_.ask(question, [this](const Result<std::string>& output) { leased(output); });
}

void Fleet::leased(const Result<std::string>& output) {
    const auto lease = output ? read_etcd_lease(*output) : Result<std::string>(tl::unexpected(output.error()));
    if (lease) {
        // What hung on the one before is gone with it.
        if (std::exchange(lease_, *lease) != *lease) report_due_ = true;
        lease_due_ = monotonic_now() + ask_interval();
    } else if (!std::exchange(lease_, "").empty()) {
        lease_due_ = monotonic_now();
    } else {
        etcd_failed(lease.error().text);
    }
    ask_next();
}

/// The newest stop is no longer in essd's status once something else was done; the fleet still knows it.
void Fleet::recall(const Result<std::string>& output) {
    const auto known = output ? read_etcd_get(*output) : Result<EtcdReply>(tl::unexpected(output.error()));
    if (!known) {
        etcd_failed(known.error().text);
        return ask_next();
    }
    recalled_ = true;
    if (!known->items.empty()) {
        if (const auto before = read_host_report(known->items.front().value)) {
            if (!report_.last_trip && report_.latch_since.empty()) report_.last_trip = before->last_trip;
            if (report_.order_id.empty()) report_.order_id = before->order_id;
        }
    }
    report_changed();
    ask_next();
}

void Fleet::publish(const std::string& key, const std::string& lease) {
    report_.at = to_rfc3339(wall_now());
    const std::string text = text_but_for_time(report_);
    const bool leased = !lease.empty();
    const auto question = [key, value = to_text(report_), lease](const host::Etcdctl& member) {
        return member.put(key, value, lease);
    };
    call_.ask(question, [this, leased, text](const Result<std::string>& output) {
        if (!output) {
            // A lease that has expired: granted anew, the report is put anew.
            if (leased) lease_.clear();
            etcd_failed(output.error().text);
            return ask_next();
        }
        report_next_ = monotonic_now() + report_pause;
        if (leased) {
            report_due_ = text_but_for_time(report_) != text;
            known_due_ = true;
            repeat_due_ = monotonic_now() + repeat_interval;
        } else {
            known_due_ = false;
        }
        ask_next();
    });
}

}  // namespace ess::fleet
