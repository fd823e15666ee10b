#include "essctl/daemon_client.hpp"
#include "essctl/person.hpp"
#include "essctl/screen.hpp"
#include "essctl/verbs.hpp"

namespace ess::essctl {

namespace {

/// A Reload takes many seconds on a big host.
constexpr Micros patience = std::chrono::seconds(90);

}  // namespace

Exit reset(const ResetOptions& options) {
    const auto answer = ask_daemon("Reset", {{"reason", options.reason}, {"requested_by", person()}}, patience);
    if (!answer) {
        const Explanation why = explain(answer.error());
        err("essctl: " + why.text + "\n");
        return why.exit;
    }
    if (options.json) {
        out(answer->dump(2) + "\n");
        return Exit::Fine;
    }
    const std::string id = answer->value("operation_id", "");
    out("Released" + (id.empty() ? std::string() : ", recorded as " + id) + ". Nothing was started.\n");
    if (id.empty()) err("essctl: the entry could not be written yet; see: essctl status\n");
    out("To start what ran before the trip, one by one: essctl start\n");
    return Exit::Fine;
}

}  // namespace ess::essctl
