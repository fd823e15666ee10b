// How the reader of a report can prove it without whoever wrote it.

#include <algorithm>

#include "core/message_id.hpp"
#include "core/report.hpp"
#include "core/visible_text.hpp"

namespace ess {

namespace {

/// A word of a shell command, whatever it is made of.
std::string quoted_word(std::string_view word) {
    const bool plain = !word.empty() && std::ranges::all_of(word, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("/._-+@:").find(c) != std::string_view::npos;
    });
    if (plain) return std::string(word);
    std::string text = "'";
    for (const char c : word)
        text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

/// Whether the path is there, and is all that a reader of the command sees of it.
bool can_be_pasted(const std::string& path) {
    return !path.empty() && visible_text(path) == path && path.find_first_of("\n\t") == std::string::npos;
}

Check line_check(const Report& report) {
    const std::string seq = std::to_string(report.operation().seq);
    return {"The entry is the line of the ledger, byte for byte",
            "grep '\"seq\":" + seq + ",\"time\":\"[^\"]*\",\"v\":1}$' " +
                quoted_word(report.directory + "/" + report.segment) + " | tr -d '\\n' | sha256sum",
            report.operation().hash, true};
}

Check chain_check(const Report& report) {
    return {
        "Nothing before or behind it was changed, removed or put in; with a key and a checkpoint that you kept "
        "elsewhere, root of that host could not do so either",
        "essctl ledger verify --journal --directory " + quoted_word(report.directory) +
            " --key KEPT-KEY --checkpoint KEPT-CHECKPOINT",
        "OK at the end, exit code 0. With openssl, jq and sha256sum alone: scripts/verify-ledger"};
}

Check journal_check(const Report& report) {
    return {"What was signed right after the entry is in the journal too",
            "journalctl -o verbose MESSAGE_ID=" + std::string(message_id::ledger_checkpoint.hex) +
                " ESS_LEDGER_SIZE=" + std::to_string(report.found.checkpoint->size),
            "the origin and the root above, as long as the journal keeps them"};
}

Check proof_check(const Report& report) {
    const std::string hash = text_at(report.operation().entry.at("proof_file"), "sha256");
    return {"The proof file is the one that the entry was written with",
            "sha256sum " + quoted_word(proof_path(report.operation())) + " | cut -c 1-" + std::to_string(hash.size()),
            hash, true};
}

}  // namespace

std::vector<Check> checks_of(const Report& report) {
    std::vector<Check> checks{line_check(report), chain_check(report)};
    if (report.found.checkpoint) checks.push_back(journal_check(report));
    if (can_be_pasted(proof_path(report.operation()))) checks.push_back(proof_check(report));
    const std::string hash = text_at(report.operation().entry, "config_hash");
    if (!hash.empty())
        checks.push_back({"The trading configuration of this host now, to compare", "essctl config-hash",
                          hash + " if it is still the same"});
    checks.push_back({"This report is made of the ledger, and can be made again",
                      "essctl report " + quoted_word(report.operation().id()) + " --directory " +
                          quoted_word(report.directory) + " --html -",
                      "the same page, byte for byte, unless something was added to the entry since"});
    return checks;
}

}  // namespace ess
