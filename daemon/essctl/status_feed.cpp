#include "essctl/status_feed.hpp"

#include <string>

#include "core/paths.hpp"

namespace ess::essctl {

namespace {

using Kind = host::ClientFailure::Kind;

constexpr const char* watch_method = "io.quantum.EmergencyStop.Watch";
constexpr const char* status_method = "io.quantum.EmergencyStop.Status";
/// The cheapest question that the daemon's loop answers.
constexpr const char* probe_method = "org.varlink.service.GetInfo";

/// A daemon that is well takes the connection at once.
constexpr Micros connect_patience = std::chrono::milliseconds(500);
/// What a status takes at most, systemd's part of it included, with much to spare.
constexpr Micros answer_patience = std::chrono::seconds(3);
/// So long a stream may be silent before the daemon is asked whether it lives.
constexpr Micros silence = std::chrono::seconds(2);

}  // namespace

std::optional<StatusFeed::News> StatusFeed::next() {
    if (!connection_) return monotonic_now() >= due_ ? connect() : std::nullopt;
    if (auto news = take()) return news;
    if (!connection_ || monotonic_now() < due_) return std::nullopt;
    return has_watch_ ? probe() : ask();
}

void StatusFeed::add_watched(std::vector<pollfd>& watched) const {
    if (connection_) watched.push_back({connection_->descriptor(), POLLIN, 0});
    if (probe_) watched.push_back({probe_->descriptor(), POLLIN, 0});
}

Instant StatusFeed::due() const {
    return due_;
}

std::optional<StatusFeed::News> StatusFeed::connect() {
    const Instant deadline = monotonic_now() + connect_patience;
    auto made = host::VarlinkClient::connect(paths::control_socket, deadline);
    if (!made) return lost(made.error());
    connection_.emplace(std::move(*made));
    has_watch_ = true;  // it may be a newer one than before
    const auto sent = connection_->post(watch_method, Json::object(), true, deadline);
    // A daemon that refuses the connection has closed it, and what it may have said is still to be read.
    if (!sent && sent.error().kind != Kind::Closed) return lost(sent.error());
    waiting_ = true;
    due_ = monotonic_now() + answer_patience;
    return std::nullopt;
}

/// What came on the connection, and on the probe's.
std::optional<StatusFeed::News> StatusFeed::take() {
    if (probe_) {
        const auto alive = probe_->take();
        if (!alive && alive.error().kind != Kind::Answered) return lost(alive.error());
        if (!alive || *alive) {
            probe_.reset();
            due_ = monotonic_now() + silence;
        }
    }
    auto reply = connection_->take();
    if (!reply && has_watch_ && reply.error().error.name == "org.varlink.service.MethodNotFound") {
        has_watch_ = false;
        waiting_ = false;
        return ask();
    }
    if (!reply) return lost(reply.error());
    if (!*reply) return std::nullopt;
    probe_.reset();
    waiting_ = false;
    told_.reset();
    if (has_watch_ && !(*reply)->continues) connection_.reset();
    due_ = monotonic_now() + (connection_ && has_watch_ ? silence : pause_);
    return News{std::move((*reply)->parameters), {}};
}

std::optional<StatusFeed::News> StatusFeed::ask() {
    if (waiting_) return lost({Kind::NoAnswer, "no answer in time", {}});
    const Instant deadline = monotonic_now() + answer_patience;
    const auto sent = connection_->post(status_method, Json::object(), false, deadline);
    if (!sent && sent.error().kind != Kind::Closed) return lost(sent.error());
    waiting_ = true;
    due_ = deadline;
    return std::nullopt;
}

/// The stream has been silent: does the daemon live?
std::optional<StatusFeed::News> StatusFeed::probe() {
    if (waiting_ || probe_) return lost({Kind::NoAnswer, "no answer in time", {}});
    const Instant deadline = monotonic_now() + connect_patience;
    auto made = host::VarlinkClient::connect(paths::control_socket, deadline);
    if (!made) return lost(made.error());
    probe_.emplace(std::move(*made));
    const auto sent = probe_->post(probe_method, Json::object(), false, deadline);
    if (!sent) return lost(sent.error());
    due_ = monotonic_now() + answer_patience;
    return std::nullopt;
}

/// Each reason is told once, until it is over: after "it closed the connection" comes "it is not running".
std::optional<StatusFeed::News> StatusFeed::lost(const host::ClientFailure& failure) {
    connection_.reset();
    probe_.reset();
    waiting_ = false;
    due_ = monotonic_now() + pause_;
    if (told_ == failure.kind) return std::nullopt;
    told_ = failure.kind;
    return News{nullptr, explain(failure)};
}

}  // namespace ess::essctl
