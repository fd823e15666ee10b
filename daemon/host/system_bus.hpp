#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "host/event_loop.hpp"
#include "host/loop_inbox.hpp"

namespace sdbus {
class IConnection;
class IProxy;
}  // namespace sdbus

namespace ess::host {

/// The connection to the system bus, driven by the loop; made again whenever it is lost. Connecting blocks for as long
/// as a hanging bus likes, so a thread of its own does that and hands the finished connection over.
///
/// All that the code knows of sdbus-c++ is in system_bus.cpp, unit_control.cpp and unit_properties.cpp, and how its
/// versions differ in sdbus.hpp.
class SystemBus {
  public:
    struct Callbacks {
        /// On the connecting thread: add signal handlers to the proxy of systemd's org.freedesktop.systemd1.Manager.
        std::function<void(sdbus::IProxy&)> prepare;
        std::function<void()> up;
        std::function<void(const std::string& why)> down;
    };

    /// How long a lost bus is left alone before the next try.
    static constexpr Micros redial_interval = std::chrono::milliseconds(500);

    SystemBus(EventLoop& loop, LoopInbox& inbox, Callbacks callbacks);
    ~SystemBus();
    SystemBus(const SystemBus&) = delete;
    SystemBus& operator=(const SystemBus&) = delete;

    /// Starts to connect; `up` or `down` tell how it went.
    void dial();

    /// systemd's Manager object; nothing while the bus is down. For asynchronous calls only.
    [[nodiscard]] sdbus::IProxy* systemd() const;
    /// One more object of systemd's, while the bus is up. Kept until forget_objects().
    [[nodiscard]] sdbus::IProxy& object(const std::string& path);
    /// Not from within an answer, nor while one of theirs is waited for: sdbus-c++ does not survive a proxy that goes
    /// while it answers.
    void forget_objects();

  private:
    struct Link;

    void adopt(std::unique_ptr<Link> link);
    void lose(const std::string& why);
    void follow_poll_data();
    void process();

    EventLoop& loop_;
    LoopInbox& inbox_;
    Callbacks callbacks_;
    std::unique_ptr<Link> link_;
    Source io_;
    Source timeout_;
    Source redial_;
    Source cleanup_;
    bool dialing_ = false;
};

}  // namespace ess::host
