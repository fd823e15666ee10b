#include "host/varlink_connection.hpp"

#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

namespace ess::host {

namespace {

/// Bytes read in one turn of the loop. A turn must be over in microseconds, since the latch may be next.
constexpr std::size_t bytes_per_turn = 16UL * 1024;

/// Calls served in one turn of the loop; the rest waits until the other connections had theirs.
constexpr int calls_per_turn = 8;

}  // namespace

CallReply::CallReply(std::weak_ptr<VarlinkConnection> connection, std::uint64_t call)
    : connection_(std::move(connection)), call_(call) {}

CallReply::~CallReply() {
    const auto connection = connection_.lock();
    if (connection && !answered_) connection->abandon(call_);
}

CallReply& CallReply::operator=(CallReply&& other) noexcept {
    std::swap(connection_, other.connection_);
    std::swap(call_, other.call_);
    std::swap(answered_, other.answered_);
    return *this;
}

bool CallReply::is_wanted() const {
    const auto connection = connection_.lock();
    return connection && !answered_ && connection->is_under_way(call_);
}

void CallReply::reply(Json parameters) {
    reply_encoded(to_wire(VarlinkReply{std::move(parameters), {}, false}));
}

void CallReply::error(const VarlinkError& error) {
    answer(to_wire(error), true);
}

bool CallReply::stream(Json parameters) {
    return stream_encoded(to_wire(VarlinkReply{std::move(parameters), {}, true}));
}

void CallReply::reply_encoded(const std::string& wire) {
    answer(wire, true);
}

bool CallReply::stream_encoded(const std::string& wire) {
    return answer(wire, false);
}

bool CallReply::is_behind() const {
    const auto connection = connection_.lock();
    return connection && !connection->output_.empty();
}

bool CallReply::answer(const std::string& wire, bool final) {
    const auto connection = connection_.lock();
    if (!connection || answered_) return false;
    answered_ = final;
    return connection->answer(call_, wire, final);
}

VarlinkConnection::VarlinkConnection(EventLoop& loop, VarlinkServer& server, Fd fd, Peer peer, std::size_t output_limit)
    : loop_(loop),
      server_(server),
      fd_(std::move(fd)),
      peer_(std::move(peer)),
      output_limit_(output_limit),
      idle_since_(monotonic_now()) {}

void VarlinkConnection::open() {
    watched_ = EPOLLIN;
    source_ = loop_.add_io(fd_.get(), watched_, Priority::Client, [this](std::uint32_t events) { on_io(events); });
}

std::optional<Instant> VarlinkConnection::idle_since() const {
    if (under_way_) return std::nullopt;
    return idle_since_;
}

bool VarlinkConnection::has_unread_input() const {
    int unread = 0;
    return may_serve() && ::ioctl(fd_.get(), FIONREAD, &unread) == 0 && unread > 0;
}

void VarlinkConnection::close() {
    if (!fd_) return;
    const auto self = shared_from_this();
    source_ = Source();
    next_turn_.reset();
    under_way_.reset();
    output_.clear();
    fd_.reset();
    server_.on_closed(*this);
}

void VarlinkConnection::on_io(std::uint32_t events) {
    if ((events & (EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
    turn();
}

void VarlinkConnection::turn() {
    if (resting_) return;
    if (server_.grants_turn(*this)) return work();
    resting_ = true;
    source_.set_enabled(false);
}

void VarlinkConnection::resume() {
    if (!fd_ || !std::exchange(resting_, false)) return;
    source_.set_enabled(true);
    work();
}

void VarlinkConnection::work() {
    const auto self = shared_from_this();
    const Instant begun = monotonic_now();
    in_turn_ = true;
    flush();
    receive();
    serve();
    in_turn_ = false;
    settle();
    server_.turn_took(monotonic_now() - begun);
}

void VarlinkConnection::flush() {
    while (!output_.empty() && !hung_up_) {
        const ssize_t sent = ::send(fd_.get(), output_.data(), output_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            output_.erase(0, static_cast<std::size_t>(sent));
            continue;
        }
        if (errno == EAGAIN) return;
        if (errno != EINTR) hung_up_ = true;
    }
    if (!hung_up_) return;
    output_.clear();
    // Nobody waits for the answer any more. A oneway call keeps its place, so that the next one comes after it.
    if (under_way_ && !under_way_->oneway) under_way_.reset();
}

void VarlinkConnection::receive() {
    if (!may_serve() || input_ended_ || input_.has_next()) return;
    std::array<char, bytes_per_turn> bytes;  // NOLINT(*-member-init): written by recv(2) before it is read
    // Plain recv(2), no recvmsg(2): the kernel then closes descriptors that the client sends along (SCM_RIGHTS).
    const ssize_t count = ::recv(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (count > 0) {
        input_.append({bytes.data(), static_cast<std::size_t>(count)});
    } else if (count == 0 || hung_up_ || (errno != EAGAIN && errno != EINTR)) {
        // EAGAIN after a hang-up: the client only stopped reading (SHUT_RD). It is not waited for.
        input_ended_ = true;
    }
}

void VarlinkConnection::serve() {
    for (int i = 0; i < calls_per_turn && fd_ && may_serve(); ++i) {
        const auto message = input_.next();
        if (message && !*message) return;
        auto call = message ? read_varlink_call(**message) : tl::unexpected(message.error());
        // Who does not speak the protocol cannot be told so: there is no error that would be sure to be understood.
        if (!call) return close();
        begin(std::move(*call));
        flush();
    }
}

void VarlinkConnection::begin(VarlinkCall call) {
    under_way_ = UnderWay{++calls_, call.oneway, call.more};
    server_.dispatch(std::move(call), peer_, CallReply(weak_from_this(), calls_));
}

bool VarlinkConnection::answer(std::uint64_t call, const std::string& wire, bool final) {
    if (!is_under_way(call)) return false;
    if (!final && !under_way_->more) return false;
    if (!under_way_->oneway) output_ += wire;
    if (final) {
        under_way_.reset();
        idle_since_ = monotonic_now();
    }
    if (output_.size() > output_limit_) flush();
    if (output_.size() > output_limit_) {
        close();
        return false;
    }
    if (!in_turn_) schedule();
    return true;
}

void VarlinkConnection::abandon(std::uint64_t call) {
    if (!is_under_way(call)) return;
    if (!under_way_->oneway) return close();
    answer(call, {}, true);
}

void VarlinkConnection::settle() {
    if (!fd_) return;
    const bool waiting = under_way_ || !output_.empty();
    if (!waiting && input_ended_ && !input_.has_next()) return close();
    // epoll says nothing of calls that are already read, and reports a hang-up for ever.
    if (may_serve() && (input_.has_next() || hung_up_)) schedule();
    watch();
}

void VarlinkConnection::watch() {
    if (hung_up_) return source_.set_enabled(false);
    // With nothing to wait for, epoll still reports a hang-up.
    std::uint32_t events = output_.empty() ? 0U : std::uint32_t{EPOLLOUT};
    if (may_serve() && !input_ended_ && !input_.has_next()) events |= EPOLLIN;
    if (events == watched_) return;
    source_.set_io_events(events);
    watched_ = events;
}

void VarlinkConnection::schedule() {
    if (next_turn_) return;
    next_turn_ = loop_.add_defer(Priority::Client, [this] {
        const auto self = shared_from_this();
        next_turn_.reset();
        turn();
    });
}

bool VarlinkConnection::may_serve() const {
    return !under_way_ && output_.empty();
}

bool VarlinkConnection::is_under_way(std::uint64_t call) const {
    return fd_ && under_way_ && under_way_->number == call;
}

}  // namespace ess::host
