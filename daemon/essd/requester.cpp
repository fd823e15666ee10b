#include "essd/requester.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sys/stat.h>

#include <array>

#include "base/fd.hpp"
#include "base/file.hpp"

namespace ess::essd {

std::string name_of(const Requester& who, const Spokesmen& spokesmen) {
    if (!who.uid) return "unknown";
    if (spokesmen.include(*who.uid) && !who.claimed.empty()) return who.claimed;
    std::array<char, 16384> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(*who.uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
        return entry.pw_name;
    }
    return "uid " + std::to_string(*who.uid);
}

void wait_for_content(const std::string& path) {
    constexpr int tries = 10;
    constexpr int interval_ms = 5;
    struct stat info {};
    for (int i = 0; i < tries; ++i) {
        if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > 0) return;
        static_cast<void>(::poll(nullptr, 0, interval_ms));
    }
}

LatchCopy read_latch(const std::string& path, WallTime since, const Spokesmen& spokesmen) {
    LatchCopy copy;
    copy.since = since;
    copy.trigger = "file";
    // Held by this, what is looked at is what is read: by its name it may be something else a moment later.
    const Fd held(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat info {};
    if (!held || ::fstat(held.get(), &info) != 0) return copy;
    const bool is_file = S_ISREG(info.st_mode);
    const bool is_alone = info.st_nlink == 1;
    copy.requested_by = is_file && !is_alone ? "unknown" : name_of({info.st_uid, {}}, spokesmen);
    if (!is_file || !is_alone) return copy;
    const auto bytes = read_head("/proc/self/fd/" + std::to_string(held.get()), latch_content_limit);
    if (!bytes) return copy;
    const LatchContent content = read_latch_content(*bytes);
    copy.reason = content.reason;
    if (!content.trigger.empty()) copy.trigger = content.trigger;
    copy.requested_by = name_of({info.st_uid, content.requested_by}, spokesmen);
    if (spokesmen.include(info.st_uid)) copy.fleet_id = content.fleet_id;
    return copy;
}

}  // namespace ess::essd
