#include "essctl/ledger_verbs.hpp"

#include <CLI/CLI.hpp>

namespace ess::essctl {

void declare_ledger(CLI::App& app, Run& run) {
    auto* const ledger = app.add_subcommand("ledger", "The signed record of what was done");
    ledger->require_subcommand(1);
    ledger->footer("Each of its verbs has --help.\nExample: essctl ledger list --kind trip");
    declare_ledger_list(*ledger, run);
    declare_ledger_show(*ledger, run);
    declare_ledger_append(*ledger, run);
    declare_ledger_template(*ledger, run);
    declare_ledger_amend(*ledger, run);
    declare_ledger_import(*ledger, run);
    declare_ledger_export(*ledger, run);
    declare_ledger_verify(*ledger, run);
    declare_ledger_rotate_key(*ledger, run);
}

}  // namespace ess::essctl
