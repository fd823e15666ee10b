#include "essctl/fleet_client.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/certificate.hpp"
#include "base/fd.hpp"
#include "base/file.hpp"
#include "core/etcd_reply.hpp"
#include "essctl/trading_config.hpp"
#include "host/event_loop.hpp"

namespace ess::essctl {

namespace {

constexpr std::size_t certificate_limit = std::size_t{1} << 20;

constexpr const char* operator_needs =
    "; an operator needs a certificate that has the role (fleet-roles operator USER)";

FleetFailure failure_of(const Error& error) {
    if (error.code == ENOENT) return {"etcdctl is not installed: apt install etcd-client", Exit::NotReady, true};
    // etcd's own words (rpctypes/error.go), and the kernel's, of a key that this user may not read.
    for (const char* const refusal : {"permission denied", "user name is empty", "user name not found"}) {
        if (error.text.find(refusal) != std::string::npos) {
            return {error.text + operator_needs, Exit::Refused, true};
        }
    }
    return {error.text, Exit::NotReady};
}

tl::unexpected<FleetFailure> unexpected(const Error& error) {
    return tl::unexpected(failure_of(error));
}

/// etcdctl would say it as well, of each member, and some of it as if etcd were out of reach.
std::optional<FleetFailure> unreadable(const host::Etcdctl::Access& access) {
    for (const std::string& file : {access.ca, access.certificate, access.key}) {
        if (const Fd open{::open(file.c_str(), O_RDONLY | O_CLOEXEC)}; open) continue;
        return FleetFailure{file + ": " + std::generic_category().message(errno) + operator_needs, Exit::Refused, true};
    }
    return std::nullopt;
}

}  // namespace

FleetResult<FleetClient> FleetClient::make(const FleetOptions& options) {
    const Config config = trading_config();
    if (!config.fleet.is_used()) {
        return tl::unexpected(
            FleetFailure{"there is no fleet: set fleet.endpoints in /etc/quantum/ess.yaml", Exit::Usage});
    }
    host::Etcdctl::Access access = host::operator_access(config.fleet);
    if (!options.certificate.empty()) access.certificate = options.certificate;
    if (!options.key.empty()) access.key = options.key;
    if (auto failure = unreadable(access)) return tl::unexpected(std::move(*failure));
    return FleetClient(config.fleet, access);
}

FleetClient::FleetClient(const Config::Fleet& fleet, const host::Etcdctl::Access& access)
    : name_(fleet.name),
      keys_(fleet.name),
      certificate_(access.certificate),
      members_(host::Etcdctl(access).members()) {}

FleetResult<std::string> FleetClient::user() const {
    const auto pem = read_file(certificate_, certificate_limit);
    if (!pem) return tl::unexpected(FleetFailure{pem.error().text, Exit::Refused});
    auto name = common_name_in(*pem);
    if (!name) return tl::unexpected(FleetFailure{certificate_ + ": " + name.error().text, Exit::Refused});
    return *name;
}

FleetResult<std::string> FleetClient::ask(const host::EtcdCall::Question& question) {
    host::EventLoop loop;
    host::EtcdCall call(loop, members_);
    Result<std::string> answer;
    bool answered = false;
    call.ask(question, [&](const Result<std::string>& output) {
        answer = output;
        answered = true;
        loop.exit(0);
    });
    if (!answered) loop.run();
    std::ranges::rotate(members_, members_.begin() + static_cast<std::ptrdiff_t>(call.member()));
    if (!answer) return unexpected(answer.error());
    return std::move(*answer);
}

FleetResult<FleetPicture> FleetClient::look() {
    const auto output = ask([this](const host::Etcdctl& member) { return member.get_below(keys_.root()); });
    if (!output) return tl::unexpected(output.error());
    const auto reply = read_etcd_get(*output);
    if (!reply) return unexpected(reply.error());
    return read_fleet_picture(*reply, keys_);
}

FleetResult<> FleetClient::put(const std::string& key, const std::string& value, Micros time) {
    std::string lease;
    if (time > Micros::zero()) {
        const auto granted = ask([time](const host::Etcdctl& member) { return member.grant(time); });
        if (!granted) return tl::unexpected(granted.error());
        const auto id = read_etcd_lease(*granted);
        if (!id) return unexpected(id.error());
        lease = *id;
    }
    const auto done = ask([&](const host::Etcdctl& member) { return member.put(key, value, lease); });
    if (!done) return tl::unexpected(done.error());
    return {};
}

FleetResult<bool> FleetClient::put_if_unchanged(const std::string& key, const std::string& value,
                                                std::uint64_t revision) {
    const Fd file(::memfd_create("question", MFD_CLOEXEC));
    const std::string text = host::Etcdctl::put_if_unchanged_text(key, value, revision);
    if (!file || ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        return tl::unexpected(FleetFailure{"no memory for a question", Exit::Failed});
    }
    // Opened anew by each etcdctl before it becomes one, so each reads from the beginning.
    const std::string path = "/proc/self/fd/" + std::to_string(file.get());
    const auto output = ask([&](const host::Etcdctl& member) { return member.put_if_unchanged(path); });
    if (!output) return tl::unexpected(output.error());
    const auto held = read_etcd_txn(*output);
    if (!held) return unexpected(held.error());
    return *held;
}

FleetResult<> FleetClient::remove(const std::string& key) {
    const auto done = ask([&](const host::Etcdctl& member) { return member.remove(key); });
    if (!done) return tl::unexpected(done.error());
    return {};
}

}  // namespace ess::essctl
