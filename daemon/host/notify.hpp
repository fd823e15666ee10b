#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/fd.hpp"

namespace ess::host {

/// What the service manager is told (sd_notify(3)). Not by libsystemd's function, which waits when the service manager
/// does not read its socket: a PID 1 that hangs must not take the stop with it. Nothing happens where nobody listens.
class Notify {
  public:
    /// Reads NOTIFY_SOCKET and WATCHDOG_USEC.
    Notify();
    /// Says STOPPING=1, whichever way the end is reached.
    ~Notify();
    Notify(const Notify&) = delete;
    Notify& operator=(const Notify&) = delete;

    void ready() const { send("READY=1"); }
    /// One line for `systemctl status`.
    void status(const std::string& text) const { send("STATUS=" + text); }
    /// Feeds the watchdog if one is wanted and it is time. Called from the loop that would do the stop, at least four
    /// times in WatchdogSec=.
    void feed_watchdog(Instant now);
    /// When that was last done; nothing if no watchdog is wanted.
    [[nodiscard]] std::optional<Instant> fed() const { return watchdog_interval_ ? std::optional(fed_) : std::nullopt; }

  private:
    void send(std::string_view message) const;

    Fd socket_;
    std::optional<Micros> watchdog_interval_;
    Instant fed_{};
};

}  // namespace ess::host
