#include "essctl/daemon_client.hpp"
#include "essctl/screen.hpp"
#include "essctl/verbs.hpp"

namespace ess::essctl {

namespace {

constexpr Micros patience = std::chrono::seconds(5);

}  // namespace

Exit status(const StatusOptions& options) {
    const auto answer = ask_daemon("Status", Json::object(), patience);
    if (!answer) {
        const Explanation why = explain(answer.error());
        err("essctl: " + why.text + "\n");
        return why.exit;
    }
    out(options.json ? answer->dump(2) + "\n" : status_text(Screen(), *answer));
    return exit_of(*answer);
}

}  // namespace ess::essctl
