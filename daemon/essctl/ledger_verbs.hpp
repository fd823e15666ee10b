#pragma once

#include <functional>
#include <string>

#include "essctl/exit_code.hpp"

namespace CLI {
class App;
}

namespace ess::essctl {

/// What the chosen verb will do, once the whole command line has been read.
using Run = std::function<Exit()>;

/// `essctl ledger` and its verbs.
void declare_ledger(CLI::App& app, Run& run);
void declare_ledger_verify(CLI::App& ledger, Run& run);

void declare_ledger_rotate_key(CLI::App& ledger, Run& run);

}  // namespace ess::essctl
