#include "fleet/essd_link.hpp"

#include <sys/epoll.h>

#include <utility>

#include "core/paths.hpp"

namespace ess::fleet {

namespace {

using host::ClientFailure;
using host::ClientResult;

constexpr std::string_view interface = "io.quantum.EmergencyStop.";
constexpr Micros retry_pause = std::chrono::seconds(1);
/// A socket that takes a connection takes it at once; an essd that hangs must not hold this loop.
constexpr Micros connect_patience = std::chrono::milliseconds(100);

std::string name_of(const std::string& method) {
    return std::string(interface) + method;
}

}  // namespace

EssdLink::EssdLink(host::EventLoop& loop, Callbacks callbacks) : loop_(loop), callbacks_(std::move(callbacks)) {
    again_ = loop_.add_timer(host::Priority::Client, [this] { connect(); });
}

void EssdLink::start() {
    connect();
}

void EssdLink::connect() {
    const Instant deadline = monotonic_now() + connect_patience;
    auto client = host::VarlinkClient::connect(paths::control_socket, deadline);
    if (!client) return lost(client.error().text);
    watching_.emplace(std::move(*client));
    if (const auto sent = watching_->post(name_of("Watch"), Json::object(), true, deadline); !sent) {
        return lost(sent.error().text);
    }
    watched_ = loop_.add_io(watching_->descriptor(), EPOLLIN, host::Priority::Client,
                            [this](std::uint32_t) { read_status(); });
}

void EssdLink::read_status() {
    for (;;) {
        const auto reply = watching_->take();
        if (!reply) return lost(reply.error().text);
        if (!*reply) return;
        callbacks_.status((*reply)->parameters);
    }
}

void EssdLink::lost(const std::string& why) {
    watched_ = host::Source();
    watching_.reset();
    again_.arm(monotonic_now() + retry_pause);
    callbacks_.gone(why);
}

void EssdLink::call(const std::string& method, Json parameters, Micros patience, Answer answer) {
    const Instant deadline = monotonic_now() + connect_patience;
    auto client = host::VarlinkClient::connect(paths::control_socket, deadline);
    if (!client) return answer(tl::unexpected(client.error()));
    if (const auto sent = client->post(name_of(method), std::move(parameters), false, deadline); !sent) {
        return answer(tl::unexpected(sent.error()));
    }
    const std::uint64_t number = ++last_call_;
    const int fd = client->descriptor();
    Call& made = calls_.emplace(number, Call{std::move(*client), std::move(answer), {}, {}}).first->second;
    made.readable =
        loop_.add_io(fd, EPOLLIN, host::Priority::Client, [this, number](std::uint32_t) { read_answer(number); });
    made.patience = loop_.add_timer(host::Priority::Client, [this, number] {
        finish(number, tl::unexpected(
                           ClientFailure{ClientFailure::Kind::NoAnswer, "essd does not answer", {"", Json::object()}}));
    });
    made.patience.arm(monotonic_now() + patience);
}

void EssdLink::read_answer(std::uint64_t number) {
    auto reply = calls_.at(number).client.take();
    if (!reply) return finish(number, tl::unexpected(reply.error()));
    if (*reply) finish(number, std::move((*reply)->parameters));
}

void EssdLink::finish(std::uint64_t number, const ClientResult<Json>& answer) {
    // Taken out first: the answer may lead to the next call.
    const auto call = calls_.extract(number);
    call.mapped().answer(answer);
}

}  // namespace ess::fleet
