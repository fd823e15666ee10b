#include "host/notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace ess::host {

namespace {

/// A socket connected to the one that NOTIFY_SOCKET names: a path, or "@name" of the abstract namespace.
Fd connect_to(std::string_view name) {
    sockaddr_un address{};
    if (name.empty() || name.size() >= sizeof address.sun_path) return {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0) return {};
    return socket;
}

/// Half of what the service manager allows, as sd_watchdog_enabled(3) advises.
std::optional<Micros> interval_of(const char* usec) {
    if (usec == nullptr) return std::nullopt;
    Micros::rep value = 0;
    const auto [end, fault] = std::from_chars(usec, usec + std::strlen(usec), value);
    if (fault != std::errc{} || *end != '\0' || value <= 0) return std::nullopt;
    return Micros(value / 2);
}

}  // namespace

Notify::Notify() : watchdog_interval_(interval_of(std::getenv("WATCHDOG_USEC"))) {
    const char* const name = std::getenv("NOTIFY_SOCKET");
    if (name != nullptr) socket_ = connect_to(name);
}

Notify::~Notify() {
    send("STOPPING=1");
}

void Notify::feed_watchdog(Instant now) {
    if (!watchdog_interval_ || now - fed_ < *watchdog_interval_ / 2) return;
    fed_ = now;
    send("WATCHDOG=1");
}

void Notify::send(std::string_view message) const {
    if (!socket_) return;
    // What a service manager that does not read misses, it can do nothing with either.
    static_cast<void>(::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

}  // namespace ess::host
