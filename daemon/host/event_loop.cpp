#include "host/event_loop.hpp"

#include <systemd/sd-event.h>

#include <csignal>
#include <stdexcept>
#include <string>
#include <utility>

namespace ess::host {

/// What sd-event's callbacks need. It outlives a callback that destroys its own Source: the callback holds a copy of
/// what it calls.
struct Source::State {
    sd_event_source* source = nullptr;
    EventLoop::IoCallback on_io;
    EventLoop::Callback on_time;
    EventLoop::SignalCallback on_signal;
    EventLoop::Callback on_prepare;

    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { sd_event_source_disable_unref(source); }
};

namespace {

void require(int result, const char* what) {
    // Only programming errors and exhaustion at start-up end here: nothing after the start adds sources that can fail.
    if (result < 0) throw std::runtime_error(std::string("event loop: ") + what + ": " + std::to_string(-result));
}

int dispatch_io(sd_event_source*, int, std::uint32_t events, void* data) {
    const auto callback = static_cast<Source::State*>(data)->on_io;
    callback(events);
    return 0;
}

int dispatch_time(sd_event_source*, std::uint64_t, void* data) {
    const auto callback = static_cast<Source::State*>(data)->on_time;
    callback();
    return 0;
}

int dispatch_signal(sd_event_source*, const signalfd_siginfo* info, void* data) {
    const auto callback = static_cast<Source::State*>(data)->on_signal;
    callback(*info);
    return 0;
}

int dispatch_defer(sd_event_source*, void* data) {
    const auto callback = static_cast<Source::State*>(data)->on_time;
    callback();
    return 0;
}

int dispatch_prepare(sd_event_source*, void* data) {
    static_cast<Source::State*>(data)->on_prepare();
    return 0;
}

}  // namespace

Source::Source(std::unique_ptr<State> state) : state_(std::move(state)) {}
Source::Source() noexcept = default;
Source::Source(Source&& other) noexcept = default;
Source& Source::operator=(Source&& other) noexcept = default;
Source::~Source() = default;

void Source::set_io_events(std::uint32_t events) {
    require(sd_event_source_set_io_events(state_->source, events), "set I/O events");
}

void Source::set_io_fd(int fd) {
    require(sd_event_source_set_io_fd(state_->source, fd), "set I/O descriptor");
}

void Source::arm(Instant at) {
    const auto usec = at.time_since_epoch().count();
    require(sd_event_source_set_time(state_->source, usec < 0 ? 0 : static_cast<std::uint64_t>(usec)), "set time");
    require(sd_event_source_set_enabled(state_->source, SD_EVENT_ONESHOT), "arm");
}

void Source::set_enabled(bool enabled) {
    require(sd_event_source_set_enabled(state_->source, enabled ? SD_EVENT_ON : SD_EVENT_OFF), "enable");
}

void Source::set_prepare(std::function<void()> callback) {
    state_->on_prepare = std::move(callback);
    require(sd_event_source_set_prepare(state_->source, dispatch_prepare), "set prepare");
}

EventLoop::EventLoop() {
    require(sd_event_new(&event_), "create");
}

EventLoop::~EventLoop() {
    sd_event_unref(event_);
}

Source EventLoop::add_io(int fd, std::uint32_t events, Priority priority, IoCallback callback) {
    auto state = std::make_unique<Source::State>();
    state->on_io = std::move(callback);
    require(sd_event_add_io(event_, &state->source, fd, events, dispatch_io, state.get()), "add I/O");
    require(sd_event_source_set_priority(state->source, static_cast<std::int64_t>(priority)), "set priority");
    return Source(std::move(state));
}

Source EventLoop::add_timer(Priority priority, Callback callback) {
    // sd-event may delay a timer by up to 250 ms to save wakeups unless the accuracy is given.
    constexpr std::uint64_t accuracy_usec = 1;
    auto state = std::make_unique<Source::State>();
    state->on_time = std::move(callback);
    require(sd_event_add_time(event_, &state->source, CLOCK_MONOTONIC, 0, accuracy_usec, dispatch_time, state.get()),
            "add timer");
    require(sd_event_source_set_enabled(state->source, SD_EVENT_OFF), "disarm");
    require(sd_event_source_set_priority(state->source, static_cast<std::int64_t>(priority)), "set priority");
    return Source(std::move(state));
}

Source EventLoop::add_signal(int signal, Priority priority, SignalCallback callback) {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, signal);
    require(-::pthread_sigmask(SIG_BLOCK, &mask, nullptr), "block signal");
    auto state = std::make_unique<Source::State>();
    state->on_signal = std::move(callback);
    require(sd_event_add_signal(event_, &state->source, signal, dispatch_signal, state.get()), "add signal");
    require(sd_event_source_set_priority(state->source, static_cast<std::int64_t>(priority)), "set priority");
    return Source(std::move(state));
}

Source EventLoop::add_defer(Priority priority, Callback callback) {
    auto state = std::make_unique<Source::State>();
    state->on_time = std::move(callback);
    require(sd_event_add_defer(event_, &state->source, dispatch_defer, state.get()), "add defer");
    require(sd_event_source_set_priority(state->source, static_cast<std::int64_t>(priority)), "set priority");
    return Source(std::move(state));
}

int EventLoop::run() {
    return sd_event_loop(event_);
}

void EventLoop::exit(int code) {
    require(sd_event_exit(event_, code), "exit");
}

}  // namespace ess::host
