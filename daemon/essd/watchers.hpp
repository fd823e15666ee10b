#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "host/event_loop.hpp"
#include "host/varlink_connection.hpp"

namespace ess::essd {

/// The limits, which tests make small.
struct WatcherLimits {
    /// The least time between two replies. A person sees no difference, and a trip of many units is not held up by
    /// telling of each.
    Micros pause = std::chrono::milliseconds(50);
    /// Who has not taken a reply for so long does not read: its connection is closed.
    Micros patience = std::chrono::seconds(10);
    /// Of one user. A watcher keeps its connection, so these are fewer than the connections of a user.
    std::size_t of_one_uid = 8;
    /// Of all users but root: whatever they watch, connections are left for the others' calls.
    std::size_t of_users = 24;
};

/// Who looks on (Watch): each is told the state as it is now, and then each change of what is shown. Changes that come
/// in quick succession are told as one; the last state always comes. Who reads slowly is told the newest state once it
/// has taken the one before, and never has more than one waiting. What is shown is put together once for all, at the
/// clients' priority, and not at all if nobody watches.
class Watchers {
  public:
    /// `shown` gives the parameters of a reply as things stand, as JSON text.
    Watchers(host::EventLoop& loop, std::function<std::string()> shown, WatcherLimits limits = {});
    Watchers(const Watchers&) = delete;
    Watchers& operator=(const Watchers&) = delete;

    /// Answers an error of its own accord if there are too many.
    void add(uid_t uid, host::CallReply reply);
    /// What is shown may have changed. Cheap, and may be called from the middle of a stop.
    void changed();
    /// Whether anybody watched when that was last looked at.
    [[nodiscard]] bool any() const { return !watching_.empty(); }

  private:
    struct Watcher {
        uid_t uid = 0;
        host::CallReply reply;
        std::uint64_t told = 0;              ///< the number of the last state that it was told; 0: none so far
        std::optional<Instant> behind = {};  ///< since when it has a reply to take
    };

    [[nodiscard]] bool has_room(uid_t uid) const;
    void forget_the_gone();
    void tell();
    void look();
    bool tell(Watcher& watcher, Instant now) const;
    void wait_until(Instant at);

    std::function<std::string()> shown_;
    WatcherLimits limits_;
    std::vector<Watcher> watching_;
    std::string newest_;        ///< the reply with the newest state, as it goes on the wire
    std::uint64_t number_ = 0;  ///< of the newest state
    bool changed_ = false;      ///< newest_ may be of the past
    bool waiting_ = false;      ///< for the timer
    Instant next_{};            ///< no reply before
    host::Source timer_;
};

}  // namespace ess::essd
