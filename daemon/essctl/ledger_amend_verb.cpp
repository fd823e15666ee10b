#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/text.hpp"
#include "core/entry_form.hpp"
#include "core/paths.hpp"
#include "core/time_range.hpp"
#include "essctl/ledger_reading.hpp"
#include "essctl/ledger_verbs.hpp"
#include "essctl/person.hpp"
#include "essctl/record.hpp"
#include "essctl/screen.hpp"
#include "essctl/trading_config.hpp"

namespace ess::essctl {

namespace {

struct AmendOptions {
    std::string directory = paths::ledger_directory;
    std::string id;
    std::string outcome;
    std::string at;
    std::string notes;
    std::string requested_by;
    std::string approved_by = "SELF";
    bool json = false;
};

constexpr const char* rollback = "ROLLBACK";

Json amendment(const AmendOptions& options, WallTime now) {
    const std::string requester = options.requested_by.empty() ? person() : options.requested_by;
    Json entry{{"operation_id", options.id},
               {"outcome", options.outcome},
               {"requested_by", clean_line(requester, ledger_line_limit)},
               {"approved_by", clean_line(options.approved_by, ledger_line_limit)},
               {"approval_timestamp", to_rfc3339(now)},
               {"notes", clean_line(options.notes, ledger_line_limit)}};
    if (options.outcome == rollback) entry["rollback_timestamp"] = to_rfc3339(now);
    if (const auto at = parse_moment(options.at)) entry["rollback_timestamp"] = to_rfc3339(*at);
    return entry;
}

/// What is wrong with the command line; empty: nothing.
std::string fault_in(const AmendOptions& options, WallTime now) {
    for (const EntryProblem& problem : problems_of({{"outcome", options.outcome}}))
        return "--outcome " + problem.text;
    if (trim(options.notes).empty()) return "--notes must say why";
    if (options.at.empty()) return {};
    if (options.outcome != rollback) return "--at is the time of a rollback";
    const auto at = parse_moment(options.at);
    if (!at) return "--at is not a time: write 2026-01-28T06:30:00Z or 2026-01-28T06:30:00 (UTC)";
    return *at > now ? "--at is in the future" : "";
}

Exit amend(const AmendOptions& options) {
    const WallTime now = wall_now();
    if (const std::string fault = fault_in(options, now); !fault.empty()) {
        err("essctl: " + fault + "\n");
        return Exit::Usage;
    }
    if (!find_operation(options.directory, options.id)) return Exit::Failed;
    Json entry = amendment(options, now);
    entry["config_hash"] = config_hash_now(trading_config());
    const auto recorded = record(LedgerKind::Amend, entry, Json(), options.directory);
    if (!recorded) {
        err("essctl: " + recorded.error().text + "\n");
        return recorded.error().exit;
    }
    if (options.json) {
        out(Json{{"operation_id", options.id}, {"seq", recorded->seq}, {"hash", recorded->hash}}.dump(2) + "\n");
    } else {
        out(options.id + " is amended: " + options.outcome + ". The entry itself stays as it was written.\n");
    }
    return Exit::Fine;
}

}  // namespace

void declare_ledger_amend(CLI::App& ledger, Run& run) {
    auto* const verb = ledger.add_subcommand("amend", "Record under an entry that it was rolled back");
    const auto options = std::make_shared<AmendOptions>();
    verb->add_option("ID", options->id, "The operation_id of the entry")->required();
    verb->add_option("--outcome", options->outcome, "What holds now: ROLLBACK, PARTIAL or SUCCESS")
        ->required()
        ->type_name("OUTCOME");
    verb->add_option("--at", options->at, "When it was rolled back; without: now")->type_name("TIME");
    verb->add_option("--notes", options->notes, "Why")->required()->type_name("TEXT");
    verb->add_option("--requested-by", options->requested_by, "Who asked for it; without: you")->type_name("NAME");
    verb->add_option("--approved-by", options->approved_by, "Who approved it")
        ->capture_default_str()
        ->type_name("NAME");
    verb->add_option("--directory", options->directory, "The ledger")->capture_default_str()->type_name("DIR");
    verb->add_flag("--json", options->json, "Print where it stands as JSON");
    verb->footer("Example: essctl ledger amend OPS-2026-01-27-012 --outcome ROLLBACK --notes 'blocked good orders'");
    verb->callback([options, &run] { run = [options] { return amend(*options); }; });
}

}  // namespace ess::essctl
