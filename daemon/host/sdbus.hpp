#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"

/// sdbus-c++ in the two forms that there are: 1.2 of Debian 12 and 2.x of Debian 13. What differs between them is here
/// and nowhere else (tests/style/floors). What the callers use of it directly is the same in both.
namespace ess::host::bus {

/// The interface of systemd's own object (org.freedesktop.systemd1(5)).
inline constexpr const char* systemd_manager = "org.freedesktop.systemd1.Manager";

#if __has_include(<sdbus-c++/VTableItems.h>)

/// What a callback of an asynchronous call gets first: no value if all went well.
using ReplyError = std::optional<sdbus::Error>;

/// An object on the bus, which answers from the loop that drives the connection, and from no thread of its own.
inline std::unique_ptr<sdbus::IProxy> make_proxy(sdbus::IConnection& connection, const std::string& name,
                                                 const std::string& path) {
    return sdbus::createProxy(connection, sdbus::ServiceName(name), sdbus::ObjectPath(path));
}

/// After the last signal was subscribed to. In 2.x each one is heard from its subscription on.
inline void listen(sdbus::IProxy&) {}

/// When the connection wants to be processed even if nothing has come.
inline std::optional<Instant> awaited_by(const sdbus::IConnection::PollData& poll) {
    if (poll.timeout == std::chrono::microseconds::max()) return std::nullopt;
    return Instant(poll.timeout);
}

/// One message; false if there was none.
inline bool process(sdbus::IConnection& connection) {
    return connection.processPendingEvent();
}

#else

using ReplyError = const sdbus::Error*;

inline std::unique_ptr<sdbus::IProxy> make_proxy(sdbus::IConnection& connection, const std::string& name,
                                                 const std::string& path) {
    return sdbus::createProxy(connection, name, path);
}

inline void listen(sdbus::IProxy& proxy) {
    proxy.finishRegistration();
}

inline std::optional<Instant> awaited_by(const sdbus::IConnection::PollData& poll) {
    if (poll.timeout_usec == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
    return Instant(Micros(static_cast<Micros::rep>(poll.timeout_usec)));
}

inline bool process(sdbus::IConnection& connection) {
    return connection.processPendingRequest();
}

#endif

/// As it is logged and recorded.
inline std::string text_of(const sdbus::Error& error) {
    return std::string(error.getName()) + ": " + error.getMessage();
}

}  // namespace ess::host::bus
