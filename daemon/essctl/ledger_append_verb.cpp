#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "core/entry_form.hpp"
#include "core/operation_number.hpp"
#include "core/paths.hpp"
#include "essctl/entry_file.hpp"
#include "essctl/ledger_verbs.hpp"
#include "essctl/person.hpp"
#include "essctl/record.hpp"
#include "essctl/screen.hpp"
#include "essctl/trading_config.hpp"
#include "host/evidence.hpp"

namespace ess::essctl {

namespace {

struct AppendOptions {
    std::string directory = paths::ledger_directory;
    std::string from;  ///< a file with the entry; empty: the options describe it
    std::string operation;
    std::string objective;
    std::string risk_class;
    std::string blast_radius;
    std::string changes_summary;
    std::vector<std::string> allowed_paths;
    std::vector<std::string> allowed_services;
    std::string outcome = "SUCCESS";
    std::string rollback_of;
    std::string rollback_ref;
    std::string requested_by;
    std::string approved_by = "SELF";
    std::string notes;
    std::string operation_id;
    host::EvidenceWanted evidence;
    bool strict = false;
    bool json = false;
};

constexpr const char* footer =
    "Numbers the entry and stamps it with the time, the host, the configuration hash, and the commit and branch of "
    "ledger.git_repository or of the current directory. Evidence that cannot be had is noted in the entry, at most 30 "
    "lines of each are kept. The same --operation-id twice is one entry.\n"
    "Example:\n"
    "  essctl ledger append --operation 'Raise the budget cap' --objective 'use the idle margin' \\\n"
    "    --risk-class SERVICE_RESTART --blast-radius 'governor only' --changes-summary 'cap 0.02 to 0.03' \\\n"
    "    --allowed-service quantum-governor --proof proof.txt \\\n"
    "    --metrics-url http://localhost:8049/metrics --metrics-grep '^p28_' --redis 'HGETALL quantum:budget'";

std::string option_of(const std::string& field) {
    if (field == "operation_name") return "--operation";
    if (field == "allowed_services") return "--allowed-service";
    if (field == "allowed_paths") return "--allowed-path";
    std::string option = "--" + field;
    std::ranges::replace(option, '_', '-');
    return option;
}

/// What the options say, as fields; those that are not given are not there.
Json described(const AppendOptions& options) {
    Json entry = Json::object();
    const auto put = [&](const char* field, const std::string& text) {
        if (const auto line = clean_line(text, ledger_line_limit); !line.empty()) entry[field] = line;
    };
    put("operation_id", options.operation_id);
    put("operation_name", options.operation);
    put("objective", options.objective);
    put("risk_class", options.risk_class);
    put("blast_radius", options.blast_radius);
    put("changes_summary", options.changes_summary);
    put("outcome", options.outcome);
    put("rollback_of", options.rollback_of);
    put("rollback_ref", options.rollback_ref);
    put("requested_by", options.requested_by.empty() ? person() : options.requested_by);
    put("approved_by", options.approved_by);
    put("notes", options.notes);
    const auto put_names = [&](const char* field, const std::vector<std::string>& texts) {
        for (const std::string& name : split_names(join(texts, ",")))
            entry[field].push_back(name);
    };
    put_names("allowed_services", options.allowed_services);
    put_names("allowed_paths", options.allowed_paths);
    return entry;
}

bool tell_faults(const std::vector<std::string>& faults) {
    for (const std::string& fault : faults)
        err("essctl: " + fault + "\n");
    return !faults.empty();
}

/// What the options say, as an entry; nothing if they do not make one, which is told.
std::optional<WrittenEntry> entry_of_options(const AppendOptions& options) {
    WrittenEntry written{described(options), Json()};
    std::vector<std::string> faults;
    for (const std::string& field : missing_fields(written.entry))
        faults.push_back(option_of(field) + " is required");
    for (const EntryProblem& problem : problems_of(written.entry))
        faults.push_back(option_of(problem.field) + " " + problem.text);
    if (!options.operation_id.empty() && !parse_operation_id(options.operation_id))
        faults.emplace_back("--operation-id must be an id like OPS-2026-01-28-001");
    if (tell_faults(faults)) return std::nullopt;
    return written;
}

/// Tells what is wrong with what is asked for as evidence. Whether nothing is.
bool is_accepted(const host::EvidenceWanted& wanted) {
    std::vector<std::string> faults;
    if (const auto pattern = host::check_pattern(wanted.metrics_pattern); !pattern)
        faults.push_back("--metrics-grep: " + pattern.error().text);
    if (!wanted.metrics_pattern.empty() && wanted.metrics.empty())
        faults.emplace_back("--metrics-grep needs --metrics-url");
    for (const std::string& line : wanted.redis) {
        const auto words = split_words(line);
        if (!words || words->empty()) faults.push_back("--redis is no command line: " + line);
    }
    return !tell_faults(faults);
}

/// Adds what is known by itself. What the entry says already is kept.
void stamp(Json& entry, const Json& evidence, const Config& config) {
    const std::string now = to_rfc3339(wall_now());
    const std::string stamped = config_hash_now(config);
    Json fields = evidence;
    fields.update({{"approval_timestamp", now}, {"execution_timestamp", now}, {"config_hash", stamped}});
    fields.update(entry);
    entry = std::move(fields);
}

Exit tell(const Recorded& recorded, const std::vector<std::string>& missing, bool json) {
    if (json) {
        out(Json{{"operation_id", recorded.operation_id},
                 {"seq", recorded.seq},
                 {"hash", recorded.hash},
                 {"existed", recorded.existed},
                 {"missing_evidence", missing}}
                .dump(2) +
            "\n");
    } else if (recorded.existed) {
        out(recorded.operation_id + " is already recorded; nothing was written.\n");
    } else {
        out("Recorded as " + recorded.operation_id + ".\n");
    }
    return Exit::Fine;
}

Exit append(AppendOptions options) {
    std::optional<WrittenEntry> written;
    if (is_accepted(options.evidence))
        written = options.from.empty() ? entry_of_options(options) : read_entry_file(options.from);
    if (!written) return Exit::Usage;
    Json& entry = written->entry;
    const Config config = trading_config();
    if (const auto found = entry.find("allowed_services"); found != entry.end()) options.evidence.services = *found;
    options.evidence.git_repository = config.ledger.git_repository;
    const host::Evidence evidence = host::collect_evidence(options.evidence);
    for (const std::string& missing : evidence.missing)
        err("essctl: no evidence: " + missing + "\n");
    if (options.strict && !evidence.missing.empty()) {
        err("essctl: nothing was recorded (--strict)\n");
        return Exit::Failed;
    }
    stamp(entry, evidence.fields, config);
    const Json ess = written->comments.is_null() ? Json() : Json{{"comments", written->comments}};
    const auto recorded = record(LedgerKind::Append, entry, ess, options.directory);
    if (recorded) return tell(*recorded, evidence.missing, options.json);
    err("essctl: " + recorded.error().text + "\n");
    return recorded.error().exit;
}

void declare_description(CLI::App& verb, AppendOptions& options) {
    verb.add_option("--operation", options.operation, "A short name for what was done")->type_name("TEXT");
    verb.add_option("--objective", options.objective, "What it is for")->type_name("TEXT");
    verb.add_option("--risk-class", options.risk_class, "READ_ONLY, LOW_RISK_CONFIG, SERVICE_RESTART, FILESYSTEM_WRITE")
        ->type_name("CLASS");
    verb.add_option("--blast-radius", options.blast_radius, "What can break")->type_name("TEXT");
    verb.add_option("--changes-summary", options.changes_summary, "What was changed, in one line")->type_name("TEXT");
    verb.add_option("--allowed-path", options.allowed_paths, "What may be written; again for more, or a,b")
        ->type_name("PATH");
    verb.add_option("--allowed-service", options.allowed_services,
                    "What may be restarted, and whose state is recorded; again for more, or a,b")
        ->type_name("UNIT");
    verb.add_option("--outcome", options.outcome, "SUCCESS, PARTIAL or ROLLBACK")
        ->capture_default_str()
        ->type_name("OUTCOME");
    verb.add_option("--rollback-of", options.rollback_of, "The operation that this one undoes")->type_name("ID");
    verb.add_option("--rollback-ref", options.rollback_ref, "What would undo it: commit, command, procedure")
        ->type_name("TEXT");
    verb.add_option("--requested-by", options.requested_by, "Who asked for it; without: you")->type_name("NAME");
    verb.add_option("--approved-by", options.approved_by, "Who approved it")->capture_default_str()->type_name("NAME");
    verb.add_option("--notes", options.notes, "What else is worth knowing")->type_name("TEXT");
    verb.add_option("--operation-id", options.operation_id, "Its number, if it has one already")->type_name("ID");
}

void declare_evidence(CLI::App& verb, AppendOptions& options) {
    verb.add_option("--proof", options.evidence.proof, "A proof file: its hash, size and time are recorded")
        ->type_name("FILE");
    verb.add_option("--metrics-url", options.evidence.metrics, "Metrics to record (HTTP); again for more")
        ->type_name("URL");
    verb.add_option("--metrics-grep", options.evidence.metrics_pattern, "Only metrics that match (as grep -E)")
        ->type_name("REGEX");
    verb.add_option("--redis", options.evidence.redis, "A redis-cli command line to record; again for more")
        ->type_name("COMMAND");
    verb.add_flag("--strict", options.strict, "Record nothing if some evidence cannot be had");
}

}  // namespace

void declare_ledger_append(CLI::App& ledger, Run& run) {
    auto* const verb = ledger.add_subcommand("append", "Record an operation, with its evidence");
    const auto options = std::make_shared<AppendOptions>();
    declare_description(*verb, *options);
    const std::vector<CLI::Option*> described = verb->get_options([](const CLI::Option*) { return true; });
    declare_evidence(*verb, *options);
    auto* const from =
        verb->add_option("--from", options->from, "An entry written from the template; - is standard input");
    from->type_name("FILE");
    for (CLI::Option* option : described) {
        if (option != verb->get_help_ptr()) from->excludes(option);
    }
    verb->add_option("--directory", options->directory, "The ledger")->capture_default_str()->type_name("DIR");
    verb->add_flag("--json", options->json, "Print where it stands as JSON");
    verb->footer(footer);
    verb->callback([options, &run] { run = [options] { return append(*options); }; });
}

}  // namespace ess::essctl
