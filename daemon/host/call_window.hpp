#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

#include "host/event_loop.hpp"

namespace ess::host {

/// Which calls on the bus are sent now, and which wait. The bus refuses every call of a connection that waits for 128
/// replies already (dbus-daemon(1), max_replies_per_connection; what Debian's system bus has), so that of a few hundred
/// units those behind would not be stopped by systemd. For the loop's thread.
class CallWindow {
  public:
    enum class Kind {
        Order,     ///< part of a stop, or of anything else that somebody wants done; sent in the order given
        Question,  ///< can wait, and never leaves an order without room
        FollowUp,  ///< a question that an answer led to: before other questions, or all of them would be half answered
    };

    static constexpr std::size_t calls_at_once = 96;
    static constexpr std::size_t questions_at_once = 32;

    /// The room that a call takes, until the last copy of this is gone: keep it with what is called upon the reply.
    using Slot = std::shared_ptr<void>;
    using Send = std::function<void(Slot)>;

    explicit CallWindow(EventLoop& loop) : loop_(loop) {}

    /// Sends at once if there is room, and otherwise when there is.
    void add(Kind kind, Send send);
    /// Sends all that waits, room or not: the connection is gone, and each is to find that out.
    void flush();

  private:
    struct Held;

    void release(Kind kind);
    void pump();
    void send_first(std::deque<Send>& queue, Kind kind);

    EventLoop& loop_;
    std::deque<Send> orders_;
    std::deque<Send> questions_;
    std::size_t open_ = 0;
    std::size_t open_questions_ = 0;
    bool pumping_ = false;
    bool due_ = false;
    Source next_;
};

}  // namespace ess::host
