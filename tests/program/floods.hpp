#pragma once

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "host/unix_address.hpp"
#include "program/sandbox.hpp"

namespace ess::test {

// Clients that nobody wants, each a process of another user that does what it does without end.

/// A connection to essd, or nothing if its queue of new ones is full.
[[nodiscard]] inline Fd connect_to_essd(int flags = SOCK_NONBLOCK) {
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0));
    const auto address = host::UnixAddress::of(control);
    if (!fd || !address || ::connect(fd.get(), address->get(), address->size()) != 0) return {};
    return fd;
}

/// As much as goes in now. Whether it was all of it.
inline bool push(int fd, std::string_view bytes) {
    return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

inline const std::string status_message = std::string(R"({"method":"io.quantum.EmergencyStop.Status"})") + '\0';
inline const std::string watch_message =
    std::string(R"({"method":"io.quantum.EmergencyStop.Watch","more":true})") + '\0';

/// So many at once as a process may have.
inline std::vector<Fd> many_connections(std::size_t number) {
    std::vector<Fd> many;
    for (std::size_t i = 0; i < number; ++i)
        many.push_back(connect_to_essd());
    return many;
}

/// 1,000 connections, half of which begin a call.
inline void stay_silent() {
    const std::vector<Fd> many = many_connections(1000);
    for (std::size_t i = 0; i < many.size(); i += 2)
        push(many[i].get(), std::string_view(status_message).substr(0, 20));
    for (;;)
        ::pause();
}

inline void open_and_close() {
    for (;;)
        static_cast<void>(many_connections(1000));
}

/// Calls whose replies are not waited for, each on a connection of its own.
inline void call_and_go() {
    for (;;)
        push(connect_to_essd(0).get(), status_message);
}

/// Calls without end whose replies nobody reads.
inline void call_and_not_read() {
    std::vector<Fd> many = many_connections(16);
    std::string calls;
    for (int i = 0; i < 1000; ++i)
        calls += status_message;
    for (;;) {
        std::vector<pollfd> watched;
        for (Fd& fd : many) {
            const ssize_t sent = ::send(fd.get(), calls.data(), calls.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno != EAGAIN) fd = connect_to_essd();
            watched.push_back({fd.get(), POLLOUT, 0});
        }
        static_cast<void>(::poll(watched.data(), watched.size(), 1));
    }
}

/// As quickly as the replies come.
inline void call_and_read() {
    std::array<char, 65536> reply{};
    for (Fd fd;;) {
        if (!fd) fd = connect_to_essd(0);
        if (!push(fd.get(), status_message) || ::recv(fd.get(), reply.data(), reply.size(), 0) <= 0) fd.reset();
    }
}

inline void watch_and_not_read() {
    std::vector<Fd> watching = many_connections(8);
    for (const Fd& fd : watching)
        push(fd.get(), watch_message);
    for (;;)
        push(connect_to_essd(0).get(), watch_message);
}

inline void send_garbage() {
    const std::array<std::string, 7> kinds{"GET / HTTP/1.0\r\n\r\n",    std::string(3, '\0'),
                                           std::string("{}\0", 3),      std::string("{\"method\":7}\0", 13),
                                           std::string(65536, '['),     std::string(65537, 'x'),
                                           std::string("\xff\xfe\0", 3)};
    for (std::size_t i = 0;; ++i)
        push(connect_to_essd(0).get(), kinds.at(i % kinds.size()));
}

/// Half a call, and the end.
inline void vanish() {
    for (std::size_t i = 0;; ++i)
        push(connect_to_essd(0).get(), std::string_view(status_message).substr(0, i % status_message.size()));
}

/// Descriptors that nobody asked for (SCM_RIGHTS, unix(7)), as many as one message takes.
inline void send_descriptors() {
    constexpr std::size_t number = 253;
    std::array<int, number> descriptors{};
    descriptors.fill(STDIN_FILENO);
    std::string text = status_message;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof descriptors)> space{};
    for (;;) {
        const Fd fd = connect_to_essd(0);
        iovec part{text.data(), text.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = space.data();
        message.msg_controllen = space.size();
        cmsghdr* const header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptors);
        std::copy_n(reinterpret_cast<const char*>(descriptors.data()), sizeof descriptors, CMSG_DATA(header));
        static_cast<void>(::sendmsg(fd.get(), &message, MSG_NOSIGNAL));
    }
}

struct Flood {
    const char* name;
    void (*body)();
};

inline constexpr std::array<Flood, 9> floods{{
    {"1,000 connections that stay silent", stay_silent},
    {"1,000 connections, again and again", open_and_close},
    {"calls whose replies are not waited for", call_and_go},
    {"calls whose replies nobody reads", call_and_not_read},
    {"calls one after the other", call_and_read},
    {"watchers that do not read, and that vanish", watch_and_not_read},
    {"bytes that are no Varlink", send_garbage},
    {"half a call, and the end", vanish},
    {"descriptors with each call", send_descriptors},
}};

/// Runs it as a stranger.
inline void flood_as_stranger(void (*body)()) {
    const bool changed = ::setgroups(0, nullptr) == 0 && ::setgid(stranger_uid) == 0 && ::setuid(stranger_uid) == 0;
    if (changed) body();
    ::_exit(1);
}

}  // namespace ess::test
