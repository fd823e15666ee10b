#include <unistd.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/file.hpp"
#include "core/paths.hpp"
#include "core/report_page.hpp"
#include "core/report_text.hpp"
#include "essctl/ledger_reading.hpp"
#include "essctl/ledger_verbs.hpp"
#include "essctl/screen.hpp"
#include "host/report_reading.hpp"

namespace ess::essctl {

namespace {

struct ReportOptions {
    std::string directory = paths::ledger_directory;
    std::string id;
    std::string html;
    std::string text;
    std::string json;
};

constexpr mode_t report_mode = 0644;

/// "-" is standard output. A file appears as a whole.
Result<> put(const std::string& output, const std::string& text) {
    if (output == "-") return write_all(STDOUT_FILENO, text);
    return replace_file(output, text, report_mode, Durability::Volatile);
}

Exit report(const ReportOptions& options) {
    // It says what was meant when the id is not there, and whether the ledger is damaged.
    if (!find_operation(options.directory, options.id)) return Exit::Failed;
    const auto reports = host::read_reports(options.directory, {options.id});
    if (!reports || reports->empty()) {
        err("essctl: " + (reports ? options.id + " is not in the ledger any more" : reports.error().text) + "\n");
        return Exit::Failed;
    }
    const Report& found = reports->front();
    const bool none = options.html.empty() && options.text.empty() && options.json.empty();
    Result<> done;
    if (!options.html.empty()) done = put(options.html, report_page(found));
    if (done && !options.json.empty()) done = put(options.json, to_json(found).dump(2) + "\n");
    if (done && (none || !options.text.empty())) done = put(none ? "-" : options.text, report_text(found));
    if (done) return Exit::Fine;
    err("essctl: " + done.error().text + "\n");
    return Exit::Failed;
}

}  // namespace

void declare_report(CLI::App& app, Run& run) {
    auto* const verb = app.add_subcommand("report", "One page about an operation: what was stopped, when, by whom");
    const auto options = std::make_shared<ReportOptions>();
    verb->add_option("ID", options->id, "Its operation_id")->required();
    verb->add_option("--html", options->html, "Write a page that needs nothing else, with the timeline as a picture")
        ->type_name("FILE");
    verb->add_option("--text", options->text, "Write it as plain text; to standard output without any of the three")
        ->type_name("FILE")
        ->expected(0, 1)
        ->default_str("-");
    verb->add_option("--json", options->json, "Write what it is made of as JSON")
        ->type_name("FILE")
        ->expected(0, 1)
        ->default_str("-");
    verb->add_option("--directory", options->directory, "The ledger")->capture_default_str()->type_name("DIR");
    verb->footer(
        "FILE may be - for standard output. Reads the ledger's files, so it works with essd down. Of every trip essd\n"
        "itself writes " +
        std::string(paths::reports_directory) +
        "/ID.html.\nExample: essctl report OPS-2026-01-28-001 --html trip.html");
    verb->callback([options, &run] { run = [options] { return report(*options); }; });
}

}  // namespace ess::essctl
