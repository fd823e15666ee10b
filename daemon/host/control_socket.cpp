#include "host/control_socket.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <utility>

namespace ess::host {

namespace {

/// Clients accepted in one turn of the loop, so that a flood of them does not keep the others waiting.
constexpr int accepts_per_turn = 8;

/// How long no client is accepted when descriptors or memory have run out. epoll would report the one that waits in
/// each turn of the loop, and the loop would spin.
constexpr Micros accept_pause = std::chrono::milliseconds(250);

/// accept(2): these concern the one client that is gone, or the network below it, and not the socket.
bool is_passing(int code) {
    return code == EINTR || code == ECONNABORTED || code == EPERM || code == EPROTO;
}

bool is_user(uid_t uid) {
    return uid != 0;
}

}  // namespace

ControlSocket::ControlSocket(EventLoop& loop, Fd listening, std::vector<VarlinkInterface> interfaces,
                             ControlSocketOptions options)
    : loop_(loop),
      listening_(std::move(listening)),
      options_(std::move(options)),
      interfaces_(std::move(interfaces)),
      accept_share_(options_.accept_share, options_.share_window),
      call_share_(options_.call_share, options_.share_window) {
    interfaces_.push_back(varlink_service_interface());
    add_method({.name = "org.varlink.service.GetInfo",
                .privilege = Privilege::Anyone,
                .call = [this](const auto& request, CallReply reply) { get_info(request, std::move(reply)); }});
    add_method({.name = "org.varlink.service.GetInterfaceDescription",
                .privilege = Privilege::Anyone,
                .call = [this](const auto& request, CallReply reply) { get_description(request, std::move(reply)); }});
    accept_source_ = loop_.add_io(listening_.get(), EPOLLIN, Priority::Client, [this](auto) { accept_some(); });
    accept_again_ = loop_.add_timer(Priority::Client, [this] { accept_source_.set_enabled(true); });
    resume_timer_ = loop_.add_timer(Priority::Client, [this] { resume_some(); });
    idle_timer_ = loop_.add_timer(Priority::Client, [this] { close_idle(); });
}

ControlSocket::~ControlSocket() {
    // Each removes itself from the map when it closes.
    while (!connections_.empty()) {
        const auto connection = connections_.begin()->second;
        connection->close();
    }
}

void ControlSocket::add_method(ControlMethod method) {
    const std::string name = method.name;
    if (find_interface(interface_of(name)) == nullptr || !methods_.emplace(name, std::move(method)).second) {
        throw std::logic_error("control socket: method " + name);
    }
}

void ControlSocket::dispatch(VarlinkCall call, const Peer& peer, CallReply reply) {
    const auto found = methods_.find(call.method);
    if (found == methods_.end()) return reply.error(not_found(call.method));
    const ControlMethod& method = found->second;
    if (call.upgrade) return reply.error(method_not_implemented(call.method));
    if (!is_granted(method.privilege, peer)) {
        if (options_.denied) options_.denied(method.name, peer);
        return reply.error(permission_denied());
    }
    if (method.stream == Stream::Required && !call.more) return reply.error(expected_more());
    const ControlRequest request{std::move(call.method), std::move(call.parameters), peer, call.more};
    method.call(request, std::move(reply));
}

/// In turns: who comes while others wait, waits behind them.
bool ControlSocket::grants_turn(VarlinkConnection& connection) {
    if (resting_.empty() && call_share_.is_left(monotonic_now())) return true;
    resting_.push_back(connection.weak_from_this());
    resume_timer_.arm(call_share_.ends());
    return false;
}

void ControlSocket::resume_some() {
    while (!resting_.empty()) {
        if (!call_share_.is_left(monotonic_now())) return resume_timer_.arm(call_share_.ends());
        const auto next = resting_.front().lock();
        resting_.pop_front();
        if (next) next->resume();
    }
}

void ControlSocket::on_closed(const VarlinkConnection& connection) {
    connections_.erase(&connection);
}

void ControlSocket::accept_some() {
    const Instant begun = monotonic_now();
    if (!accept_share_.is_left(begun)) return pause_accepting(accept_share_.ends());
    for (int i = 0; i < accepts_per_turn; ++i) {
        Fd fd(::accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (fd) {
            admit(std::move(fd));
        } else if (errno == EAGAIN) {
            break;
        } else if (!is_passing(errno)) {
            return pause_accepting(begun + accept_pause);
        }
    }
    accept_share_.take(monotonic_now() - begun);
}

void ControlSocket::pause_accepting(Instant until) {
    accept_source_.set_enabled(false);
    accept_again_.arm(until);
}

void ControlSocket::admit(Fd fd) {
    auto peer = peer_of(fd.get());
    // Who cannot be named gets no connection.
    if (!peer || !make_room(peer->uid)) return;
    open(std::move(fd), std::move(*peer));
}

void ControlSocket::open(Fd fd, Peer peer) {
    VarlinkServer& server = *this;
    auto connection =
        std::make_shared<VarlinkConnection>(loop_, server, std::move(fd), std::move(peer), options_.output_limit);
    try {
        connection->open();
    } catch (const std::exception&) {
        // The kernel has no more room for watches (epoll(7), max_user_watches): that is the client's misfortune, and
        // no reason for the daemon to fall.
        return;
    }
    connections_.emplace(connection.get(), connection);
    if (!idle_timer_armed_) arm_idle_timer();
}

bool ControlSocket::make_room(uid_t uid) {
    const auto same = [uid](uid_t other) { return other == uid; };
    if (count(same) >= options_.connections_per_uid) return evict(same);
    const std::size_t for_users = options_.connections - std::min(options_.connections, options_.root_reserve);
    if (is_user(uid) && count(is_user) >= for_users) return evict(is_user);
    return connections_.size() < options_.connections || evict(is_user);
}

bool ControlSocket::evict(const std::function<bool(uid_t)>& counts) {
    std::shared_ptr<VarlinkConnection> longest;
    for (const auto& [_, connection] : connections_) {
        const auto idle = connection->idle_since();
        if (!idle || !counts(connection->peer().uid) || connection->has_unread_input()) continue;
        if (!longest || *idle < *longest->idle_since()) longest = connection;
    }
    if (longest) longest->close();
    return longest != nullptr;
}

std::size_t ControlSocket::count(const std::function<bool(uid_t)>& counts) const {
    const auto number = std::count_if(connections_.begin(), connections_.end(),
                                      [&](const auto& entry) { return counts(entry.second->peer().uid); });
    return static_cast<std::size_t>(number);
}

bool ControlSocket::is_granted(Privilege privilege, const Peer& peer) const {
    switch (privilege) {
        case Privilege::Anyone:
            return true;
        case Privilege::Reader:
            return options_.everyone_reads || options_.operators.include(peer);
        case Privilege::Root:
            return peer.uid == 0;
        case Privilege::Operator:
            return options_.operators.include(peer);
        case Privilege::Nobody:
            break;
    }
    return false;
}

VarlinkError ControlSocket::not_found(const std::string& method) const {
    const std::string_view interface = interface_of(method);
    if (!interface.empty() && find_interface(interface) == nullptr) return interface_not_found(interface);
    return method_not_found(method);
}

const VarlinkInterface* ControlSocket::find_interface(std::string_view name) const {
    const auto found = std::find_if(interfaces_.begin(), interfaces_.end(),
                                    [name](const VarlinkInterface& known) { return known.name == name; });
    return found == interfaces_.end() ? nullptr : &*found;
}

void ControlSocket::get_info(const ControlRequest& request, CallReply reply) const {
    if (const auto fault = VarlinkParameters(request.parameters).fault()) return reply.error(*fault);
    std::vector<std::string> names;
    for (const VarlinkInterface& known : interfaces_)
        names.emplace_back(known.name);
    reply.reply(varlink_service_info(names));
}

void ControlSocket::get_description(const ControlRequest& request, CallReply reply) const {
    std::string name;
    const auto fault = VarlinkParameters(request.parameters).required("interface", name).fault();
    if (fault) return reply.error(*fault);
    const VarlinkInterface* const known = find_interface(name);
    if (known == nullptr) return reply.error(interface_not_found(name));
    reply.reply({{"description", known->description}});
}

void ControlSocket::close_idle() {
    idle_timer_armed_ = false;
    const Instant now = monotonic_now();
    std::vector<std::shared_ptr<VarlinkConnection>> expired;
    for (const auto& [_, connection] : connections_) {
        const auto idle = connection->idle_since();
        if (idle && *idle + options_.idle_timeout <= now) expired.push_back(connection);
    }
    for (const auto& connection : expired)
        connection->close();
    if (!connections_.empty()) arm_idle_timer();
}

void ControlSocket::arm_idle_timer() {
    // Whoever has a call under way now cannot be due earlier than one that is idle from now on.
    Instant first = monotonic_now();
    for (const auto& [_, connection] : connections_) {
        first = std::min(first, connection->idle_since().value_or(first));
    }
    idle_timer_.arm(first + options_.idle_timeout);
    idle_timer_armed_ = true;
}

}  // namespace ess::host
