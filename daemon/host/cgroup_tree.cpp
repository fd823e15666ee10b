#include "host/cgroup_tree.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/file.hpp"
#include "host/process_kill.hpp"

namespace ess::host {

namespace {

constexpr std::uint32_t slice_mask = IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR;

bool is_slice(std::string_view name) {
    return name.ends_with(".slice");
}

/// "populated 1" in cgroup.events. A cgroup that is gone (ENODEV) has nobody in it.
bool read_populated(int fd) {
    std::array<char, 256> text{};
    const ssize_t length = ::pread(fd, text.data(), text.size(), 0);
    return length > 0 && std::string_view(text.data(), static_cast<std::size_t>(length)).starts_with("populated 1");
}

bool has_magic(const std::string& path, long magic) {
    struct statfs info {};
    return ::statfs(path.c_str(), &info) == 0 && info.f_type == magic;
}

}  // namespace

CgroupTree::CgroupTree(EventLoop& loop, Wanted wanted, Changed changed)
    : wanted_(std::move(wanted)), changed_(std::move(changed)), loop_(loop) {}

Result<std::string> CgroupTree::find_root() {
    for (const std::string path : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
        if (has_magic(path, CGROUP2_SUPER_MAGIC)) return path;
    }
    const std::string v1 = "/sys/fs/cgroup/systemd";
    if (has_magic(v1, CGROUP_SUPER_MAGIC)) return v1;
    return failure("cgroups: neither cgroup v2 at /sys/fs/cgroup nor systemd's hierarchy of v1 at " + v1);
}

Result<> CgroupTree::start(const std::string& root) {
    root_ = root;
    polled_ = has_magic(root, CGROUP_SUPER_MAGIC);
    inotify_ = Fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!inotify_) return system_failure("cgroups: inotify", errno);
    source_ = loop_.add_io(inotify_.get(), EPOLLIN, Priority::Cgroup, [this](std::uint32_t) { drain(); });
    watch_slice(root_);
    if (slices_.empty()) return system_failure("cgroups: watch " + root_, errno);
    return {};
}

Result<> CgroupTree::kill(const std::string& unit) {
    const auto known = units_.find(unit);
    if (known == units_.end()) return {};
    if (!known->second.kill) return kill_processes(known->second.path);
    if (::write(known->second.kill.get(), "1", 1) != 1 && errno != ENODEV) {
        return system_failure(known->second.path + "/cgroup.kill", errno);
    }
    return {};
}

std::string CgroupTree::kill_method() const {
    // The root has no cgroup.kill; every cgroup below it has one, or none has.
    return ::access((root_ + "/init.scope/cgroup.kill").c_str(), F_OK) == 0 ? "cgroup.kill" : "pidfd";
}

void CgroupTree::refresh(const std::string& unit) {
    if (units_.contains(unit)) read_events(unit);
}

/// A watch that could not be made: either the cgroup is gone again, or the user's watches are used up, and then the
/// kernel's notices are not to be relied on.
void CgroupTree::blame_limit(const std::string& path) {
    if (errno != ENOSPC) return;
    polled_ = true;
    trouble_ = "cgroups: " + path + " cannot be watched: raise fs.inotify.max_user_watches, then restart essd";
}

void CgroupTree::poll() {
    if (!polled_) return;
    std::vector<std::string> names;
    for (const auto& [name, unit] : units_)
        names.push_back(name);
    for (const std::string& name : names)
        read_events(name);
}

bool CgroupTree::is_populated(const Unit& unit) const {
    return unit.events ? read_populated(unit.events.get()) : has_processes(unit.path);
}

std::size_t CgroupTree::kill_all() {
    std::size_t alive = 0;
    for (const auto& [name, unit] : units_) {
        if (!is_populated(unit)) continue;
        ++alive;
        // Whether it worked shows in the next count.
        static_cast<void>(kill(name));
    }
    return alive;
}

void CgroupTree::drain() {
    alignas(inotify_event) std::array<char, 16384> buffer{};
    while (true) {
        const ssize_t got = ::read(inotify_.get(), buffer.data(), buffer.size());
        if (got <= 0) return;
        const char* at = buffer.data();
        const char* const end = at + got;
        while (at < end) {
            const auto* const event = reinterpret_cast<const inotify_event*>(at);
            at += sizeof(inotify_event) + event->len;
            if ((event->mask & IN_Q_OVERFLOW) != 0) {
                rebuild();
            } else {
                dispatch(event->wd, event->mask, event->len > 0 ? std::string_view(event->name) : std::string_view());
            }
        }
    }
}

