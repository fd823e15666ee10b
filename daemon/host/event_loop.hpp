#pragma once

#include <sys/signalfd.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.hpp"
#include "base/result.hpp"

struct sd_event;
struct sd_event_source;

namespace ess::host {

/// What goes first when several sources are ready (DESIGN.md, "Running so that it can act"): smaller is earlier.
enum class Priority : std::int64_t {
    Latch = -100,    ///< the latch and the signals
    Cgroup = -80,    ///< what the kernel says of the units
    Deadline = -60,  ///< the engine's timer
    Bus = -40,       ///< what systemd says
    Writer = 0,      ///< answers of the writer thread
    Client = 100,    ///< people and programs on the control socket
};

/// One registration at the loop. Gone with this object; a callback may destroy its own Source.
class Source {
  public:
    Source() noexcept;
    Source(Source&& other) noexcept;
    Source& operator=(Source&& other) noexcept;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    ~Source();

    /// The epoll events waited for, from the next turn of the loop on.
    void set_io_events(std::uint32_t events);
    /// The descriptor waited on; it must be open.
    void set_io_fd(int fd);
    /// Arms a timer for this moment. A timer fires once each time that it is armed.
    void arm(Instant at);
    /// Leaves a source in place without firing.
    void set_enabled(bool enabled);
    void set_prepare(std::function<void()> callback);

    struct State;

  private:
    friend class EventLoop;
    explicit Source(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// The one loop of the one thread that decides and acts: sd_event(3) with owners. Everything here is for that thread.
class EventLoop {
  public:
    EventLoop();
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    using IoCallback = std::function<void(std::uint32_t events)>;
    using Callback = std::function<void()>;
    using SignalCallback = std::function<void(const signalfd_siginfo&)>;

    /// Watches `fd`, which the caller keeps open longer than the Source. `events` are epoll's.
    [[nodiscard]] Source add_io(int fd, std::uint32_t events, Priority priority, IoCallback callback);
    /// A timer on CLOCK_MONOTONIC, not armed yet, without slack.
    [[nodiscard]] Source add_timer(Priority priority, Callback callback);
    /// A signal, which this blocks for the whole process.
    [[nodiscard]] Source add_signal(int signal, Priority priority, SignalCallback callback);
    /// Something called once, at the next turn of the loop.
    [[nodiscard]] Source add_defer(Priority priority, Callback callback);

    /// Runs until exit(); returns its code.
    int run();
    void exit(int code);

  private:
    sd_event* event_ = nullptr;
};

}  // namespace ess::host
