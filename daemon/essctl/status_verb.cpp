#include "essctl/daemon_client.hpp"
#include "essctl/latch_file.hpp"
#include "essctl/screen.hpp"
#include "essctl/status_text.hpp"
#include "essctl/verbs.hpp"

namespace ess::essctl {

namespace {

constexpr Micros status_patience = std::chrono::seconds(5);

}  // namespace

Exit status(const StatusOptions& options) {
    const auto answer = ask_daemon("Status", Json::object(), status_patience);
    if (!answer) {
        const Explanation why = explain(answer.error());
        err("essctl: " + why.text + "\n");
        if (const std::string latch = latch_at_sight(); !latch.empty()) err("essctl: " + latch + "\n");
        return why.exit;
    }
    const UnitList list = options.all ? UnitList::Whole : UnitList::Fitting;
    out(options.json ? answer->dump(2) + "\n" : status_text(Screen(), view_of(*answer), list));
    return exit_of(*answer);
}

}  // namespace ess::essctl
