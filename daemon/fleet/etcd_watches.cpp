#include "fleet/etcd_watches.hpp"

#include <utility>

#include "core/backoff.hpp"

namespace ess::fleet {

namespace {

/// A watch that lasted was lost with its member's leader, or the member: there is one again soon. One that did not last
/// was in vain.
constexpr Micros lasting = std::chrono::seconds(10);
constexpr Micros short_pause = std::chrono::milliseconds(200);

}  // namespace

EtcdWatches::EtcdWatches(host::EventLoop& loop, const host::Etcdctl& etcd, const std::vector<std::string>& members,
                         std::string prefix, Callbacks callbacks)
    : etcd_(etcd), prefix_(std::move(prefix)), callbacks_(std::move(callbacks)) {
    for (const std::string& member : members)
        watches_.emplace_back(*this, loop, member);
}

EtcdWatches::Watch::Watch(EtcdWatches& owner, host::EventLoop& loop, std::string at)
    : member(std::move(at)),
      command(loop, host::Priority::Latch,
              {.line = [this, &owner](std::string_view line) { owner.take(*this, line); },
               .ended =
                   [this, &owner](const Result<>& end, const std::string& errors) {
                       owner.ended(*this, host::etcd_trouble(errors, end ? "it ended" : end.error().text));
                   }}),
      again(loop.add_timer(host::Priority::Latch, [this, &owner] { owner.begin(*this); })) {}

void EtcdWatches::start() {
    for (Watch& watch : watches_) {
        watch.in_vain = 0;
        begin(watch);
    }
}

void EtcdWatches::begin(Watch& watch) {
    watch.again.set_enabled(false);
    const std::uint64_t known = callbacks_.revision();
    watch.begun = monotonic_now();
    watch.command.start(etcd_.watch(watch.member, prefix_, known == 0 ? 0 : known + 1));
}

void EtcdWatches::take(Watch& watch, std::string_view line) {
    const auto events = read_etcd_watch(line);
    if (events) return callbacks_.noticed(*events);
    // Not passed over: a line that is not understood could be the order. Begun again, it is told again.
    watch.command.stop();
    ended(watch, events.error().text);
}

void EtcdWatches::ended(Watch& watch, const std::string& why) {
    const Instant now = monotonic_now();
    watch.in_vain = now - watch.begun > lasting ? 0 : watch.in_vain + 1;
    const double chance = std::uniform_real_distribution<>()(random_);
    watch.again.arm(now + (watch.in_vain == 0 ? short_pause : backoff_pause(watch.in_vain, chance)));
    callbacks_.ended(watch.member, why);
}

}  // namespace ess::fleet
