#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>

#include "host/event_loop.hpp"
#include "host/loop_inbox.hpp"

namespace ess::test {

/// An event loop in a thread of its own. What run() is given runs in that thread, so nothing else of the loop runs
/// meanwhile: what a task does to the kernel is seen by the loop all at once, afterwards.
class LoopThread {
  public:
    LoopThread() : inbox_(loop_), thread_([this] { loop_.run(); }) {}
    LoopThread(const LoopThread&) = delete;
    LoopThread& operator=(const LoopThread&) = delete;
    ~LoopThread() { stop(); }

    [[nodiscard]] host::EventLoop& loop() { return loop_; }

    /// Runs it in the loop's thread and waits for it.
    void run(std::function<void()> task) {
        auto packaged = std::make_shared<std::packaged_task<void()>>(std::move(task));
        auto done = packaged->get_future();
        inbox_.post([packaged] { (*packaged)(); });
        // Bounds a failing test; a flood of tens of thousands of files takes seconds under a sanitizer.
        REQUIRE(done.wait_for(std::chrono::seconds(120)) == std::future_status::ready);
        done.get();
    }

    /// Ends the loop: what it called back may be destroyed now.
    void stop() {
        if (!thread_.joinable()) return;
        inbox_.post([this] { loop_.exit(0); });
        thread_.join();
    }

    /// Whether the condition, looked at in the loop's thread, comes to hold.
    [[nodiscard]] bool eventually(const std::function<bool()>& condition,
                                  std::chrono::milliseconds time = std::chrono::seconds(10)) {
        for (const Instant deadline = monotonic_now() + time;;) {
            bool holds = false;
            run([&] { holds = condition(); });
            if (holds || monotonic_now() > deadline) return holds;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    /// After this the loop has handled everything that the kernel had told before: a turn of the loop takes the sources
    /// of a higher priority first.
    void settle() {
        for (int turn = 0; turn < 2; ++turn)
            run([] {});
    }

  private:
    host::EventLoop loop_;
    host::LoopInbox inbox_;
    std::thread thread_;
};

}  // namespace ess::test
