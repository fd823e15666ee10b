#include "essctl/record.hpp"

#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "core/paths.hpp"
#include "essctl/person.hpp"
#include "essctl/screen.hpp"
#include "host/journal_mirror.hpp"
#include "host/signed_ledger.hpp"

namespace ess::essctl {

namespace {

using Outcome = tl::expected<Recorded, Explanation>;

/// The line waits for the disk, and for what the writer has before it.
constexpr Micros append_patience = std::chrono::seconds(60);

bool is_the_daemons(const std::string& directory) {
    std::error_code missing;
    return directory == paths::ledger_directory ||
           std::filesystem::equivalent(directory, paths::ledger_directory, missing);
}

bool adds_to_another(LedgerKind kind) {
    return kind == LedgerKind::Amend || kind == LedgerKind::Signoff;
}

Outcome recorded_by_daemon(const Json& answer) {
    try {
        return Recorded{answer.at("operation_id").get<std::string>(), answer.at("seq").get<std::uint64_t>(),
                        answer.at("hash").get<std::string>(), answer.at("existed").get<bool>()};
    } catch (const Json::exception&) {
        return tl::unexpected<Explanation>(Explanation{
            "essd's answer is not understood: essd and essctl are of different versions; restart essd", Exit::Failed});
    }
}

tl::unexpected<Explanation> failed(const std::string& text) {
    return tl::unexpected<Explanation>(Explanation{text, Exit::Failed});
}

/// The ledger that this process writes itself. It stays open until the end: an import has many entries, and opening
/// reads all that are there.
Result<host::SignedLedger*> open_files(const std::string& directory) {
    static std::string opened;
    static std::unique_ptr<host::SignedLedger> ledger;
    if (ledger && opened == directory) return ledger.get();
    host::SignedLedgerOptions options;
    options.directory = directory;
    if (is_the_daemons(directory)) options.mirror = host::direct_journal_mirror();
    auto found = host::SignedLedger::open(std::move(options));
    if (!found) return tl::make_unexpected(found.error());
    ledger = std::move(*found);
    opened = directory;
    return ledger.get();
}

Outcome write_files(const host::LedgerDraft& draft, const std::string& directory) {
    const auto ledger = open_files(directory);
    if (!ledger) return failed(ledger.error().text);
    const std::string id = draft.entry.value("operation_id", "");
    const bool adds = adds_to_another(draft.kind);
    if (!id.empty()) {
        const auto there = (*ledger)->find(id);
        if (!there) return failed(there.error().text);
        if (!*there && adds) return failed("no entry " + id + " in " + directory);
        if (*there && !adds) return Recorded{id, (*there)->seq, (*there)->hash, true};
    }
    const auto receipt = (*ledger)->append(draft);
    if (!receipt) return failed(receipt.error().text);
    // The line is durable; a signature that is missing is made up for by whoever opens the ledger next.
    if (!(*ledger)->trouble().empty()) err("essctl: recorded, but: " + (*ledger)->trouble() + "\n");
    return Recorded{receipt->operation_id, receipt->seq, receipt->hash, false};
}

}  // namespace

Outcome record(LedgerKind kind, const Json& entry, const Json& ess, const std::string& directory) {
    const std::string who = person();
    Json whole = ess.is_null() ? Json::object() : ess;
    whole["recorded_by"] = who;
    if (is_the_daemons(directory)) {
        const Json parameters{{"kind", to_text(kind)}, {"entry", entry}, {"ess", whole}, {"requested_by", who}};
        const auto answer = ask_daemon("LedgerAppend", parameters, append_patience);
        if (answer) return recorded_by_daemon(*answer);
        if (answer.error().kind != host::ClientFailure::Kind::NobodyListening) {
            return tl::unexpected<Explanation>(explain(answer.error()));
        }
    }
    return write_files({kind, entry, whole, wall_now()}, directory);
}

}  // namespace ess::essctl
