// What tests/bench/stop runs inside its machines: the units that are stopped, what sets the latch and measures, and the
// kernel limit that essd is held against. Linked statically, so that it runs in any root.
//
// Each unit beats in a shared memory arena; its last beat is the last moment in which it got anything done, whoever
// stopped it and however. No log and no service stands between the two.
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int most_units = 4096;
constexpr const char* arena_path = "/dev/shm/bench-stop";
/// essd's own priority (units/essd.service): what the kernel limit is allowed, too.
constexpr int limit_priority = 50;
constexpr int unit_priority = 1;
/// Between two looks at who is still there. Far from the beats, so as not to be a load itself.
constexpr long look_ns = 5'000'000;
/// Units that beat as fast as in the round would be long in starting when there are a thousand.
constexpr long slow_beat_ns = 100'000'000;
/// What was started for the round gets its time slices before the latch is set, and the units their beat.
constexpr long settle_ns = 300'000'000;
constexpr std::int64_t second_ns = 1'000'000'000;

using Time = std::atomic<std::int64_t>;
static_assert(Time::is_always_lock_free);

/// A cache line each: units must not slow each other down by beating.
struct alignas(64) Slot {
    Time last;
    std::atomic<std::int32_t> pid;
};

struct Arena {
    std::atomic<std::int32_t> units;
    std::atomic<std::int32_t> deaf;
    Time beat_ns;        ///< between two beats; slow until a round begins
    Time round_beat_ns;  ///< and then
    std::array<Slot, most_units> slots;
};

std::int64_t monotonic_ns() {
    timespec now{};
    static_cast<void>(clock_gettime(CLOCK_MONOTONIC, &now));  // cannot fail: the clock exists and the pointer is good
    return static_cast<std::int64_t>(now.tv_sec) * second_ns + now.tv_nsec;
}

void pause_ns(std::int64_t ns) {
    const timespec pause{ns / second_ns, ns % second_ns};
    static_cast<void>(nanosleep(&pause, nullptr));  // a shorter pause only means one look more
}

[[noreturn]] void die(const std::string& what) {
    std::fprintf(stderr, "bench probe: %s: %s\n", what.c_str(), std::strerror(errno));
    std::exit(1);
}

long number(std::string_view text) {
    long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0) {
        errno = EINVAL;
        die(std::string(text));
    }
    return value;
}

Arena& arena(bool fresh) {
    if (fresh) static_cast<void>(unlink(arena_path));  // those of the last round may still have it mapped
    const int fd = open(arena_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof(Arena)) != 0) die(arena_path);
    void* memory = mmap(nullptr, sizeof(Arena), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    static_cast<void>(close(fd));  // the mapping stays
    if (memory == MAP_FAILED) die(arena_path);
    return *static_cast<Arena*>(memory);
}

// --- the units -----------------------------------------------------------------------------------------------------

int prepare(int units, long beat_us, bool deaf) {
    Arena& made = arena(true);
    made.units = units;
    made.beat_ns = slow_beat_ns;
    made.round_beat_ns = beat_us * 1000;
    made.deaf = deaf ? 1 : 0;
    return 0;
}

[[noreturn]] void beat(int number) {
    Arena& shared = arena(false);
    if (shared.deaf != 0) static_cast<void>(std::signal(SIGTERM, SIG_IGN));
    // The default slack of 50 us is as long as the shortest pause.
    static_cast<void>(prctl(PR_SET_TIMERSLACK, 1UL));
    Slot& slot = shared.slots.at(static_cast<std::size_t>(number));
    slot.pid = getpid();
    // Before whatever saturates the processors, as the engines that matter are, and behind what stops them. Where that
    // is refused (CONFIG_RT_GROUP_SCHED), a unit that did not get to beat looks as if it had been stopped sooner.
    const sched_param priority{unit_priority};
    if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0) std::perror("bench probe: no real-time priority");
    for (;;) {
        slot.last.store(monotonic_ns(), std::memory_order_relaxed);
        pause_ns(shared.beat_ns);
    }
}

/// Until all of them beat.
int await_beats(long seconds) {
    const Arena& shared = arena(false);
    const std::int64_t end = monotonic_ns() + seconds * second_ns;
    const auto beats = [&](int unit) { return shared.slots[static_cast<std::size_t>(unit)].last != 0; };
    for (int unit = 0; unit < shared.units;) {
        if (beats(unit)) {
            ++unit;
        } else if (monotonic_ns() > end) {
            std::fprintf(stderr, "bench probe: unit %d does not beat\n", unit);
            return 1;
        } else {
            pause_ns(look_ns);
        }
    }
    return 0;
}

