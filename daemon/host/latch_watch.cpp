#include "host/latch_watch.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/file.hpp"

namespace ess::host {

namespace {

constexpr std::uint32_t directory_mask =
    IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW;
constexpr std::uint32_t parent_mask = IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR;

/// tmpfiles.d/quantum-ess.conf says the same: the group may trip, nobody may remove another's latch.
constexpr mode_t directory_mode = 01775;

Result<> make_directory(const std::string& path, gid_t group) {
    if (::mkdir(path.c_str(), directory_mode) != 0) return system_failure("make " + path, errno);
    if (::chown(path.c_str(), 0, group) != 0) return system_failure("chown " + path, errno);
    if (::chmod(path.c_str(), directory_mode) != 0) return system_failure("chmod " + path, errno);
    return {};
}

}  // namespace

LatchWatch::LatchWatch(EventLoop& loop, std::string path, gid_t group, Callbacks callbacks)
    : path_(std::move(path)),
      directory_(parent_of(path_)),
      name_(leaf_of(path_)),
      group_(group),
      callbacks_(std::move(callbacks)),
      loop_(loop) {}

Result<> LatchWatch::start() {
    inotify_ = Fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!inotify_) return system_failure("latch: inotify", errno);
    source_ = loop_.add_io(inotify_.get(), EPOLLIN, Priority::Latch, [this](std::uint32_t) { drain(); });
    // The parent first: if the directory goes while it is being watched, that is seen there.
    parent_watch_ = ::inotify_add_watch(inotify_.get(), parent_of(directory_).c_str(), parent_mask);
    auto watched = watch_directory();
    look();
    return watched;
}

Result<> LatchWatch::watch_directory() {
    struct stat info {};
    if (::lstat(directory_.c_str(), &info) != 0) {
        if (auto made = make_directory(directory_, group_); !made) return made;
        callbacks_.repaired("made " + directory_ + ", which was missing");
    } else if (S_ISLNK(info.st_mode)) {
        // A link could be turned elsewhere between a look and the next; it is moved out of the way, not followed.
        const std::string aside = directory_ + ".replaced-by-link";
        if (::rename(directory_.c_str(), aside.c_str()) != 0) return system_failure("rename " + directory_, errno);
        if (auto made = make_directory(directory_, group_); !made) return made;
        callbacks_.repaired("moved the link " + directory_ + " to " + aside + " and made the directory anew");
    }
    directory_watch_ = ::inotify_add_watch(inotify_.get(), directory_.c_str(), directory_mask);
    if (directory_watch_ < 0) return system_failure("watch " + directory_, errno);
    return {};
}

/// Whether the directory at the path is still the one that is watched; if not, the new one is. The kernel says so: it
/// gives the same watch for the same directory. An inode number would not do, since ext4 gives that of a removed
/// directory to the next thing that is made, a link in its place for example.
void LatchWatch::check_directory() {
    const int watch = ::inotify_add_watch(inotify_.get(), directory_.c_str(), directory_mask);
    if (watch >= 0 && watch == directory_watch_) return;
    struct stat info {};
    const bool there = ::lstat(directory_.c_str(), &info) == 0;
    const bool was_watching = watching();
    if (was_watching) static_cast<void>(::inotify_rm_watch(inotify_.get(), directory_watch_));  // may be gone already
    directory_watch_ = -1;
    const auto watched = watch_directory();
    if (watched && there) callbacks_.repaired(directory_ + " was replaced; watching the new one");
    if (!watched && was_watching) callbacks_.repaired("cannot watch the latch: " + watched.error().text);
}

void LatchWatch::drain() {
    alignas(inotify_event) std::array<char, 4096> buffer{};
    bool created = false;
    while (true) {
        const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
        if (got <= 0) break;
        const char* at = buffer.data();
        const char* const end = at + got;
        while (at < end) {
            const auto* const event = reinterpret_cast<const inotify_event*>(at);
            at += sizeof(inotify_event) + event->len;
            const bool appeared = (event->mask & (IN_CREATE | IN_MOVED_TO)) != 0;
            created = created || (event->wd == directory_watch_ && appeared && event->len > 0 && name_ == event->name);
        }
    }
    if (created) {
        present_ = true;
        callbacks_.seen();
    }
    look();
}

void LatchWatch::look() {
    check_directory();
    const bool present = is_present();
    if (std::exchange(present_, present) == present) return;
    if (present) {
        callbacks_.seen();
    } else {
        callbacks_.gone();
    }
}

/// Only "no such file" is "not there". What cannot be looked at counts as a latch (fail safe).
bool LatchWatch::is_present() const {
    struct stat info {};
    return ::lstat(path_.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

Result<> LatchWatch::create(std::string_view content, std::optional<uid_t> owner) {
    check_directory();
    return make_latch(path_, group_, content, owner);
}

Result<> make_latch(const std::string& path, gid_t group, std::string_view content, std::optional<uid_t> owner) {
    const std::string directory = parent_of(path);
    struct stat info {};
    if (::lstat(directory.c_str(), &info) != 0) {
        if (auto made = make_directory(directory, group); !made) return made;
    }
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!file) return errno == EEXIST ? Result<>{} : Result<>(system_failure("make " + path, errno));
    // The file is the latch; its content is for people, and a full tmpfs must not undo it.
    static_cast<void>(write_all(file.get(), content));
    // By the owner it is known who asked. A name that is missing is no reason to fail.
    if (owner) static_cast<void>(::fchown(file.get(), *owner, static_cast<gid_t>(-1)) == 0);
    return {};
}

void LatchWatch::touch() {
    // For whoever looks at it; the latch is there all the same.
    static_cast<void>(::utimensat(AT_FDCWD, path_.c_str(), nullptr, AT_SYMLINK_NOFOLLOW));
}

Result<> LatchWatch::remove() {
    if (::unlink(path_.c_str()) == 0 || errno == ENOENT) return {};
    if ((errno == EISDIR || errno == EPERM) && ::rmdir(path_.c_str()) == 0) return {};
    return system_failure("remove " + path_, errno);
}

}  // namespace ess::host
