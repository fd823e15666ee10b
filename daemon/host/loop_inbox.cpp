#include "host/loop_inbox.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cstdint>
#include <stdexcept>
#include <utility>

namespace ess::host {

// EFD_SEMAPHORE: each read takes one, so the descriptor stays readable exactly while something is posted.
LoopInbox::LoopInbox(EventLoop& loop) : wake_(::eventfd(0, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (!wake_) throw std::runtime_error("inbox of the event loop: no eventfd");
    source_ = loop.add_io(wake_.get(), EPOLLIN, Priority::Writer, [this](std::uint32_t) { run_one(); });
}

void LoopInbox::post(std::function<void()> callback) {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(callback));
    // Fails only past 2^64-2 posts that nobody took.
    static_cast<void>(::eventfd_write(wake_.get(), 1));
}

void LoopInbox::run_one() {
    eventfd_t taken = 0;
    if (::eventfd_read(wake_.get(), &taken) != 0) return;
    std::unique_lock lock(mutex_);
    if (posted_.empty()) return;
    const auto callback = std::move(posted_.front());
    posted_.pop_front();
    lock.unlock();
    callback();
}

}  // namespace ess::host