// --- the kernel limit ----------------------------------------------------------------------------------------------

/// The least that can be done: one process, at essd's priority, its memory locked, everything open; it sleeps on the
/// latch's directory, and when anything is made there, it writes cgroup.kill of each unit.
[[noreturn]] void resident(const std::string& prefix, int units, const std::string& directory, long delay_us,
                           int ready) {
    std::vector<int> kills;
    for (int unit = 0; unit < units; ++unit) {
        const std::string path = prefix + std::to_string(unit) + ".service/cgroup.kill";
        kills.push_back(open(path.c_str(), O_WRONLY | O_CLOEXEC));
        if (kills.back() < 0) die(path);
    }
    const sched_param priority{limit_priority};
    if (sched_setscheduler(0, SCHED_FIFO, &priority) != 0) die("SCHED_FIFO");
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) die("mlockall");
    const int watch = inotify_init1(IN_CLOEXEC);
    if (watch < 0 || inotify_add_watch(watch, directory.c_str(), IN_CREATE) < 0) die(directory);
    if (write(ready, "1", 1) != 1) die("ready");
    alignas(inotify_event) std::array<char, 4096> events{};
    if (read(watch, events.data(), events.size()) <= 0) die(directory);
    if (delay_us > 0) pause_ns(delay_us * 1000);
    for (const int kill : kills)
        static_cast<void>(write(kill, "1", 1));  // who is left shows in the beats
    std::exit(0);
}

// --- one round -----------------------------------------------------------------------------------------------------

struct Round {
    long spin = 0;
    long limit_s = 60;
    long delay_us = 0;
    std::string resident;  ///< the kernel limit kills PREFIX0.service, PREFIX1.service, ...
    std::string touch;
    std::vector<char*> run;
};

pid_t child(auto body) {
    const pid_t pid = fork();
    if (pid < 0) die("fork");
    if (pid > 0) return pid;
    static_cast<void>(prctl(PR_SET_PDEATHSIG, SIGKILL));
    body();
    std::exit(1);
}

/// What stops the units in this round, if it is not a service of the machine: a child of this process.
void start_resident(const Round& round, int units, std::vector<pid_t>& children) {
    std::array<int, 2> ready{};
    if (pipe2(ready.data(), O_CLOEXEC) != 0) die("pipe");
    const std::string directory = round.touch.substr(0, round.touch.rfind('/'));
    children.push_back(child([&] { resident(round.resident, units, directory, round.delay_us, ready[1]); }));
    static_cast<void>(close(ready[1]));
    char byte = 0;
    if (read(ready[0], &byte, 1) != 1) std::exit(1);  // it has said why
    static_cast<void>(close(ready[0]));
}

