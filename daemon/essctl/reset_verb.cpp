#include <utility>

#include "essctl/daemon_client.hpp"
#include "essctl/person.hpp"
#include "essctl/screen.hpp"
#include "essctl/verbs.hpp"

namespace ess::essctl {

namespace {

/// A Reload takes many seconds on a big host.
constexpr Micros reset_patience = std::chrono::seconds(90);

void tell_nothing(const Json&) {}

/// Asks, and shows what comes back as JSON or by `tell`.
Exit call(const std::string& method, Json parameters, bool json, void (*tell)(const Json& answer)) {
    parameters["requested_by"] = person();
    const auto answer = ask_daemon(method, std::move(parameters), reset_patience);
    if (!answer) {
        const Explanation why = explain(answer.error());
        err("essctl: " + why.text + "\n");
        return why.exit;
    }
    if (json) {
        out(answer->dump(2) + "\n");
    } else {
        tell(*answer);
    }
    return Exit::Fine;
}

void tell_released(const Json& answer) {
    const std::string id = line_at(answer, "operation_id");
    out("Released" + (id.empty() ? std::string() : ", recorded as " + id) + ". Nothing was started.\n");
    if (id.empty()) err("essctl: the entry could not be written yet; see: essctl status\n");
    out("To start what ran before the trip, one by one: essctl start\n");
}

void tell_asked(const Json& answer) {
    const Json pending = answer.value("pending", Json());
    if (!pending.is_boolean() || !pending.get<bool>()) return tell_released(answer);
    const std::string id = line_at(answer, "operation_id");
    out("NOT RELEASED YET: " + id + " waits for a second person until " + line_at(answer, "expires") + ".\n");
    out("Root, or a member of the group quantum-ess, other than you, approves it: essctl approve " + id + "\n");
}

}  // namespace

Exit reset(const ResetOptions& options) {
    Json parameters{{"reason", options.reason}};
    if (!options.approved_by.empty()) parameters["approved_by"] = options.approved_by;
    return call("Reset", std::move(parameters), options.json, options.quiet ? tell_nothing : tell_asked);
}

Exit approve(const ApproveOptions& options) {
    return call("Approve", {{"operation_id", options.operation_id}}, options.json, tell_released);
}

}  // namespace ess::essctl
