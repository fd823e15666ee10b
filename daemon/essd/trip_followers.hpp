#pragma once

#include <set>
#include <string>
#include <vector>

#include "core/stop_engine.hpp"
#include "host/event_loop.hpp"
#include "host/varlink_connection.hpp"

namespace ess::essd {

/// Who tripped over the socket and wants to be told how it goes (Trip with `more`): a reply for each unit that is
/// empty, and a last one when the trip is settled. Told at the clients' priority, behind all of the stop's own work.
class TripFollowers {
  public:
    /// `engine` outlives this.
    TripFollowers(host::EventLoop& loop, const StopEngine& engine);
    TripFollowers(const TripFollowers&) = delete;
    TripFollowers& operator=(const TripFollowers&) = delete;

    /// `existed`: a latch was there already. With too many the last reply comes at once: the trip itself is never
    /// refused.
    void add(bool existed, host::CallReply reply);
    /// The engine has made a step. Cheap, and may be called from the middle of a stop.
    void changed();

  private:
    struct Follower {
        bool existed = false;
        host::CallReply reply;
        bool begun = false;               ///< the trip was seen to be in force
        std::set<std::string> told = {};  ///< units
    };

    void tell();
    [[nodiscard]] bool tell(Follower& follower, const TripReport& report) const;

    const StopEngine& engine_;
    std::vector<Follower> followers_;
    host::Source timer_;
};

}  // namespace ess::essd
