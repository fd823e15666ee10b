#pragma once

#include <functional>

#include "essctl/exit_code.hpp"

namespace CLI {
class App;
}

namespace ess::essctl {

/// `essctl check`
void declare_check(CLI::App& app, std::function<Exit()>& run);

}  // namespace ess::essctl
