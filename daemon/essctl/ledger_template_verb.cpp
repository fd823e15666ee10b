#include <CLI/CLI.hpp>

#include "essctl/entry_file.hpp"
#include "essctl/ledger_verbs.hpp"
#include "essctl/screen.hpp"

namespace ess::essctl {

void declare_ledger_template(CLI::App& ledger, Run& run) {
    auto* const verb = ledger.add_subcommand("template", "Print an entry to be filled in, for append --from");
    verb->footer(
        "Example:\n  essctl ledger template > entry.yaml\n  editor entry.yaml\n"
        "  essctl ledger append --from entry.yaml");
    verb->callback([&run] {
        run = [] {
            out(commented_template());
            return Exit::Fine;
        };
    });
}

}  // namespace ess::essctl
