#include "essctl/daemon_client.hpp"

#include <utility>

#include "core/paths.hpp"

namespace ess::essctl {

namespace {

constexpr std::string_view interface = "io.quantum.EmergencyStop.";

Explanation explain_answer(const VarlinkError& error) {
    const std::string reason = error.parameters.value("reason", "");
    if (error.name == "org.varlink.service.PermissionDenied") {
        return {"not permitted: be root or a member of the group quantum-ess", Exit::Refused};
    }
    if (error.name == "org.varlink.service.InvalidParameter") {
        return {"not accepted: --" + error.parameters.value("parameter", ""), Exit::Usage};
    }
    if (error.name == std::string(interface) + "NotTripped") return {"nothing is tripped", Exit::Failed};
    if (error.name == std::string(interface) + "Tripped") {
        return {"the stop is in force; release it first: essctl reset --reason TEXT", Exit::Tripped};
    }
    if (error.name == std::string(interface) + "Refused") return {"refused: " + reason, Exit::Refused};
    if (error.name == std::string(interface) + "Busy") return {"not now: " + reason, Exit::Refused};
    return {error.name + (reason.empty() ? "" : ": " + reason), Exit::Failed};
}

}  // namespace

host::ClientResult<Json> ask_daemon(const std::string& method, Json parameters, Micros patience) {
    const Instant deadline = monotonic_now() + patience;
    auto client = host::VarlinkClient::connect(paths::control_socket, deadline);
    if (!client) return tl::unexpected<host::ClientFailure>(client.error());
    return client->call(std::string(interface) + method, std::move(parameters), deadline);
}

Explanation explain(const host::ClientFailure& failure) {
    using Kind = host::ClientFailure::Kind;
    switch (failure.kind) {
        case Kind::NobodyListening:
            return {"essd is not running; start it: systemctl start essd.service", Exit::NotReady};
        case Kind::NoAnswer:
            return {"essd does not answer; see: systemctl status essd.service", Exit::NotReady};
        case Kind::NotPermitted:
            return {"not permitted to talk to essd: " + failure.text, Exit::Refused};
        case Kind::Answered:
            return explain_answer(failure.error);
        case Kind::Closed:
        case Kind::Malformed:
            break;
    }
    return {failure.text, Exit::NotReady};
}

Exit exit_of(const Json& status) {
    const std::string state = status.value("state", "");
    if (state == "tripped" || state == "tripping") return Exit::Tripped;
    return (state == "armed" || state == "starting") && status.value("ready", false) ? Exit::Fine : Exit::NotReady;
}

}  // namespace ess::essctl
