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
void declare_ledger_append(CLI::App& ledger, Run& run);
void declare_ledger_template(CLI::App& ledger, Run& run);
void declare_ledger_list(CLI::App& ledger, Run& run);
void declare_ledger_show(CLI::App& ledger, Run& run);
void declare_ledger_amend(CLI::App& ledger, Run& run);
void declare_ledger_import(CLI::App& ledger, Run& run);
void declare_ledger_export(CLI::App& ledger, Run& run);
void declare_ledger_verify(CLI::App& ledger, Run& run);

/// Verbs of essctl itself that are about the ledger and the configuration in it.
void declare_report(CLI::App& app, Run& run);
void declare_sign_off(CLI::App& app, Run& run);
void declare_config_hash(CLI::App& app, Run& run);
void declare_drift(CLI::App& app, Run& run);

void declare_ledger_rotate_key(CLI::App& ledger, Run& run);

}  // namespace ess::essctl
