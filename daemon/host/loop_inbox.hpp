#pragma once

#include <deque>
#include <functional>
#include <mutex>

#include "base/fd.hpp"
#include "host/event_loop.hpp"

namespace ess::host {

/// The way from other threads into the loop's: what is posted runs there, in order, one a turn, so that the latch and
/// the kernel's news go first however much was posted. Bounded by what the posting side has in flight.
class LoopInbox {
  public:
    /// Throws std::runtime_error when the kernel has no eventfd to give.
    explicit LoopInbox(EventLoop& loop);
    /// What did not run yet is dropped. No other thread may post any more.
    ~LoopInbox() = default;
    LoopInbox(const LoopInbox&) = delete;
    LoopInbox& operator=(const LoopInbox&) = delete;

    /// From any thread; never blocks on the loop.
    void post(std::function<void()> callback);

  private:
    void run_one();

    Fd wake_;
    std::mutex mutex_;
    std::deque<std::function<void()>> posted_;
    Source source_;
};

}  // namespace ess::host
