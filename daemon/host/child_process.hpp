#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

namespace ess::host {

/// What a program is started with.
struct ProgramStart {
    std::vector<std::string> words;          ///< program, found along a fixed PATH, and its arguments; no shell
    std::string input = "/dev/null";         ///< the file that is its standard input
    std::vector<std::string> keep{};         ///< variables of this program's environment that it gets in addition
    std::vector<std::string> environment{};  ///< more variables, "NAME=value"
    bool errors = false;                     ///< whether its standard error is kept; otherwise it goes to /dev/null
};

/// A program that runs, in its own process group, with a small environment, default signals, and standard output in a
/// pipe. Destroyed before it was seen to end, its process group is killed, and waited for a tenth of a second at most.
class ChildProcess {
  public:
    [[nodiscard]] static Result<ChildProcess> start(const ProgramStart& program);

    ChildProcess(ChildProcess&& other) noexcept;
    ChildProcess& operator=(ChildProcess&&) = delete;
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess();

    [[nodiscard]] int output() const { return output_.get(); }
    /// -1 unless it is kept.
    [[nodiscard]] int errors() const { return errors_.get(); }
    /// Readable when it has ended (pidfd_open(2)).
    [[nodiscard]] int handle() const { return handle_.get(); }

    /// Whether it ended with exit 0, told as nothing or a failure; to be asked when handle() is readable.
    [[nodiscard]] Result<> reap();
    /// As reap(), waiting for it until then.
    [[nodiscard]] Result<> wait_until(Instant deadline);

  private:
    ChildProcess(pid_t pid, Fd output, Fd errors);

    pid_t pid_;
    Fd handle_;
    Fd output_;
    Fd errors_;
    bool over_ = false;  ///< reaped, or moved from
};

/// Whether `fd` becomes readable until then (poll(2)).
[[nodiscard]] bool readable_until(int fd, Instant deadline);

}  // namespace ess::host
