#include "essctl/daemon_client.hpp"

#include <utility>

#include "base/text.hpp"
#include "core/paths.hpp"
#include "essctl/rights.hpp"

namespace ess::essctl {

namespace {

constexpr std::string_view interface = "io.quantum.EmergencyStop.";
/// Longer than any name or sentence that essd makes; a reason that fills more than a screen hides the rest.
constexpr std::size_t answer_limit = 600;

/// As a person wrote it on the command line.
std::string argument_of(const std::string& parameter) {
    return parameter == "operation_id" ? "ID" : "--" + parameter;
}

Explanation explain_answer(const VarlinkError& error) {
    const std::string reason = line_at(error.parameters, "reason");
    const auto is = [&](const char* name) { return error.name == std::string(interface) + name; };
    if (error.name == "org.varlink.service.PermissionDenied") {
        return {"not permitted: " + how_to_be_permitted(), Exit::Refused};
    }
    if (error.name == "org.varlink.service.InvalidParameter") {
        const std::string parameter = line_at(error.parameters, "parameter");
        return {"not accepted: " + argument_of(parameter) + " is empty or not of the right form", Exit::Usage};
    }
    if (error.name == "org.varlink.service.MethodNotFound") {
        return {"the essd that runs is older than this essctl; restart it: systemctl restart essd.service",
                Exit::Failed};
    }
    if (is("NotTripped")) return {"nothing is tripped, so there is nothing to release", Exit::Failed};
    if (is("Tripped")) return {"the stop is in force; release it first: essctl reset --reason TEXT", Exit::Tripped};
    if (is("NotReady")) return {"not ready: " + reason, Exit::NotReady};
    if (is("Refused")) return {"refused: " + reason, Exit::Refused};
    if (is("Busy")) return {"not now: " + reason + "; see: essctl status", Exit::Refused};
    if (is("Failed")) return {"failed: " + reason, Exit::Failed};
    return {clean_line(error.name, answer_limit) + (reason.empty() ? "" : ": " + reason), Exit::Failed};
}

}  // namespace

std::string line_at(const Json& answer, const char* name) {
    return clean_line(text_at(answer, name), answer_limit);
}

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
            return {"not permitted to talk to essd (" + failure.text + "): " + how_to_be_permitted(), Exit::Refused};
        case Kind::Answered:
            return explain_answer(failure.error);
        case Kind::Closed:
            return {"essd closed the connection; see: systemctl status essd.service", Exit::NotReady};
        case Kind::Malformed:
            break;
    }
    return {failure.text, Exit::NotReady};
}

Exit exit_of(const Json& status) {
    const std::string state = text_at(status, "state");
    if (state == "tripped" || state == "tripping") return Exit::Tripped;
    const bool ready = status.is_object() && status.contains("ready") && status.at("ready") == true;
    return (state == "armed" || state == "starting") && ready ? Exit::Fine : Exit::NotReady;
}

}  // namespace ess::essctl
