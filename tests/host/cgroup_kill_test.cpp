// The kernel's kill, notices that were lost, and what the tree keeps open.
#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <vector>

#include "host/cgroup_tree_fixture.hpp"

using namespace ess;
using namespace ess::test;

namespace {

constexpr const char* governor = "quantum-governor.service";

/// Forks as long as it lives, and so do its children: what a kill of one process after the other does not catch. It
/// waits until it is told that its cgroup is the right one.
void fork_without_end(int go) {
    char told = 0;
    if (::read(go, &told, 1) != 1) ::_exit(1);
    // One that stays: the others come and go between two looks.
    if (::fork() == 0) {
        for (;;)
            ::pause();
    }
    for (;;) {
        // The pids in use stay bounded, since each child ends after one more fork.
        if (::fork() == 0 && ::fork() == 0) ::_exit(0);
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        ::usleep(200);
    }
}

void ignore_everything() {
    for (int signal = 1; signal < SIGRTMIN; ++signal)
        static_cast<void>(std::signal(signal, SIG_IGN));
    for (;;)
        ::pause();
}

std::size_t open_descriptors() {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
        ++count;
    return count;
}

/// The inotify watches of this process, all instances together.
std::size_t watches() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fdinfo")) {
        std::ifstream info(entry.path());
        for (std::string line; std::getline(info, line);)
            count += line.starts_with("inotify wd:") ? 1 : 0;
    }
    return count;
}

long queue_limit() {
    long limit = 0;
    std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> limit;
    return limit;
}

/// More notices than the queue takes: each round makes and removes a cgroup.
void flood(const TestSlice& slice, long limit) {
    const std::string path = slice.path() + "/flood.service";
    for (long i = 0; i <= limit / 2; ++i) {
        REQUIRE(::mkdir(path.c_str(), 0755) == 0);
        REQUIRE(::rmdir(path.c_str()) == 0);
    }
}

}  // namespace

TEST_CASE("cgroup kill: a process that ignores every signal") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    at.start();
    Child child(ignore_everything);
    child.move_to(at.slice.make(governor));
    CHECK(at.tells(governor, {true}));
    CHECK(at.kill(governor));
    CHECK(child.signal_that_ends() == SIGKILL);
    CHECK(at.tells(governor, {true, false}));
}

TEST_CASE("cgroup kill: a tree that keeps forking") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    at.start();
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const Fd reading(ends[0]);
    const Fd writing(ends[1]);
    const std::string path = at.slice.make(governor);
    Child child([&] { fork_without_end(reading.get()); });
    child.move_to(path);
    REQUIRE(::write(writing.get(), "g", 1) == 1);
    // It has children by now, or will have: at least one process more than itself was seen.
    CHECK(at.loop.eventually([&] {
        std::ifstream procs(path + "/cgroup.procs");
        int count = 0;
        for (std::string line; std::getline(procs, line);)
            ++count;
        return count > 1;
    }));
    // A unit that comes and goes between two looks of the tree is told of only once.
    CHECK(at.tells(governor, {true}));
    CHECK(at.kill(governor));
    CHECK(child.signal_that_ends() == SIGKILL);
    CHECK(at.tells(governor, {true, false}));
}

TEST_CASE("cgroup kill: the stopped and the frozen") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    at.start();
    const std::string path = at.slice.make(governor);
    Child stopped;
    stopped.move_to(path);
    CHECK(at.tells(governor, {true}));
    REQUIRE(::kill(stopped.pid(), SIGSTOP) == 0);
    write_to(path + "/cgroup.freeze", "1");
    CHECK(at.kill(governor));
    CHECK(stopped.signal_that_ends() == SIGKILL);
    CHECK(at.ends_with(governor, false));
}

TEST_CASE("cgroup kill: all units at once, and how many there were") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    Child first(ignore_everything);
    Child second;
    Child other;
    first.move_to(at.slice.make("system.slice/quantum-governor.service"));
    second.move_to(at.slice.make("x.slice/quantum-execution.service/inner"));
    other.move_to(at.slice.make("system.slice/grafana-server.service"));
    at.slice.make("quantum-empty.service");
    at.start();
    at.loop.run([&] { CHECK(at.tree.kill_all() == 2); });
    CHECK(first.signal_that_ends() == SIGKILL);
    CHECK(second.signal_that_ends() == SIGKILL);
    CHECK(at.ends_with("quantum-execution.service", false));
    at.loop.run([&] { CHECK(at.tree.kill_all() == 0); });
    CHECK(other.signal_that_ends(std::chrono::milliseconds(1)) == 0);
}

TEST_CASE("cgroup kill: nothing to kill is success") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    at.start();
    CHECK(at.kill("quantum-unknown.service"));
    const std::string path = at.slice.make(governor);
    at.loop.settle();
    CHECK(at.kill(governor));
    // Removed, and the loop has not read of it yet: its descriptor is of a cgroup that is gone.
    at.loop.run([&] {
        REQUIRE(::rmdir(path.c_str()) == 0);
        CHECK(at.tree.kill(governor));
    });
}

TEST_CASE("cgroups: notices that were lost are made good by a walk") {
    const long limit = queue_limit();
    TreeFixture at;
    if (!at.slice.usable()) return;
    if (limit <= 0 || limit > 50000) {
        std::puts("skip: the inotify queue is too long to be filled with cgroups here");
        return;
    }
    Child dies;
    Child stays;
    Child leaves;
    dies.move_to(at.slice.make("quantum-dies.service"));
    stays.move_to(at.slice.make("quantum-stays.service"));
    const std::string left = at.slice.make("quantum-leaves.service");
    leaves.move_to(left);
    at.start();
    Child comes;
    at.loop.run([&] {
        flood(at.slice, limit);
        // None of this gets into the queue any more.
        dies.kill();
        leaves.kill();
        remove_cgroup(left);
        comes.move_to(at.slice.make("new.slice/quantum-comes.service"));
    });
    CHECK(at.ends_with("quantum-dies.service", false));
    CHECK(at.ends_with("quantum-leaves.service", false));
    CHECK(at.ends_with("quantum-comes.service", true));
    CHECK(at.ends_with("quantum-stays.service", true));
    // It is not deaf afterwards, and its descriptors are good.
    CHECK(at.kill("quantum-stays.service"));
    CHECK(at.ends_with("quantum-stays.service", false));
    comes.kill();
    CHECK(at.ends_with("quantum-comes.service", false));
}

TEST_CASE("cgroups: a hundred rounds leave no descriptor and no watch behind") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    at.start();
    const auto round = [&] {
        const std::string path = at.slice.make("x.slice/quantum-governor.service");
        Child child;
        child.move_to(path);
        CHECK(at.ends_with(governor, true));
        child.kill();
        CHECK(at.ends_with(governor, false));
        remove_cgroup(at.slice.path() + "/x.slice");
        at.loop.settle();  // so that the removal has been read
        at.loop.run([&] { at.told.clear(); });
    };
    round();
    const std::size_t descriptors = open_descriptors();
    const std::size_t watched = watches();
    for (int i = 0; i < 100; ++i)
        round();
    CHECK(open_descriptors() == descriptors);
    CHECK(watches() == watched);
}
