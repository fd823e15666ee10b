#include "host/varlink_client.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include "host/unix_address.hpp"

namespace ess::host {

namespace {

using Kind = ClientFailure::Kind;

constexpr std::size_t read_size = 64UL * 1024;

tl::unexpected<ClientFailure> client_failure(Kind kind, std::string text) {
    return tl::unexpected(ClientFailure{kind, std::move(text), {}});
}

Kind kind_of_connect(int code) {
    switch (code) {
        case ENOENT:
        case ENOTDIR:
        case ECONNREFUSED:
            return Kind::NobodyListening;
        case EACCES:
        case EPERM:
            return Kind::NotPermitted;
        default:
            return Kind::NoAnswer;
    }
}

/// poll(2)'s time-out, rounded up so that it is not too early.
int poll_time(Instant deadline) {
    if (deadline == Instant::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, std::numeric_limits<int>::max()));
}

/// connect(2) on a Unix socket waits while the listener's queue is full, and poll(2) cannot watch that; but the
/// time-out for sending bounds it. None at all would be for ever.
timeval connect_time(Instant deadline) {
    if (deadline == Instant::max()) return {};
    const auto left = std::max((deadline - monotonic_now()).count(), Micros::rep{1});
    constexpr Micros::rep second = 1000000;
    return {left / second, left % second};
}

}  // namespace

ClientResult<VarlinkClient> VarlinkClient::connect(const std::string& path, Instant deadline) {
    const auto address = UnixAddress::of(path);
    if (!address) return client_failure(Kind::NobodyListening, address.error().text);
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return client_failure(Kind::NoAnswer, system_failure("socket", errno).value().text);
    const timeval time = connect_time(deadline);
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) < 0) {
        return client_failure(Kind::NoAnswer, system_failure("socket: SO_SNDTIMEO", errno).value().text);
    }
    if (::connect(fd.get(), address->get(), address->size()) < 0) {
        const int code = errno;
        return client_failure(kind_of_connect(code), system_failure(path, code).value().text);
    }
    return VarlinkClient(std::move(fd));
}

ClientResult<Json> VarlinkClient::call(std::string_view method, Json parameters, Instant deadline) {
    VarlinkCall call;
    call.method = method;
    call.parameters = std::move(parameters);
    auto reply = exchange(call, deadline);
    if (!reply) return tl::unexpected(reply.error());
    if (reply->continues) return give_up(Kind::Malformed, "a stream was not asked for");
    return std::move(reply->parameters);
}

ClientResult<void> VarlinkClient::call_more(std::string_view method, Json parameters, Micros patience,
                                            const OnReply& on_reply) {
    const auto deadline = [&] { return patience == Micros::max() ? Instant::max() : monotonic_now() + patience; };
    VarlinkCall call;
    call.method = method;
    call.parameters = std::move(parameters);
    call.more = true;
    auto reply = exchange(call, deadline());
    while (reply) {
        const bool enough = !on_reply(reply->parameters);
        if (!reply->continues) return {};
        if (enough) {
            fd_.reset();
            return {};
        }
        reply = receive(deadline());
    }
    return tl::unexpected(reply.error());
}

ClientResult<VarlinkReply> VarlinkClient::exchange(const VarlinkCall& call, Instant deadline) {
    if (!fd_) return client_failure(Kind::Closed, "the connection is closed");
    const auto sent = send(call, deadline);
    // A server that refuses the connection closes it at once, and what it may have said before is still to be read.
    if (!sent && sent.error().kind != Kind::Closed) return tl::unexpected(sent.error());
    return receive(deadline);
}

ClientResult<void> VarlinkClient::send(const VarlinkCall& call, Instant deadline) {
    const std::string wire = to_wire(call);
    std::string_view rest = wire;
    while (!rest.empty()) {
        const ssize_t count = ::send(fd_.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(count));
        } else if (errno == EAGAIN) {
            if (auto ready = wait(POLLOUT, deadline); !ready) return ready;
        } else if (errno != EINTR) {
            return client_failure(Kind::Closed, system_failure("send", errno).value().text);
        }
    }
    return {};
}

ClientResult<void> VarlinkClient::post(std::string_view method, Json parameters, bool more, Instant deadline) {
    if (!fd_) return client_failure(Kind::Closed, "the connection is closed");
    VarlinkCall call;
    call.method = method;
    call.parameters = std::move(parameters);
    call.more = more;
    return send(call, deadline);
}

ClientResult<std::optional<VarlinkReply>> VarlinkClient::take() {
    if (!fd_) return client_failure(Kind::Closed, "the connection is closed");
    for (;;) {
        auto reply = next_reply();
        if (!reply || *reply) return reply;
        const auto some = receive_some();
        if (!some) return tl::unexpected(some.error());
        if (!*some) return std::nullopt;
    }
}

ClientResult<VarlinkReply> VarlinkClient::receive(Instant deadline) {
    for (;;) {
        auto reply = next_reply();
        if (!reply) return tl::unexpected(reply.error());
        if (*reply) return std::move(**reply);
        if (auto ready = wait(POLLIN, deadline); !ready) return tl::unexpected(ready.error());
        if (auto some = receive_some(); !some) return tl::unexpected(some.error());
    }
}

/// The next reply of what was received; nothing while it is not whole.
ClientResult<std::optional<VarlinkReply>> VarlinkClient::next_reply() {
    const auto message = input_.next();
    if (!message) return give_up(Kind::Malformed, message.error().text);
    if (!*message) return std::nullopt;
    auto reply = read_varlink_reply(**message);
    if (!reply) return give_up(Kind::Malformed, reply.error().text);
    if (reply->error.empty()) return std::move(*reply);
    return tl::unexpected(
        ClientFailure{Kind::Answered, reply->error, VarlinkError{reply->error, std::move(reply->parameters)}});
}

/// Whether there was something to receive.
ClientResult<bool> VarlinkClient::receive_some() {
    std::array<char, read_size> bytes;  // NOLINT(*-member-init): written by recv(2) before it is read
    const ssize_t count = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count > 0) {
        input_.append({bytes.data(), static_cast<std::size_t>(count)});
        return true;
    }
    if (count == 0) return give_up(Kind::Closed, "the connection was closed without an answer");
    if (errno == EAGAIN || errno == EINTR) return false;
    return give_up(Kind::Closed, system_failure("receive", errno).value().text);
}

ClientResult<void> VarlinkClient::wait(short events, Instant deadline) {
    for (;;) {
        pollfd watched{fd_.get(), events, 0};
        const int count = ::poll(&watched, 1, poll_time(deadline));
        if (count > 0) return {};
        if (count == 0 && monotonic_now() >= deadline) return give_up(Kind::NoAnswer, "no answer in time");
        if (count < 0 && errno != EINTR) return give_up(Kind::Closed, system_failure("poll", errno).value().text);
    }
}

tl::unexpected<ClientFailure> VarlinkClient::give_up(Kind kind, std::string text) {
    fd_.reset();
    return client_failure(kind, std::move(text));
}

}  // namespace ess::host
