#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "essctl/columns.hpp"
#include "essctl/ledger_verbs.hpp"
#include "essctl/screen.hpp"
#include "essctl/time_option.hpp"
#include "essctl/trading_config.hpp"
#include "host/drift_reader.hpp"

namespace ess::essctl {

namespace {

struct DriftOptions {
    std::vector<std::string> paths;
    TimeRange range;
    std::string expect;
    std::string select;
    bool json = false;
};

/// Changes shown per source; --json has more.
constexpr std::size_t shown_changes = 20;
/// Longest sentence about what could not be read.
constexpr std::size_t trouble_limit = 400;

constexpr const char* footer =
    "PATH: a directory of configuration files, a ledger's directory, a file of `essctl status --json`, JSON lines with "
    "config_hash and a time (timestamp, time, ts or execution_timestamp), or - for standard input.\n"
    "Exit codes: 0 one configuration (--expect: the expected one), 1 drift, 4 not proven: nothing to compare, or "
    "something that does not say or cannot be read.\n"
    "Examples:\n"
    "  ssh other cat /srv/trader/logs/audit.jsonl | essctl drift - /etc/quantum\n"
    "  tail -100 logs/audit.jsonl | essctl drift -\n"
    "  essctl drift logs/audit.jsonl --since 2025-11-15 --until 2025-11-15\n"
    "  essctl drift /etc/quantum --expect bfb734a7aa5cb0a8\n"
    "  essctl drift logs/audit.jsonl --select bfb734a7aa5cb0a8";

std::string time_text(const std::optional<WallTime>& time) {
    return time ? to_seconds_text(*time) : "";
}

std::string headline(const Screen& screen, const DriftReport& report) {
    const DriftVerdict verdict = report.verdict();
    const HashUses hashes = report.hashes();
    const std::string count = std::to_string(report.entries()) + " entries";
    if (verdict == DriftVerdict::NotProven) {
        return screen.mark(Colour::Warn) + screen.paint(Colour::Warn, "NOT PROVEN") + "  " + count + "\n";
    }
    const bool same = verdict == DriftVerdict::Same;
    const Colour colour = same ? Colour::Good : Colour::Bad;
    std::string text = screen.mark(colour) + screen.paint(colour, same ? "NO DRIFT" : "DRIFT") + "  ";
    if (!report.expected.empty()) {
        return text + (same ? "every source has " : "not every source has ") + report.expected + " now\n";
    }
    return text + (same ? "one configuration" : std::to_string(hashes.size()) + " configurations") + " in " + count +
           "\n";
}

std::string uses_text(const Screen& screen, const HashUses& hashes) {
    std::vector<Cells> rows;
    std::size_t widest = 0;
    for (const auto& [hash, use] : hashes)
        widest = std::max(widest, std::to_string(use.count).size());
    for (const auto& [hash, use] : hashes) {
        const std::string count = std::to_string(use.count);
        const std::string span = use.first ? time_text(use.first) + " to " + time_text(use.last) : "now";
        std::string group(widest - count.size() + 2, ' ');
        group.append(count).append(" ").append(hash);
        rows.push_back({{std::move(group), Colour::Bold}, {span}});
    }
    return table(screen, rows);
}

std::string changes_text(const DriftSource& source) {
    std::string text;
    const std::size_t shown = std::min(source.changes().size(), shown_changes);
    for (std::size_t i = 0; i < shown; ++i) {
        const HashChange& change = source.changes()[i];
        text += "  changed at entry " + std::to_string(change.entry) +
                (change.time ? ", " + time_text(change.time) : "") + ": " + change.from + " to " + change.to + "\n";
    }
    if (source.change_count() > shown) {
        text += "  and " + std::to_string(source.change_count() - shown) + " more changes\n";
    }
    return text;
}

std::string source_text(const Screen& screen, const DriftSource& source) {
    const std::string newest = source.newest().empty() ? "does not say" : "is " + source.newest();
    return "\n" + screen.paint(Colour::Bold, source.name()) + ": " + std::to_string(source.entries()) +
           (source.entries() == 1 ? " entry" : " entries, the newest") + " " + newest + "\n" +
           (source.hashes().size() > 1 ? uses_text(screen, source.hashes()) : "") + changes_text(source);
}

std::string report_text(const Screen& screen, const DriftReport& report) {
    std::string text = headline(screen, report) + uses_text(screen, report.hashes());
    for (const std::string& gap : report.gaps())
        text += "  " + screen.paint(Colour::Warn, "not proven: ") + gap + "\n";
    if (report.sources.size() == 1) return text + changes_text(report.sources.front());
    for (const DriftSource& source : report.sources)
        text += source_text(screen, source);
    return text;
}

Exit exit_of_verdict(DriftVerdict verdict) {
    if (verdict == DriftVerdict::Same) return Exit::Fine;
    return verdict == DriftVerdict::Drift ? Exit::Failed : Exit::NotReady;
}

Exit drift(const DriftOptions& options) {
    const bool selecting = !options.select.empty();
    std::uint64_t selected = 0;
    host::DriftQuestion question{options.range, trading_config().config_hash.files, {}, {}};
    question.trouble = [](const std::string& text) { err("essctl: " + clean_line(text, trouble_limit) + "\n"); };
    if (selecting) {
        question.entry = [&](const Sighting& sighting, std::string_view text) {
            if (sighting.hash != options.select) return;
            ++selected;
            out(std::string(text) + "\n");
        };
    }
    DriftReport report;
    report.expected = options.expect;
    for (const std::string& path : options.paths)
        report.sources.push_back(host::read_drift_source(path, question));
    if (selecting) return selected > 0 ? Exit::Fine : Exit::Failed;
    out(options.json ? report.to_json().dump(2) + "\n" : report_text(Screen(), report));
    return exit_of_verdict(report.verdict());
}

/// What a hash looks like; a variable of a script that is empty must not ask for nothing.
std::string check_hash(std::string& text) {
    const bool digits = text.find_first_not_of("0123456789abcdef") == std::string::npos;
    return digits && text.size() == 16 ? "" : "not a configuration hash (16 digits of 0-9a-f): " + text;
}

}  // namespace

void declare_drift(CLI::App& app, Run& run) {
    auto* const verb = app.add_subcommand("drift", "Whether it is one configuration: between hosts, and over time");
    const auto options = std::make_shared<DriftOptions>();
    verb->add_option("PATH", options->paths, "What to compare; - is standard input")->required();
    add_time_range(*verb, options->range);
    const CLI::Validator is_hash(check_hash, "HASH");
    auto* const expect =
        verb->add_option("--expect", options->expect, "Ask whether the newest of each source is this one");
    expect->check(is_hash);
    verb->add_option("--select", options->select,
                     "Print the entries with this hash, and nothing else; 1 if there are none")
        ->check(is_hash)
        ->excludes(expect);
    verb->add_flag("--json", options->json, "Print the answer as JSON");
    verb->footer(footer);
    verb->callback([options, &run] { run = [options] { return drift(*options); }; });
}

}  // namespace ess::essctl
