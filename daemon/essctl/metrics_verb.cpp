#include "base/json.hpp"
#include "essctl/daemon_client.hpp"
#include "essctl/screen.hpp"
#include "essctl/verbs.hpp"

namespace ess::essctl {

namespace {

constexpr Micros metrics_patience = std::chrono::seconds(5);

}  // namespace

Exit metrics() {
    const auto answer = ask_daemon("Metrics", Json::object(), metrics_patience);
    if (!answer) {
        const Explanation why = explain(answer.error());
        err("essctl: " + why.text + "\n");
        return why.exit;
    }
    out(text_at(*answer, "text"));
    return Exit::Fine;
}

}  // namespace ess::essctl
