#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/paths.hpp"
#include "essctl/ledger_reading.hpp"
#include "essctl/ledger_verbs.hpp"
#include "essctl/record.hpp"
#include "essctl/screen.hpp"
#include "host/signoff.hpp"

namespace ess::essctl {

namespace {

struct SignOffOptions {
    std::string directory = paths::ledger_directory;
    std::string allowed_signers = paths::allowed_signers;
    std::string id;
    std::string key;
    bool json = false;
};

/// One key of OpenSSH on one line.
constexpr std::size_t public_key_limit = 16384;

Exit fail(const std::string& text, Exit exit) {
    err("essctl: " + text + "\n");
    return exit;
}

/// How the person gets into the file, with the key itself if it is at hand.
std::string how_to_add(const SignOffOptions& options) {
    const bool is_public = options.key.ends_with(".pub");
    const auto key = read_file(is_public ? options.key : options.key + ".pub", public_key_limit);
    return "to allow it, add this line to " + options.allowed_signers + ":\n  NAME namespaces=\"" +
           std::string(signoff_namespace) + "\" " +
           (key ? clean_line(*key, public_key_limit) : "ssh-ed25519 ...  (the public key)");
}

Exit send(const SignOffOptions& options, const Json& entry, const Json& ess) {
    const auto recorded = record(LedgerKind::Signoff, entry, ess, options.directory);
    if (!recorded) return fail(recorded.error().text, recorded.error().exit);
    if (options.json) {
        out(Json{{"operation_id", options.id},
                 {"approved_by", entry.at("approved_by")},
                 {"seq", recorded->seq},
                 {"hash", recorded->hash}}
                .dump(2) +
            "\n");
    } else {
        out(entry.at("approved_by").get<std::string>() + " signed " + options.id + " off.\n");
    }
    return Exit::Fine;
}

Exit sign_off(const SignOffOptions& options) {
    const auto found = find_operation(options.directory, options.id);
    if (!found) return Exit::Failed;
    if (found->origin.empty()) return fail("the ledger is not signed yet: start essd", Exit::NotReady);
    const SignoffTarget target = signoff_target(found->operation, found->line, found->origin);
    const std::string statement = target.subject.statement();
    const auto signature = host::sign_statement(statement, options.key);
    if (!signature) return fail("not signed: " + signature.error().text, Exit::Failed);
    const WallTime now = wall_now();
    const auto signer = host::find_signer(*signature, now, options.allowed_signers);
    if (!signer) return fail(signer.error().text + "; " + how_to_add(options), Exit::Refused);
    const Json entry{{"operation_id", options.id}, {"approved_by", *signer}, {"approval_timestamp", to_rfc3339(now)}};
    const Json ess{{"statement", statement}, {"signature", *signature}};
    const auto checked = host::check_signoff(target, entry, ess, now, options.allowed_signers);
    if (!checked) return fail("refused: " + checked.error().text, Exit::Refused);
    return send(options, entry, ess);
}

}  // namespace

void declare_sign_off(CLI::App& app, Run& run) {
    auto* const verb = app.add_subcommand("sign-off", "Put your signature under an entry of the ledger");
    const auto options = std::make_shared<SignOffOptions>();
    verb->add_option("ID", options->id, "Its operation_id")->required();
    verb->add_option("--key", options->key, "Your SSH key; a public key is looked up in the agent")
        ->required()
        ->type_name("FILE");
    verb->add_option("--allowed-signers", options->allowed_signers, "Who may sign off, as ssh-keygen(1) has it")
        ->capture_default_str()
        ->type_name("FILE");
    verb->add_option("--directory", options->directory, "The ledger")->capture_default_str()->type_name("DIR");
    verb->add_flag("--json", options->json, "Print where it stands as JSON");
    verb->footer(
        "Whoever asked for the operation cannot sign it off.\n"
        "Example: essctl sign-off OPS-2026-01-28-001 --key ~/.ssh/id_ed25519");
    verb->callback([options, &run] { run = [options] { return sign_off(*options); }; });
}

}  // namespace ess::essctl
