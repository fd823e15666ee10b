#include "host/config_watch.hpp"

#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <system_error>
#include <utility>

#include "base/file.hpp"

namespace ess::host {

namespace {

/// Longer than an editor takes from the removal of the old file to the new one's last write.
constexpr Micros quiet_time = std::chrono::milliseconds(250);
/// A directory that is never quiet must not hide a change.
constexpr Micros longest_wait = std::chrono::seconds(2);
constexpr std::uint32_t changes = IN_CREATE | IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVED_FROM | IN_MOVED_TO |
                                  IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

ConfigWatch::ConfigWatch(EventLoop& loop, std::function<void()> changed)
    : changed_(std::move(changed)), inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (!inotify_) throw std::system_error(errno, std::generic_category(), "inotify");
    events_ = loop.add_io(inotify_.get(), EPOLLIN, Priority::Client, [this](std::uint32_t) { drain(); });
    quiet_ = loop.add_timer(Priority::Client, [this] {
        latest_.reset();
        changed_();
    });
}

Result<> ConfigWatch::watch(const std::string& directory, const std::vector<std::string>& names) const {
    // The parent as well: a directory that is made, or put in the place of another, is news there.
    std::set<std::string> directories{directory, parent_of(directory)};
    const std::string below = directory + "/";
    for (const std::string& name : names)
        directories.insert(parent_of(std::string(below).append(name)));
    Result<> result;
    for (const std::string& path : directories) {
        if (::inotify_add_watch(inotify_.get(), path.c_str(), changes) < 0 && result) {
            result = system_failure("watch " + path, errno);
        }
    }
    return result;
}

/// Which file it was does not matter, nor whether the queue ran over: everything is looked at again.
void ConfigWatch::drain() {
    std::array<char, 16384> buffer{};
    while (::read(inotify_.get(), buffer.data(), buffer.size()) > 0) {
    }
    const Instant now = monotonic_now();
    if (!latest_) latest_ = now + longest_wait;
    quiet_.arm(std::min(now + quiet_time, *latest_));
}

}  // namespace ess::host
