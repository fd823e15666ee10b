#include "essd/watchers.hpp"

#include <algorithm>
#include <utility>

namespace ess::essd {

Watchers::Watchers(host::EventLoop& loop, std::function<std::string()> shown, WatcherLimits limits)
    : shown_(std::move(shown)), limits_(limits), timer_(loop.add_timer(host::Priority::Client, [this] { tell(); })) {}

void Watchers::add(uid_t uid, host::CallReply reply) {
    forget_the_gone();
    if (!has_room(uid)) {
        return reply.error({"io.quantum.EmergencyStop.Busy", {{"reason", "too many are watching"}}});
    }
    watching_.push_back({uid, std::move(reply)});
    changed();
}

void Watchers::changed() {
    if (watching_.empty()) return;
    changed_ = true;
    wait_until(std::max(next_, monotonic_now()));
}

void Watchers::wait_until(Instant at) {
    if (!std::exchange(waiting_, true)) timer_.arm(at);
}

void Watchers::forget_the_gone() {
    std::erase_if(watching_, [](const Watcher& watcher) { return !watcher.reply.is_wanted(); });
}

bool Watchers::has_room(uid_t uid) const {
    const auto of_it = std::ranges::count(watching_, uid, &Watcher::uid);
    const auto users = std::ranges::count_if(watching_, [](const Watcher& watcher) { return watcher.uid != 0; });
    if (static_cast<std::size_t>(of_it) >= limits_.of_one_uid) return false;
    return uid == 0 || static_cast<std::size_t>(users) < limits_.of_users;
}

void Watchers::tell() {
    waiting_ = false;
    forget_the_gone();
    if (watching_.empty()) return;
    const Instant now = monotonic_now();
    next_ = now + limits_.pause;
    look();
    // Dropped without a final answer, the connection closes.
    std::erase_if(watching_, [&](Watcher& watcher) { return !tell(watcher, now); });
    if (std::ranges::any_of(watching_, [this](const Watcher& watcher) { return watcher.told != number_; })) {
        wait_until(next_);
    }
}

void Watchers::look() {
    if (!std::exchange(changed_, false)) return;
    std::string wire = reply_to_wire(shown_(), true);
    if (number_ > 0 && wire == newest_) return;
    newest_ = std::move(wire);
    ++number_;
}

/// Whether it goes on watching.
bool Watchers::tell(Watcher& watcher, Instant now) const {
    if (watcher.told == number_) return true;
    if (watcher.reply.is_behind()) {
        watcher.behind = watcher.behind.value_or(now);
        return now - *watcher.behind < limits_.patience;
    }
    watcher.behind.reset();
    watcher.told = number_;
    return watcher.reply.stream_encoded(newest_);
}

}  // namespace ess::essd
