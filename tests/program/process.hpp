#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"

namespace ess::test {

using namespace std::chrono_literals;

/// What a test waits for comes in milliseconds; this bounds a failing test.
inline constexpr std::chrono::milliseconds patience = 20s;

/// How a program is started. Its environment is what stands here and nothing of the test's own.
struct Start {
    std::vector<std::string> command;
    std::vector<std::string> environment;  ///< in addition to a plain one
    std::optional<uid_t> uid;              ///< another user than root, without groups
    bool terminal = false;                 ///< standard output is a terminal
    unsigned short columns = 0;            ///< of the terminal; 0: it does not say
    unsigned short rows = 24;
};

/// A program that runs; killed and reaped in the end, and with the test if that dies.
class Process {
  public:
    explicit Process(Start start);
    explicit Process(std::vector<std::string> command) : Process(Start{std::move(command), {}, {}, false}) {}
    Process(Process&& other) noexcept;
    Process& operator=(Process&&) = delete;
    ~Process();

    [[nodiscard]] pid_t pid() const { return pid_; }
    void signal(int number) const;
    /// The exit code, or minus the signal that ended it; nothing if it still runs when the time is over.
    std::optional<int> wait(std::chrono::milliseconds time = patience);
    [[nodiscard]] bool running() { return !wait(0ms).has_value(); }

    /// What it has written so far.
    [[nodiscard]] std::string out() const;
    [[nodiscard]] std::string err() const;

  private:
    [[noreturn]] void become(const Start& start, int out) const;

    pid_t pid_ = -1;
    std::optional<int> ended_;
    Fd pidfd_;
    Fd out_;
    Fd err_;
    bool terminal_ = false;
};

/// A program that has ended.
struct Ended {
    int code = -1;
    std::string out;
    std::string err;
    std::chrono::milliseconds took{};

    [[nodiscard]] bool says(const std::string& text) const { return (out + err).find(text) != std::string::npos; }
};

/// Runs it to its end.
[[nodiscard]] Ended run(Start start);
[[nodiscard]] Ended run(std::vector<std::string> command);

[[nodiscard]] Ended essctl(std::vector<std::string> arguments);

}  // namespace ess::test