void begin(const Round& round, std::vector<pid_t>& children) {
    if (round.run.empty()) {
        const int fd = open(round.touch.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        if (fd < 0) die(round.touch);
        static_cast<void>(close(fd));  // nothing was written
        return;
    }
    children.push_back(child([&] {
        execvp(round.run[0], round.run.data());
        die(round.run[0]);
    }));
}

/// The kernel's word on each process. A zombie has ended, however late its parent looks after it.
std::vector<pollfd> watch_processes(const Arena& shared) {
    std::vector<pollfd> watched;
    for (int unit = 0; unit < shared.units; ++unit) {
        const int pid = shared.slots[static_cast<std::size_t>(unit)].pid;
        const auto fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
        if (fd < 0) die("unit " + std::to_string(unit) + ", which beat, is gone before the round");
        watched.push_back({fd, POLLIN, 0});
    }
    return watched;
}

/// How many are left.
std::size_t await_deaths(std::vector<pollfd> watched, std::int64_t end) {
    while (!watched.empty() && monotonic_ns() < end) {
        pause_ns(look_ns);
        if (poll(watched.data(), watched.size(), 0) < 0) die("poll");
        std::erase_if(watched, [](const pollfd& process) { return process.revents != 0; });
    }
    return watched.size();
}

/// Prints milliseconds from the latch to the last beat of all, a tab, and how many still beat.
int measure(const Round& round) {
    Arena& shared = arena(false);
    shared.beat_ns = shared.round_beat_ns.load();
    std::vector<pid_t> children;
    auto watched = watch_processes(shared);
    if (!round.resident.empty()) start_resident(round, shared.units, children);
    for (long i = 0; i < round.spin; ++i)
        children.push_back(child([] {
            for (volatile bool on = true; on;) {
            }
        }));
    // Not in step with anything of the machine's.
    pause_ns(settle_ns + monotonic_ns() % (2 * shared.beat_ns + 1));

    const std::int64_t since = monotonic_ns();
    begin(round, children);
    const std::size_t left = await_deaths(std::move(watched), since + round.limit_s * second_ns);
    std::int64_t last = since;
    for (int unit = 0; unit < shared.units; ++unit)
        last = std::max(last, shared.slots[static_cast<std::size_t>(unit)].last.load());

    for (const pid_t pid : children) {
        static_cast<void>(kill(pid, SIGKILL));
        static_cast<void>(waitpid(pid, nullptr, 0));
    }
    std::printf("%.4f\t%zu\n", static_cast<double>(last - since) / 1e6, left);
    return 0;
}

int parse_and_measure(std::span<char*> words) {
    Round round;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::string_view word = words[i];
        if (i + 1 >= words.size()) return 2;
        if (word == "--spin") {
            round.spin = number(words[++i]);
        } else if (word == "--limit") {
            round.limit_s = number(words[++i]);
        } else if (word == "--delay-us") {
            round.delay_us = number(words[++i]);
        } else if (word == "--resident") {
            round.resident = words[++i];
        } else if (word == "touch") {
            round.touch = words[++i];
        } else if (word == "run") {
            round.run.assign(words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
            round.run.push_back(nullptr);
            break;
        } else {
            return 2;
        }
    }
    return round.touch.empty() && round.run.empty() ? 2 : measure(round);
}

// --- the status ----------------------------------------------------------------------------------------------------

/// Milliseconds of each of so many Status calls over one connection, and the size of a reply: the socket's cost alone.
int ask_status(const char* path, long count) {
    sockaddr_un address{AF_UNIX, {}};
    std::strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) die(path);
    constexpr std::string_view call = R"({"method":"io.quantum.EmergencyStop.Status"})";
    for (long i = 0; i < count; ++i) {
        const std::int64_t since = monotonic_ns();
        // With its NUL, which ends a message.
        if (write(fd, call.data(), call.size() + 1) != static_cast<ssize_t>(call.size() + 1)) die(path);
        std::array<char, 65536> reply{};
        std::size_t size = 0;
        for (bool whole = false; !whole;) {
            const ssize_t got = read(fd, reply.data(), reply.size());
            if (got <= 0) die(path);
            size += static_cast<std::size_t>(got);
            whole = reply.at(static_cast<std::size_t>(got) - 1) == '\0';
        }
        std::printf("%.4f %zu\n", static_cast<double>(monotonic_ns() - since) / 1e6, size);
    }
    static_cast<void>(close(fd));
    return 0;
}

int usage() {
    std::fputs(
        "usage: probe prepare UNITS BEAT-US DEAF(0|1)      for the units that are started next\n"
        "       probe beat NUMBER                          a unit\n"
        "       probe await SECONDS                        until all units beat\n"
        "       probe round [--spin N] [--limit SECONDS] [--resident PREFIX [--delay-us N]] touch PATH | run "
        "COMMAND...\n"
        "       probe status SOCKET COUNT\n",
        stderr);
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    const std::span words(argv, static_cast<std::size_t>(argc));
    const std::string_view verb = argc > 1 ? words[1] : "";
    // A descriptor for each process and each cgroup.
    constexpr rlimit descriptors{3UL * most_units, 3UL * most_units};
    if (verb == "round" && setrlimit(RLIMIT_NOFILE, &descriptors) != 0) die("descriptors");
    if (verb == "prepare" && argc == 5) {
        return prepare(static_cast<int>(number(words[2])), number(words[3]), number(words[4]) != 0);
    }
    if (verb == "beat" && argc == 3) beat(static_cast<int>(number(words[2])));
    if (verb == "await" && argc == 3) return await_beats(number(words[2]));
    if (verb == "status" && argc == 4) return ask_status(words[2], number(words[3]));
    const int code = verb == "round" ? parse_and_measure(words.subspan(2)) : 2;
    return code == 2 ? usage() : code;
}
