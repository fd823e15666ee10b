#include "program/process.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <utility>

#include "base/clock.hpp"

namespace ess::test {

namespace {

/// Exit code of a child that could not be made into the program: no program here has it.
constexpr int not_started = 99;

std::vector<std::string> plain_environment(const std::vector<std::string>& more) {
    // Of two of a name the first one is read.
    std::vector<std::string> environment = more;
    for (const char* plain : {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TERM=xterm"})
        environment.emplace_back(plain);
    for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"}) {
        const char* const value = std::getenv(name);
        if (value != nullptr) environment.push_back(std::string(name) + "=" + value);
    }
    return environment;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> list;
    for (const std::string& string : strings)
        list.push_back(const_cast<char*>(string.c_str()));  // NOLINT: execve(2) does not write
    list.push_back(nullptr);
    return list;
}

Fd new_memory_file() {
    Fd file(::memfd_create("output", MFD_CLOEXEC));
    REQUIRE(file);
    return file;
}

std::string content_of(int fd) {
    std::string text;
    std::array<char, 65536> bytes{};
    for (;;) {
        const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), static_cast<off_t>(text.size()));
        if (got <= 0) return text;
        text.append(bytes.data(), static_cast<std::size_t>(got));
    }
}

std::string drain_terminal(int fd) {
    std::string text;
    std::array<char, 4096> bytes{};
    for (;;) {
        const ssize_t got = ::read(fd, bytes.data(), bytes.size());
        if (got <= 0) return text;
        text.append(bytes.data(), static_cast<std::size_t>(got));
    }
}

}  // namespace

Process::Process(Start start) : err_(new_memory_file()), terminal_(start.terminal) {
    Fd slave;
    if (start.terminal) {
        out_ = Fd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
        REQUIRE(out_);
        REQUIRE(::grantpt(out_.get()) == 0);
        REQUIRE(::unlockpt(out_.get()) == 0);
        slave = Fd(::open(::ptsname(out_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));  // NOLINT: one thread
        REQUIRE(slave);
        const winsize size{start.rows, start.columns, 0, 0};
        REQUIRE((start.columns == 0 || ::ioctl(slave.get(), TIOCSWINSZ, &size) == 0));
    } else {
        out_ = new_memory_file();
    }
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) become(start, start.terminal ? slave.get() : out_.get());
    pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    REQUIRE(pidfd_);
}

void Process::become(const Start& start, int out) const {
    static_cast<void>(::prctl(PR_SET_PDEATHSIG, SIGKILL));
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    bool done = ::dup2(null, STDIN_FILENO) >= 0 && ::dup2(out, STDOUT_FILENO) >= 0;
    done = done && ::dup2(err_.get(), STDERR_FILENO) >= 0;
    if (start.uid) done = done && ::setgroups(0, nullptr) == 0 && ::setgid(*start.uid) == 0;
    if (start.uid) done = done && ::setuid(*start.uid) == 0;
    const auto environment = plain_environment(start.environment);
    if (done) ::execve(start.command.front().c_str(), pointers(start.command).data(), pointers(environment).data());
    ::_exit(not_started);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      ended_(other.ended_),
      pidfd_(std::move(other.pidfd_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)),
      terminal_(other.terminal_) {}

Process::~Process() {
    if (pid_ < 0 || ended_) return;
    static_cast<void>(::kill(pid_, SIGKILL));
    static_cast<void>(::waitpid(pid_, nullptr, 0));
}

void Process::signal(int number) const {
    REQUIRE(::kill(pid_, number) == 0);
}

std::optional<int> Process::wait(std::chrono::milliseconds time) {
    if (ended_) return ended_;
    pollfd watched{pidfd_.get(), POLLIN, 0};
    if (::poll(&watched, 1, static_cast<int>(time.count())) != 1) return std::nullopt;
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    ended_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    REQUIRE(*ended_ != not_started);
    return ended_;
}

std::string Process::out() const {
    return terminal_ ? drain_terminal(out_.get()) : content_of(out_.get());
}

std::string Process::err() const {
    return content_of(err_.get());
}

Ended run(Start start) {
    const Instant begun = monotonic_now();
    const std::string name = start.command.front();
    Process process(std::move(start));
    // The longest that a program here waits by itself is essctl for its daemon.
    const auto code = process.wait(100s);
    REQUIRE_MESSAGE(code, name << " does not end");
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(monotonic_now() - begun);
    return {*code, process.out(), process.err(), took};
}

Ended run(std::vector<std::string> command) {
    return run(Start{std::move(command), {}, {}, false});
}

Ended essctl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), ESS_ESSCTL);
    return run(std::move(arguments));
}

}  // namespace ess::test
