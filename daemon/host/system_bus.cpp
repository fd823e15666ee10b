#include "host/system_bus.hpp"

#include <sys/epoll.h>

#include <cstdint>
#include <map>
#include <thread>
#include <utility>

#include "host/sdbus.hpp"

namespace ess::host {

namespace {

constexpr const char* systemd_name = "org.freedesktop.systemd1";
constexpr const char* systemd_path = "/org/freedesktop/systemd1";

/// Messages handled in one turn of the loop, so that a flood of signals does not keep the latch waiting.
constexpr int messages_a_turn = 64;

}  // namespace

struct SystemBus::Link {
    std::unique_ptr<sdbus::IConnection> connection;
    std::unique_ptr<sdbus::IProxy> systemd;
    std::map<std::string, std::unique_ptr<sdbus::IProxy>> objects;  ///< by path
};

SystemBus::SystemBus(EventLoop& loop, LoopInbox& inbox, Callbacks callbacks)
    : loop_(loop), inbox_(inbox), callbacks_(std::move(callbacks)) {
    redial_ = loop_.add_timer(Priority::Bus, [this] { dial(); });
}

SystemBus::~SystemBus() = default;

void SystemBus::dial() {
    if (dialing_ || link_) return;
    dialing_ = true;
    // Detached: a bus that hangs would keep a join waiting. The process ends by _exit (essd/main.cpp).
    std::thread([this] {
        auto link = std::make_shared<std::unique_ptr<Link>>(std::make_unique<Link>());
        std::string why;
        try {
            (*link)->connection = sdbus::createSystemBusConnection();
            (*link)->systemd = bus::make_proxy(*(*link)->connection, systemd_name, systemd_path);
            callbacks_.prepare(*(*link)->systemd);
            bus::listen(*(*link)->systemd);
            (*link)->systemd->callMethod("Subscribe").onInterface(bus::systemd_manager);
        } catch (const sdbus::Error& error) {
            why = bus::text_of(error);
        }
        inbox_.post([this, link, why] {
            dialing_ = false;
            if (why.empty()) return adopt(std::move(*link));
            redial_.arm(monotonic_now() + redial_interval);
            callbacks_.down(why);
        });
    }).detach();
}

sdbus::IProxy* SystemBus::systemd() const {
    return link_ ? link_->systemd.get() : nullptr;
}

sdbus::IProxy& SystemBus::object(const std::string& path) {
    auto& proxy = link_->objects[path];
    if (!proxy) proxy = bus::make_proxy(*link_->connection, systemd_name, path);
    return *proxy;
}

void SystemBus::forget_objects() {
    if (link_) link_->objects.clear();
}

void SystemBus::adopt(std::unique_ptr<Link> link) {
    link_ = std::move(link);
    const auto poll = link_->connection->getEventLoopPollData();
    const auto events = static_cast<std::uint32_t>(poll.events);
    io_ = loop_.add_io(poll.fd, events, Priority::Bus, [this](std::uint32_t) { process(); });
    timeout_ = loop_.add_timer(Priority::Bus, [this] { process(); });
    // Before every sleep: a message that was read during another call is in the queue already and wakes no descriptor.
    io_.set_prepare([this] { follow_poll_data(); });
    callbacks_.up();
}

void SystemBus::follow_poll_data() {
    if (!link_) return;
    const auto poll = link_->connection->getEventLoopPollData();
    io_.set_io_events(static_cast<std::uint32_t>(poll.events));
    if (const auto due = bus::awaited_by(poll)) {
        timeout_.arm(*due);
    } else {
        timeout_.set_enabled(false);
    }
}

void SystemBus::process() {
    try {
        for (int i = 0; i < messages_a_turn && link_ && bus::process(*link_->connection); ++i) {
        }
    } catch (const sdbus::Error& error) {
        lose(bus::text_of(error));
    }
}

void SystemBus::lose(const std::string& why) {
    io_.set_enabled(false);
    timeout_.set_enabled(false);
    // Out of the dispatch first: the sources and the connection are being used by the callers of this.
    auto link = std::make_shared<std::unique_ptr<Link>>(std::move(link_));
    cleanup_ = loop_.add_defer(Priority::Bus, [this, link] {
        io_ = Source();
        timeout_ = Source();
        link->reset();
    });
    redial_.arm(monotonic_now() + redial_interval);
    callbacks_.down(why);
}

}  // namespace ess::host
