#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "core/paths.hpp"
#include "essctl/ledger_verbs.hpp"
#include "essctl/screen.hpp"
#include "host/journal_mirror.hpp"
#include "host/ledger_verify.hpp"

namespace ess::essctl {

namespace {

constexpr const char* verify_footer =
    "Exit: 0 all is proven, 1 something is wrong, 4 nothing is wrong but something is not proven.\n"
    "Example: essctl ledger verify --key kept/log.vkey --checkpoint kept/checkpoint";

struct VerifyOptions {
    std::string directory = paths::ledger_directory;
    std::optional<std::string> key;
    std::optional<std::string> checkpoint;
    std::optional<std::string> allowed_signers;
    bool journal = false;
    bool json = false;
};

/// Findings name files as the plain-tools check does, which works in a directory of its own.
std::string absolute(const std::string& path) {
    return path.starts_with('/') ? path : std::filesystem::current_path().string() + "/" + path;
}

std::optional<std::string> absolute(const std::optional<std::string>& path) {
    return path ? std::optional(absolute(*path)) : std::nullopt;
}

Exit verify(const VerifyOptions& options) {
    host::LedgerAnchors anchors;
    anchors.key_file = absolute(options.key);
    anchors.checkpoint_file = absolute(options.checkpoint);
    anchors.allowed_signers = absolute(options.allowed_signers);
    if (options.journal) anchors.journal = [] { return host::direct_journal_mirror().newest(""); };
    const bool watched = ::isatty(STDERR_FILENO) == 1;
    const auto progress = [&](std::uint64_t lines) {
        if (watched) err("\r" + std::to_string(lines) + " lines ");
    };
    const LedgerVerdict verdict = host::verify_ledger(absolute(options.directory), anchors, progress);
    if (watched) err("\r\x1b[K");
    out(options.json ? verdict.to_json().dump(2) + "\n" : verdict.text());
    switch (verdict.proof()) {
        case LedgerProof::Proven:
            return Exit::Fine;
        case LedgerProof::NotProven:
            return Exit::NotReady;
        case LedgerProof::Wrong:
            break;
    }
    return Exit::Failed;
}

}  // namespace

void declare_ledger_verify(CLI::App& ledger, Run& run) {
    auto options = std::make_shared<VerifyOptions>();
    auto* const verb = ledger.add_subcommand("verify", "Check chain, signatures and sign-offs, from the files alone");
    verb->add_option("--key", options->key, "The public key that you keep: PEM or verifier key")->type_name("FILE");
    verb->add_option("--checkpoint", options->checkpoint, "A checkpoint that you kept")->type_name("FILE");
    verb->add_option("--allowed-signers", options->allowed_signers, "Who may sign off")->type_name("FILE");
    verb->add_option("--directory", options->directory, "The ledger")->type_name("DIR")->capture_default_str();
    verb->add_flag("--journal", options->journal, "Check against the newest checkpoint in this host's journal");
    verb->add_flag("--json", options->json, "The results as JSON");
    verb->footer(verify_footer);
    verb->callback([options, &run] { run = [options] { return verify(*options); }; });
}

}  // namespace ess::essctl
