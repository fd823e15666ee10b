#pragma once

#include <dirent.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/file.hpp"
#include "host/cgroup_tree.hpp"

namespace ess::test {

/// Removes a cgroup with all below it. Its processes must be dead or dying: the last of them may still be on its way.
inline void remove_cgroup(const std::string& path) {
    if (DIR* const directory = ::opendir(path.c_str()); directory != nullptr) {
        while (const dirent* const entry = ::readdir(directory)) {
            const std::string_view name = entry->d_name;
            if (entry->d_type == DT_DIR && name != "." && name != "..") remove_cgroup(path + "/" + entry->d_name);
        }
        ::closedir(directory);
    }
    for (const Instant deadline = monotonic_now() + std::chrono::seconds(10); ::rmdir(path.c_str()) != 0;) {
        if (errno != EBUSY || monotonic_now() > deadline) return;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

inline void write_to(const std::string& path, const std::string& text) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    REQUIRE_MESSAGE(file, path);
    REQUIRE_MESSAGE(write_all(file.get(), text), path);
}

/// A slice of this test's own in the host's cgroup v2 hierarchy, killed and removed with everything in it.
class TestSlice {
  public:
    TestSlice() {
        const auto root = host::CgroupTree::find_root();
        if (!root) return;
        std::string path = *root + "/ess-test-" + std::to_string(::getpid()) + ".slice";
        // Left by a process of the same number that could not clean up.
        remove_cgroup(path);
        if (::mkdir(path.c_str(), 0755) == 0) path_ = std::move(path);
    }
    TestSlice(const TestSlice&) = delete;
    TestSlice& operator=(const TestSlice&) = delete;
    ~TestSlice() {
        if (path_.empty()) return;
        const Fd kill(::open((path_ + "/cgroup.kill").c_str(), O_WRONLY | O_CLOEXEC));
        static_cast<void>(write_all(kill.get(), "1"));
        remove_cgroup(path_);
    }

    /// False, and the reason for the counts, where no cgroup can be made.
    [[nodiscard]] bool usable() const {
        if (path_.empty()) std::puts("skip: no cgroup v2 hierarchy that can be written to");
        return !path_.empty();
    }
    [[nodiscard]] const std::string& path() const { return path_; }
    /// Makes a cgroup below the slice, its parents too; returns its path.
    std::string make(const std::string& name) const {
        for (std::size_t end = 0; end != std::string::npos;) {
            end = name.find('/', end + 1);
            const std::string path = path_ + "/" + name.substr(0, end);
            REQUIRE_MESSAGE((::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST), path);
        }
        return path_ + "/" + name;
    }

  private:
    std::string path_;
};

/// A child of this process, killed and reaped in the end.
class Child {
  public:
    /// Runs `body` in a new process.
    explicit Child(const std::function<void()>& body) : pid_(::fork()) {
        REQUIRE(pid_ >= 0);
        if (pid_ != 0) return;
        static_cast<void>(::prctl(PR_SET_PDEATHSIG, SIGKILL));
        body();
        ::_exit(0);
    }
    /// One that does nothing until it is killed.
    Child()
        : Child([] {
              for (;;)
                  ::pause();
          }) {}
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child() { kill(); }

    [[nodiscard]] pid_t pid() const { return pid_; }
    void move_to(const std::string& cgroup) const { write_to(cgroup + "/cgroup.procs", std::to_string(pid_)); }
    /// Kills it and waits for its end.
    void kill() {
        if (pid_ <= 0) return;
        static_cast<void>(::kill(pid_, SIGKILL));
        static_cast<void>(::waitpid(std::exchange(pid_, -1), nullptr, 0));
    }
    /// Whether it ends by itself, or by somebody else's hand, in time. Then the signal that ended it.
    [[nodiscard]] int signal_that_ends(std::chrono::milliseconds time = std::chrono::seconds(10)) {
        const Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
        pollfd watched{pidfd.get(), POLLIN, 0};
        if (::poll(&watched, 1, static_cast<int>(time.count())) != 1) return 0;
        int status = 0;
        REQUIRE(::waitpid(std::exchange(pid_, -1), &status, 0) > 0);
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }

  private:
    pid_t pid_;
};

}  // namespace ess::test
