#pragma once

#include <memory>

#include "base/json.hpp"
#include "essctl/daemon_client.hpp"
#include "essctl/live_terminal.hpp"

namespace ess::essctl {

/// How `essctl watch` tells what is new.
class WatchTeller {
  public:
    WatchTeller() = default;
    WatchTeller(const WatchTeller&) = delete;
    WatchTeller& operator=(const WatchTeller&) = delete;
    virtual ~WatchTeller() = default;

    virtual void tell(const Json& status) = 0;
    virtual void tell_lost(const Explanation& trouble) = 0;
    /// Once a second, and when the terminal has another size.
    virtual void refresh() {}
    /// The terminal that is drawn on, if one is.
    virtual LiveTerminal* terminal() { return nullptr; }
};

/// One JSON object a line: each status as Status answers it, and {"state": "unreachable", "reason": TEXT}.
[[nodiscard]] std::unique_ptr<WatchTeller> json_teller();
/// One line for each change.
[[nodiscard]] std::unique_ptr<WatchTeller> line_teller();
/// The screen of `essctl status`, always as it is now.
[[nodiscard]] std::unique_ptr<WatchTeller> screen_teller();

}  // namespace ess::essctl
