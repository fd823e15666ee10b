#include "fleet/local_latch.hpp"

#include <sys/stat.h>

#include <utility>

#include "core/paths.hpp"
#include "host/latch_watch.hpp"

namespace ess::fleet {

namespace {

constexpr Micros latch_pause = std::chrono::milliseconds(500);

}  // namespace

LatchContent latch_of_loss(std::string reason) {
    LatchContent content;
    content.reason = std::move(reason);
    content.requested_by = paths::fleet_account;
    content.trigger = "fleet-loss";
    return content;
}

Result<> make_latch(const std::string& path, const LatchContent& content) {
    // The directory is made by systemd-tmpfiles, or by essd; this account could not give it to a group.
    constexpr gid_t no_group = 0;
    return host::make_latch(path, no_group, latch_content_text(content));
}

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
    const auto made = make_latch(path_, *wanted_);
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
