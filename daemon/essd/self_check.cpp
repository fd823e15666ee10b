#include "essd/self_check.hpp"

#include <algorithm>
#include <utility>

#include "core/check.hpp"

namespace ess::essd {

SelfCheck::SelfCheck(const Config& config, host::EventLoop& loop, host::LoopInbox& inbox, host::UnitControl& units,
                     std::function<std::vector<Fault>()> faults)
    : config_(config), look_(loop, inbox, units), faults_(std::move(faults)) {
    next_ = loop.add_timer(host::Priority::Client, [this] { look(); });
}

void SelfCheck::ask(host::CallReply reply) {
    waiters_.push_back(std::move(reply));
    if (waiters_.size() == 1) next_.arm(std::max(monotonic_now(), not_before_));
}

void SelfCheck::look() {
    look_.start(config_, [this](std::optional<HostFacts> host, SystemdFacts systemd) {
        answer({CheckFacts::Essd::Answers, faults_(), config_, std::move(host), std::move(systemd)});
    });
}

void SelfCheck::answer(const CheckFacts& facts) {
    not_before_ = monotonic_now() + pause;
    const Json json = to_json(check(facts), "essd");
    for (host::CallReply& waiter : std::exchange(waiters_, {}))
        waiter.reply(json);
}

void SelfCheck::give_way() {
    look_.cancel();
    next_.set_enabled(false);
    for (host::CallReply& waiter : std::exchange(waiters_, {}))
        waiter.error(stop_under_way());
}

VarlinkError stop_under_way() {
    return {"io.quantum.EmergencyStop.Busy", {{"reason", "a stop is under way; see: essctl status"}}};
}

}  // namespace ess::essd
