#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "core/operation.hpp"
#include "core/paths.hpp"
#include "essctl/columns.hpp"
#include "essctl/ledger_verbs.hpp"
#include "essctl/screen.hpp"
#include "essctl/time_option.hpp"
#include "host/ledger_scan.hpp"

namespace ess::essctl {

namespace {

struct ListOptions {
    std::string directory = paths::ledger_directory;
    TimeRange range;
    std::string kind;
    std::string config_hash;
    bool json = false;
};

constexpr std::size_t field_limit = 1000;

/// What one line of the list shows.
struct Row {
    std::string id;
    std::string requested_by;
    std::string name;
    std::string outcome;
    std::string config_hash;
    WallTime time{};
    LedgerKind kind = LedgerKind::Append;
    std::uint64_t seq = 0;
};

std::string text_of(const Json& entry, const char* field) {
    return clean_line(text_at(entry, field), field_limit);
}

Row row_of(const Operation& operation) {
    // When it happened; a late or imported entry was recorded later.
    auto happened = parse_moment(text_of(operation.entry, "execution_timestamp"));
    if (!happened) happened = parse_moment(text_of(operation.entry, "approval_timestamp"));
    return {operation.id(),
            text_of(operation.entry, "requested_by"),
            text_of(operation.entry, "operation_name"),
            operation.outcome(),
            text_of(operation.entry, "config_hash"),
            happened.value_or(operation.recorded),
            operation.kind,
            operation.seq};
}

/// The rows, and the outcomes that amendments gave to them.
class Rows {
  public:
    explicit Rows(const ListOptions& options) : options_(options) {}

    void take(const LedgerLine& line, std::string_view bytes) {
        const auto operation = operation_of(line, bytes);
        if (operation) return take(row_of(*operation));
        // An amendment under an empty operation tells which outcome holds from now on.
        Operation amended;
        amended.entry["operation_id"] = text_of(line.entry, "operation_id");
        if (!add_to(amended, line)) return;
        const auto found = places_.find(amended.id());
        const std::string outcome = amended.outcome();
        if (found != places_.end() && !outcome.empty()) rows_[found->second].outcome = outcome;
    }

    /// Newest first.
    std::vector<Row> sorted() && {
        std::ranges::sort(rows_, [](const Row& left, const Row& right) { return is_newer(left.id, right.id); });
        return std::move(rows_);
    }

  private:
    void take(Row row) {
        const bool wanted = options_.range.contains(row.time) &&
                            (options_.kind.empty() || to_text(row.kind) == options_.kind) &&
                            (options_.config_hash.empty() || row.config_hash == options_.config_hash);
        if (!wanted) return;
        places_.emplace(row.id, rows_.size());
        rows_.push_back(std::move(row));
    }

    const ListOptions& options_;
    std::vector<Row> rows_;
    std::map<std::string, std::size_t> places_;
};

Json to_json(const Row& row) {
    return {{"operation_id", row.id},
            {"time", to_rfc3339(row.time)},
            {"kind", to_text(row.kind)},
            {"outcome", row.outcome},
            {"requested_by", row.requested_by},
            {"operation_name", row.name},
            {"config_hash", row.config_hash.empty() ? Json(nullptr) : Json(row.config_hash)},
            {"seq", row.seq}};
}

Colour colour_of(const std::string& outcome) {
    if (outcome == "SUCCESS") return Colour::Good;
    return outcome == "ROLLBACK" ? Colour::Warn : Colour::Bad;
}

std::string list_text(const std::vector<Row>& rows) {
    constexpr std::size_t longest_requester = 12;  // on a terminal
    constexpr std::size_t gaps = 10;
    const Screen screen;
    const auto width = screen.columns();
    std::size_t id = 0;
    std::size_t kind = 0;
    std::size_t outcome = 0;
    std::size_t requester = 0;
    for (const Row& row : rows) {
        id = std::max(id, row.id.size());
        kind = std::max(kind, to_text(row.kind).size());
        outcome = std::max(outcome, row.outcome.size());
        requester = std::max(requester, std::min(row.requested_by.size(), longest_requester));
    }
    constexpr std::size_t time = 20;
    const std::size_t taken = id + kind + outcome + requester + time + gaps;
    std::vector<Cells> cells;
    for (const Row& row : rows) {
        const std::string name = width ? cut(row.name, *width > taken ? *width - taken : 0) : row.name;
        cells.push_back({{row.id, Colour::Bold},
                         {to_seconds_text(row.time)},
                         {std::string(to_text(row.kind))},
                         {row.outcome, colour_of(row.outcome)},
                         {width ? cut(row.requested_by, longest_requester) : row.requested_by},
                         {name}});
    }
    return table(screen, cells);
}

Exit list(const ListOptions& options) {
    if (!options.kind.empty() && !ledger_kind_from(options.kind)) {
        err("essctl: --kind " + clean_line(options.kind, field_limit) +
            " is no kind of entry; see: essctl ledger list\n");
        return Exit::Usage;
    }
    Rows rows(options);
    const auto scan = host::scan_ledger(
        options.directory, [&](const LedgerLine& line, std::string_view bytes) { rows.take(line, bytes); });
    if (!scan) {
        err("essctl: " + scan.error().text + "\n");
        return Exit::Failed;
    }
    const std::vector<Row> sorted = std::move(rows).sorted();
    if (options.json) {
        Json array = Json::array();
        for (const Row& row : sorted)
            array.push_back(to_json(row));
        out(array.dump(2) + "\n");
    } else {
        out(list_text(sorted));
    }
    for (const host::LedgerDamage& damage : scan->unreported)
        err("essctl: the ledger is damaged: " + damage.file + ": " + damage.reason + "; see: essctl ledger verify\n");
    return scan->unreported.empty() ? Exit::Fine : Exit::Failed;
}

}  // namespace

void declare_ledger_list(CLI::App& ledger, Run& run) {
    auto* const verb = ledger.add_subcommand("list", "One line per entry, the newest first");
    const auto options = std::make_shared<ListOptions>();
    add_time_range(*verb, options->range);
    verb->add_option("--kind", options->kind, "Only trip, reset, start, append, drill, ...")->type_name("KIND");
    verb->add_option("--config-hash", options->config_hash, "Only entries made with this configuration")
        ->type_name("HASH");
    verb->add_option("--directory", options->directory, "The ledger")->capture_default_str()->type_name("DIR");
    verb->add_flag("--json", options->json, "Print them as JSON");
    verb->footer(
        "The outcome is the one that holds: ROLLBACK if the entry was amended so.\n"
        "Example: essctl ledger list --kind trip --since 2026-01-01");
    verb->callback([options, &run] { run = [options] { return list(*options); }; });
}

}  // namespace ess::essctl
