#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.hpp"

namespace ess::host {

/// A thread that may block on disks, as the loop may not. Tasks run in the order submitted, one at a time; they must
/// not throw, and post their results to the loop through LoopInbox.
class WriterThread {
  public:
    using Task = std::function<void()>;

    /// Starts the thread. At most `capacity` tasks wait behind the running one: a disk that hangs must not fill memory.
    explicit WriterThread(std::size_t capacity);
    /// stop() without patience. After a task hung, end the process by _exit instead of coming here: what the task uses
    /// must not go away under it.
    ~WriterThread();
    WriterThread(const WriterThread&) = delete;
    WriterThread& operator=(const WriterThread&) = delete;

    /// Queues the task; false when the queue is full or the thread was stopped. Never waits for a task.
    [[nodiscard]] bool submit(Task task);

    /// Since when the task that runs now has been running; nothing when none does.
    [[nodiscard]] std::optional<Instant> stuck_since() const;

    /// Takes no more tasks and waits until the queued ones ran. False when they had not by `deadline`: those that did
    /// not begin are dropped, the thread is left to the running one, and the caller must _exit.
    [[nodiscard]] bool stop(Instant deadline);

  private:
    struct Shared;
    std::shared_ptr<Shared> shared_;
};

}  // namespace ess::host
