#include "fleet/local_latch.hpp"

#include <sys/stat.h>

#include <utility>

#include "host/latch_watch.hpp"

namespace ess::fleet {

namespace {

constexpr Micros latch_pause = std::chrono::milliseconds(500);

}  // namespace

LocalLatch::LocalLatch(host::EventLoop& loop, std::string path, Callbacks callbacks)
    : path_(std::move(path)),
      callbacks_(std::move(callbacks)),
      again_(loop.add_timer(host::Priority::Latch, [this] { try_to_set(); })) {}

/// What this account may not look at is not taken for a latch: essd may, and is asked then.
bool LocalLatch::present() const {
    struct stat info {};
    return ::lstat(path_.c_str(), &info) == 0;
}

void LocalLatch::set(LatchContent content) {
    wanted_ = std::move(content);
    try_to_set();
}

void LocalLatch::try_to_set() {
    if (!wanted_) return;
    // The directory is made by systemd-tmpfiles, or by essd; this account could not give it to a group.
    constexpr gid_t no_group = 0;
    const auto made = host::make_latch(path_, no_group, latch_content_text(*wanted_));
    if (made || present()) return is_set();
    again_.arm(monotonic_now() + latch_pause);
    callbacks_.failed(*wanted_, made.error().text);
}

void LocalLatch::is_set() {
    if (!wanted_) return;
    wanted_.reset();
    again_.set_enabled(false);
    callbacks_.set();
}

}  // namespace ess::fleet
