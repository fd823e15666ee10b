#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/etcd_reply.hpp"
#include "host/etcdctl.hpp"
#include "host/event_loop.hpp"
#include "host/loop_command.hpp"

namespace ess::fleet {

/// Watches what is below one prefix, at each member by a watch of its own. Each of them tells of everything, so a
/// member that dies, hangs or is cut off delays nothing: nobody has to notice first that it is gone.
class EtcdWatches {
  public:
    struct Callbacks {
        std::function<void(const EtcdReply& events)> noticed;
        /// The newest revision that is known: a watch goes on behind it, or, at 0, from now on.
        std::function<std::uint64_t()> revision;
        /// A watch has ended; it is begun again.
        std::function<void(const std::string& member, const std::string& why)> ended;
    };
    /// `etcd` outlives this.
    EtcdWatches(host::EventLoop& loop, const host::Etcdctl& etcd, const std::vector<std::string>& members,
                std::string prefix, Callbacks callbacks);

    /// Also to be called when members were out of reach and are back: etcdctl by itself waits up to two minutes before
    /// it tries again (grpc's back-off).
    void start();

  private:
    struct Watch {
        Watch(EtcdWatches& owner, host::EventLoop& loop, std::string at);

        std::string member;
        host::LoopCommand command;
        host::Source again;
        Instant begun{};
        unsigned in_vain = 0;  ///< attempts one after the other
    };
    void begin(Watch& watch);
    void take(Watch& watch, std::string_view line);
    void ended(Watch& watch, const std::string& why);

    const host::Etcdctl& etcd_;
    std::string prefix_;
    Callbacks callbacks_;
    std::minstd_rand random_{std::random_device()()};
    std::deque<Watch> watches_;  ///< none of them ever moves
};

}  // namespace ess::fleet
