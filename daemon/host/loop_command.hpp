#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "host/child_process.hpp"
#include "host/event_loop.hpp"

namespace ess::host {

/// A program that runs beside the loop, which hears of each line that it prints and of its end. Destroyed or stopped,
/// it is killed. For the loop's thread.
class LoopCommand {
  public:
    /// Longest line that is handed on; a longer one ends the program as a failure. All that thousands of hosts say is
    /// one.
    static constexpr std::size_t line_limit = std::size_t{64} << 20;
    /// What is kept of its standard error: the last of it says why it ended.
    static constexpr std::size_t errors_limit = std::size_t{16} << 10;

    struct Callbacks {
        std::function<void(std::string_view line)> line;
        /// It has ended, and nothing more comes: well, or why not. `errors` is the end of what it wrote to standard
        /// error. It may be started again, or destroyed, from here.
        std::function<void(const Result<>& end, std::string errors)> ended;
    };
    LoopCommand(EventLoop& loop, Priority priority, Callbacks callbacks);
    ~LoopCommand();
    LoopCommand(const LoopCommand&) = delete;
    LoopCommand& operator=(const LoopCommand&) = delete;

    /// Without a `patience` it may run for ever. A program that cannot be started has ended: the callback comes before
    /// this returns.
    void start(const ProgramStart& program, std::optional<Micros> patience = std::nullopt);
    /// Kills it; no callback comes.
    void stop();
    [[nodiscard]] bool running() const { return child_.has_value(); }

  private:
    bool read_output();
    bool read_errors();
    void ended();
    void give_up(const std::string& why);
    void finish(const Result<>& end);

    EventLoop& loop_;
    Priority priority_;
    Callbacks callbacks_;
    std::optional<ChildProcess> child_;
    Source output_;
    Source errors_;
    Source handle_;
    Source timer_;
    std::string unfinished_;  ///< the beginning of a line
    std::string told_;        ///< by standard error
};

}  // namespace ess::host
