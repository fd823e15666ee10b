#include "host/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace ess::host {

namespace {

using namespace std::chrono_literals;

// How long a killed process gets to be gone. One in uninterruptible sleep stays, and is left to PID 1.
constexpr Micros death_grace = 100ms;

/// posix_spawn's two parameter objects, freed on every way out.
class SpawnSetup {
  public:
    SpawnSetup() {
        // These fail only for lack of memory, and then the spawn fails as well.
        static_cast<void>(::posix_spawn_file_actions_init(&actions_));
        static_cast<void>(::posix_spawnattr_init(&attributes_));
    }
    ~SpawnSetup() {
        static_cast<void>(::posix_spawn_file_actions_destroy(&actions_));
        static_cast<void>(::posix_spawnattr_destroy(&attributes_));
    }
    SpawnSetup(const SpawnSetup&) = delete;
    SpawnSetup& operator=(const SpawnSetup&) = delete;

    /// The first failure as errno, or 0. `output` becomes descriptor 1, `errors` 2 unless it is -1.
    [[nodiscard]] int prepare(const std::string& input, int output, int errors) {
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        const std::array<int, 7> faults{
            ::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, input.c_str(), O_RDONLY, 0),
            ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO),
            errors < 0 ? ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
                       : ::posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO),
            // This thread may have signals blocked; the program must be able to end.
            ::posix_spawnattr_setsigmask(&attributes_, &none),
            ::posix_spawnattr_setsigdefault(&attributes_, &all),
            ::posix_spawnattr_setpgroup(&attributes_, 0),
            ::posix_spawnattr_setflags(&attributes_,
                                       POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP),
        };
        const auto* const first = std::find_if(faults.begin(), faults.end(), [](int fault) { return fault != 0; });
        return first == faults.end() ? 0 : *first;
    }

    [[nodiscard]] const posix_spawn_file_actions_t* actions() const { return &actions_; }
    [[nodiscard]] const posix_spawnattr_t* attributes() const { return &attributes_; }

  private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

std::vector<char*> pointers_to(std::vector<std::string>& words) {
    std::vector<char*> pointers;
    pointers.reserve(words.size() + 1);
    for (std::string& word : words)
        pointers.push_back(word.data());
    pointers.push_back(nullptr);
    return pointers;
}

std::vector<std::string> small_environment(const ProgramStart& program) {
    std::vector<std::string> environment{
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL=C",
        "GIT_TERMINAL_PROMPT=0",
        "GIT_OPTIONAL_LOCKS=0",
    };
    const auto take_over = [&](const std::string& name) {
        if (const char* value = std::getenv(name.c_str()); value != nullptr) environment.push_back(name + "=" + value);
    };
    take_over("HOME");  // where a program finds its user's settings (git: safe.directory)
    std::for_each(program.keep.begin(), program.keep.end(), take_over);
    environment.insert(environment.end(), program.environment.begin(), program.environment.end());
    return environment;
}

/// Both ends of a pipe, the reading one first.
Result<std::pair<Fd, Fd>> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_failure("pipe", errno);
    return std::pair(Fd(ends[0]), Fd(ends[1]));
}

}  // namespace

bool readable_until(int fd, Instant deadline) {
    pollfd wanted{fd, POLLIN, 0};
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now()).count();
        const int ready = ::poll(&wanted, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

Result<ChildProcess> ChildProcess::start(const ProgramStart& program) {
    if (program.words.empty()) return failure("run: no program named");
    auto output = make_pipe();
    if (!output) return tl::unexpected(output.error());
    std::pair<Fd, Fd> errors;
    if (program.errors) {
        auto made = make_pipe();
        if (!made) return tl::unexpected(made.error());
        errors = std::move(*made);
    }
    SpawnSetup setup;
    const int second = errors.second ? errors.second.get() : -1;
    if (const int fault = setup.prepare(program.input, output->second.get(), second); fault != 0) {
        return system_failure("spawn", fault);
    }
    std::vector<std::string> words = program.words;
    std::vector<std::string> environment = small_environment(program);
    const std::vector<char*> arguments = pointers_to(words);
    const std::vector<char*> variables = pointers_to(environment);
    pid_t pid = 0;
    const int fault = ::posix_spawnp(&pid, arguments.front(), setup.actions(), setup.attributes(), arguments.data(),
                                     variables.data());
    if (fault != 0) return system_failure("spawn", fault);
    return ChildProcess(pid, std::move(output->first), std::move(errors.first));
}

ChildProcess::ChildProcess(pid_t pid, Fd output, Fd errors)
    : pid_(pid),
      handle_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
      output_(std::move(output)),
      errors_(std::move(errors)) {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(other.pid_),
      handle_(std::move(other.handle_)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)),
      over_(std::exchange(other.over_, true)) {}

ChildProcess::~ChildProcess() {
    if (over_) return;
    // The group may be gone already.
    static_cast<void>(::kill(-pid_, SIGKILL));
    static_cast<void>(wait_until(monotonic_now() + death_grace));
}

Result<> ChildProcess::wait_until(Instant deadline) {
    if (!handle_) return failure("no handle on the process");
    if (!readable_until(handle_.get(), deadline)) return failure("timed out");
    return reap();
}

Result<> ChildProcess::reap() {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0) return system_failure("wait", errno);
    over_ = true;
    if (info.si_code != CLD_EXITED) return failure("killed by signal " + std::to_string(info.si_status));
    if (info.si_status != 0) return failure("exit status " + std::to_string(info.si_status));
    return {};
}

}  // namespace ess::host
