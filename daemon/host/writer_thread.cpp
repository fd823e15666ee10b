#include "host/writer_thread.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "host/signals_blocked.hpp"

namespace ess::host {

/// Owned by both sides, since a thread left behind outlives the WriterThread. The mutex is never held over a task.
struct WriterThread::Shared {
    explicit Shared(std::size_t limit) : capacity(limit) {}

    const std::size_t capacity;
    mutable std::mutex mutex;
    std::condition_variable wake;   ///< for the thread: a task, or the end
    std::condition_variable ended;  ///< for stop(): the thread is done
    std::deque<Task> tasks;
    std::optional<Instant> running_since;
    bool stopping = false;
    bool done = false;

    void run();
    bool run_next(std::unique_lock<std::mutex>& lock);
};

bool WriterThread::Shared::run_next(std::unique_lock<std::mutex>& lock) {
    wake.wait(lock, [this] { return stopping || !tasks.empty(); });
    if (tasks.empty()) return false;
    Task task = std::move(tasks.front());
    tasks.pop_front();
    running_since = monotonic_now();
    lock.unlock();
    task();
    // What the task holds is destroyed before it counts as done, and outside the lock.
    task = nullptr;
    lock.lock();
    running_since.reset();
    return true;
}

void WriterThread::Shared::run() {
    std::unique_lock lock(mutex);
    while (run_next(lock)) {
    }
    done = true;
    ended.notify_all();
}

WriterThread::WriterThread(std::size_t capacity) : shared_(std::make_shared<Shared>(capacity)) {
    const SignalsBlocked blocked;
    // Detached from the start: whether it may be waited for is known at the end only, and `done` says that as well.
    std::thread([shared = shared_] { shared->run(); }).detach();
}

WriterThread::~WriterThread() {
    // Whether the queue drained was for the one who called stop() in time.
    static_cast<void>(stop(monotonic_now()));
}

bool WriterThread::submit(Task task) {
    const std::lock_guard lock(shared_->mutex);
    if (shared_->stopping || shared_->tasks.size() >= shared_->capacity) return false;
    shared_->tasks.push_back(std::move(task));
    shared_->wake.notify_one();
    return true;
}

std::optional<Instant> WriterThread::stuck_since() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->running_since;
}

bool WriterThread::stop(Instant deadline) {
    std::deque<Task> dropped;
    std::unique_lock lock(shared_->mutex);
    shared_->stopping = true;
    shared_->wake.notify_one();
    if (shared_->ended.wait_until(lock, deadline, [this] { return shared_->done; })) return true;
    dropped.swap(shared_->tasks);
    return false;
}

}  // namespace ess::host
