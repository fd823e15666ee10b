#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "core/paths.hpp"
#include "essctl/daemon_client.hpp"
#include "essctl/ledger_verbs.hpp"
#include "essctl/person.hpp"
#include "essctl/screen.hpp"
#include "host/signed_ledger.hpp"

namespace ess::essctl {

namespace {

constexpr Micros patience = std::chrono::seconds(20);

struct RotateKeyOptions {
    std::string directory = paths::ledger_directory;
    bool json = false;
};

Exit fail(const std::string& text, Exit exit) {
    err("essctl: " + text + "\n");
    return exit;
}

Exit show(const RotateKeyOptions& options, const std::string& vkey) {
    if (options.json) {
        out(Json{{"vkey", vkey}}.dump(2) + "\n");
    } else {
        out("The ledger is signed by a new key from here on. Its verifier key, to be kept where root of this host "
            "cannot "
            "change it:\n" +
            vkey + "\n");
    }
    return Exit::Fine;
}

/// On the files themselves, whose lock keeps an essd that is starting out.
Exit rotate_files(const RotateKeyOptions& options, bool installed) {
    if (installed && ::geteuid() != 0)
        return fail("essd is not running, and only root can do this without it", Exit::Refused);
    host::SignedLedgerOptions ledger;
    ledger.directory = options.directory;
    if (installed) ledger.mirror = host::direct_journal_mirror();
    auto opened = host::SignedLedger::open(std::move(ledger));
    if (!opened) return fail(opened.error().text, Exit::Failed);
    const auto vkey = (*opened)->rotate_key(person());
    if (!vkey) return fail(vkey.error().text, Exit::Failed);
    if (!(*opened)->trouble().empty()) {
        err("essctl: the key line is written, and its checkpoint is not yet (" + (*opened)->trouble() +
            "); start essd, which signs it\n");
    }
    return show(options, *vkey);
}

Exit rotate_key(const RotateKeyOptions& options) {
    if (options.directory != paths::ledger_directory) return rotate_files(options, false);
    const auto answer = ask_daemon("LedgerRotateKey", Json::object(), patience);
    if (answer) return show(options, answer->value("vkey", ""));
    if (answer.error().kind == host::ClientFailure::Kind::NobodyListening) return rotate_files(options, true);
    const Explanation why = explain(answer.error());
    return fail(why.text, why.exit);
}

}  // namespace

void declare_ledger_rotate_key(CLI::App& ledger, Run& run) {
    auto* const verb = ledger.add_subcommand("rotate-key", "Replace the ledger's signing key by a new one");
    const auto options = std::make_shared<RotateKeyOptions>();
    verb->add_option("--directory", options->directory, "The ledger")->type_name("DIR")->capture_default_str();
    verb->add_flag("--json", options->json, "Print the new verifier key as JSON");
    verb->footer(
        "A key line, signed by the old key, hands over to the new one; the checkpoint after it is signed by both.\n"
        "Who trusts the first key of the log trusts the new one. Needs essd, or root.\n"
        "Example: essctl ledger rotate-key");
    verb->callback([options, &run] { run = [options] { return rotate_key(*options); }; });
}

}  // namespace ess::essctl