void CgroupTree::dispatch(int watch, std::uint32_t mask, std::string_view name) {
    if (const auto unit = unit_watches_.find(watch); unit != unit_watches_.end()) {
        const std::string known = unit->second;
        if ((mask & IN_IGNORED) != 0) unit_watches_.erase(unit);
        return read_events(known);
    }
    const auto slice = slices_.find(watch);
    if (slice == slices_.end()) return;
    if ((mask & IN_IGNORED) != 0) {
        slices_.erase(slice);
        return;
    }
    if ((mask & IN_ISDIR) == 0) return;
    const std::string path = slice->second + "/" + std::string(name);
    if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
        if (is_slice(name)) return watch_slice(path);
        return add_unit(unit_of_cgroup(name), path);
    }
    if (is_slice(name)) return forget_slice(path);
    const auto known = units_.find(unit_of_cgroup(name));
    // A unit that moved to another slice has its new directory already when the old one goes.
    if (known != units_.end() && known->second.path == path) remove_unit(known->first);
}

/// Watch first, then walk: a directory made in between is seen twice, and never not at all.
void CgroupTree::watch_slice(const std::string& path) {
    const int watch = ::inotify_add_watch(inotify_.get(), path.c_str(), slice_mask);
    if (watch < 0) return blame_limit(path);
    slices_[watch] = path;
    walk(path);
}

/// The kernel does not end the watches of a cgroup that is removed (kernfs never tells IN_DELETE_SELF or IN_IGNORED),
/// so each is taken back here: a host makes and removes slices for ever, and its watches are counted.
void CgroupTree::forget_slice(const std::string& path) {
    for (auto slice = slices_.begin(); slice != slices_.end();) {
        if (slice->second == path) {
            unwatch(slice->first);
            slice = slices_.erase(slice);
        } else {
            ++slice;
        }
    }
}

void CgroupTree::unwatch(int watch) {
    // Fails only where the kernel did end it.
    if (watch >= 0) static_cast<void>(::inotify_rm_watch(inotify_.get(), watch));
}

void CgroupTree::walk(const std::string& slice) {
    DIR* const directory = ::opendir(slice.c_str());
    if (directory == nullptr) return;
    while (const dirent* const entry = ::readdir(directory)) {
        const std::string_view name = entry->d_name;
        if (entry->d_type != DT_DIR || name == "." || name == "..") continue;
        const std::string path = slice + "/" + std::string(name);
        if (is_slice(name)) {
            watch_slice(path);
        } else {
            add_unit(unit_of_cgroup(name), path);
        }
    }
    static_cast<void>(::closedir(directory));  // a directory that was only read has nothing to lose
}

void CgroupTree::add_unit(const std::string& name, const std::string& path) {
    if (!wanted_(name)) return;
    const auto known = units_.find(name);
    // Opened anew even if the path is known: the directory may have been removed and made again.
    const int old_watch = known != units_.end() ? known->second.watch : -1;
    Unit unit;
    unit.path = path;
    unit.events = Fd(::open((path + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
    if (!unit.events && !polled_) return;  // gone again before it was looked at
    unit.kill = Fd(::open((path + "/cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC));
    unit.watch = ::inotify_add_watch(inotify_.get(), (path + "/cgroup.events").c_str(), IN_MODIFY);
    if (unit.watch < 0 && !polled_) blame_limit(path);
    unit.populated = known != units_.end() && known->second.populated;
    if (old_watch >= 0 && old_watch != unit.watch) {
        unit_watches_.erase(old_watch);
        unwatch(old_watch);
    }
    if (unit.watch >= 0) unit_watches_[unit.watch] = name;
    units_[name] = std::move(unit);
    read_events(name);
}

void CgroupTree::remove_unit(const std::string& name) {
    const auto known = units_.find(name);
    const bool was_populated = known->second.populated;
    unit_watches_.erase(known->second.watch);
    unwatch(known->second.watch);
    // `name` may be the key that goes with the element.
    const std::string unit = name;  // NOLINT(performance-unnecessary-copy-initialization)
    units_.erase(known);
    if (was_populated) changed_(unit, false);
}

void CgroupTree::read_events(const std::string& name) {
    const auto known = units_.find(name);
    if (known == units_.end()) return;
    const bool populated = is_populated(known->second);
    if (std::exchange(known->second.populated, populated) != populated) changed_(name, populated);
}

/// The kernel dropped notices: everything is looked at again.
void CgroupTree::rebuild() {
    std::map<std::string, Unit> before = std::exchange(units_, {});
    for (const auto& [watch, path] : slices_)
        unwatch(watch);
    for (const auto& [watch, unit] : unit_watches_)
        unwatch(watch);
    slices_.clear();
    unit_watches_.clear();
    watch_slice(root_);
    for (const auto& [name, unit] : before) {
        const auto now = units_.find(name);
        if (unit.populated && (now == units_.end() || !now->second.populated)) changed_(name, false);
    }
}

std::string unit_of_cgroup(std::string_view directory) {
    if (directory.starts_with('_')) directory.remove_prefix(1);
    return std::string(directory);
}

}  // namespace ess::host
