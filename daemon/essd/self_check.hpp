#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "core/status.hpp"
#include "host/check_look.hpp"
#include "host/control_socket.hpp"

namespace ess::essd {

/// The method Check. One look at a time: who asks meanwhile gets the same answer. However often it is asked for,
/// systemd is left alone for a while after each.
class SelfCheck {
  public:
    static constexpr Micros pause = std::chrono::milliseconds(500);

    /// `config` is what essd runs with, `faults` what it complains of.
    SelfCheck(const Config& config, host::EventLoop& loop, host::LoopInbox& inbox, host::UnitControl& units,
              std::function<std::vector<Fault>()> faults);

    void ask(host::CallReply reply);
    /// A stop begins, and has systemd to itself: who waits is told to come back.
    void give_way();

  private:
    void look();
    void answer(const CheckFacts& facts);

    const Config& config_;
    host::CheckLook look_;
    std::function<std::vector<Fault>()> faults_;
    host::Source next_;
    Instant not_before_{};
    std::vector<host::CallReply> waiters_;
};

/// "Busy", as the answer to who asks for a check while a stop is under way.
[[nodiscard]] VarlinkError stop_under_way();

}  // namespace ess::essd
