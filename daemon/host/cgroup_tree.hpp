#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "host/event_loop.hpp"

namespace ess::host {

/// The cgroups of the wanted units, found and followed through the kernel alone: inotify on every slice tells when a
/// unit's directory is made or removed, and on each unit's cgroup.events when it becomes populated or empty
/// (cgroups(7)). Neither the bus nor PID 1 is asked, so it is right when they are not there. Every descriptor that a
/// kill needs is open before it is needed. For the loop's thread.
class CgroupTree {
  public:
    using Wanted = std::function<bool(const std::string& unit)>;
    using Changed = std::function<void(const std::string& unit, bool populated)>;

    /// `changed` is called from the loop, from start() and from refresh().
    CgroupTree(EventLoop& loop, Wanted wanted, Changed changed);

    /// Watches and walks the hierarchy below `root`. Fails if it cannot be watched.
    [[nodiscard]] Result<> start(const std::string& root);

    /// Kills every process of the unit, sub-cgroups included: by cgroup.kill (Linux 5.14), else one by one through
    /// pidfds. Nothing to kill is success.
    [[nodiscard]] Result<> kill(const std::string& unit);

    /// Whether the kernel does not tell when a unit becomes empty (cgroup v1): then poll() has to be called, often
    /// while a stop is under way.
    [[nodiscard]] bool is_polled() const { return polled_; }
    /// Why the kernel's notices are not complete; empty if they are.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    /// Looks at every unit. Does nothing where the kernel tells by itself.
    void poll();

    /// Kills all units that have a process; how many there were.
    std::size_t kill_all();

    /// "cgroup.kill" or "pidfd".
    [[nodiscard]] std::string kill_method() const;

    /// Reads the unit's cgroup.events now, since the kernel's notice of it may still be on its way.
    void refresh(const std::string& unit);

    /// The hierarchy in which systemd keeps its units on this host: cgroup v2 at /sys/fs/cgroup, or the "unified" one
    /// of a hybrid host, or systemd's own of v1.
    [[nodiscard]] static Result<std::string> find_root();

  private:
    struct Unit {
        std::string path;
        Fd events;
        Fd kill;
        int watch = -1;
        bool populated = false;
    };

    void drain();
    void dispatch(int watch, std::uint32_t mask, std::string_view name);
    void walk(const std::string& slice);
    void watch_slice(const std::string& path);
    void forget_slice(const std::string& path);
    void unwatch(int watch);
    void add_unit(const std::string& name, const std::string& path);
    void remove_unit(const std::string& name);
    void read_events(const std::string& name);
    [[nodiscard]] bool is_populated(const Unit& unit) const;
    void rebuild();
    void blame_limit(const std::string& path);

    Wanted wanted_;
    Changed changed_;
    EventLoop& loop_;
    std::string root_;
    bool polled_ = false;
    std::string trouble_;
    Fd inotify_;
    Source source_;
    std::unordered_map<int, std::string> slices_;        ///< path by watch
    std::unordered_map<int, std::string> unit_watches_;  ///< unit by watch
    std::map<std::string, Unit> units_;
};

/// The unit that a cgroup directory of this name belongs to: systemd escapes names that would collide with the kernel's
/// files by a leading "_" (systemd, cg_escape()).
[[nodiscard]] std::string unit_of_cgroup(std::string_view directory);

}  // namespace ess::host
