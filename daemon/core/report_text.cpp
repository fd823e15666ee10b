#include "core/report_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "base/base64.hpp"
#include "core/visible_text.hpp"
#include "core/yaml_writer.hpp"

namespace ess {

namespace {

constexpr std::size_t term_width = 14;
constexpr std::size_t column_width = 13;

/// One line: whatever the text is, no line of the report begins in it.
std::string one_line(std::string_view text) {
    std::string line = visible_text(text);
    std::ranges::replace(line, '\n', ' ');
    std::ranges::replace(line, '\t', ' ');
    return line;
}

std::string term(std::string_view name, std::string_view text) {
    std::string line = "  " + std::string(name);
    line.append(std::max(line.size() + 1, term_width + 2) - line.size(), ' ');
    return line + one_line(text) + "\n";
}

std::string heading(std::string_view text) {
    return "\n" + std::string(text) + "\n" + std::string(text.size(), '-') + "\n";
}

std::string items(std::string_view title, const std::vector<std::string>& texts) {
    if (texts.empty()) return {};
    std::string lines = "\n" + std::string(title) + "\n";
    for (const std::string& text : texts)
        lines += "  - " + one_line(text) + "\n";
    return lines;
}

std::string right(std::string_view text) {
    return std::string(column_width - std::min(column_width, text.size()), ' ') + std::string(text);
}

std::string exact(const std::optional<Micros>& time) {
    return right(time ? exact_ms(*time) : "-");
}

std::string first_lines(const Report& report) {
    const Verdict verdict = verdict_of(report);
    std::string text = one_line(verdict.word);
    if (report.trip && report.trip->stop_time) text += " in " + to_ms_text(*report.trip->stop_time) + " ms";
    if (report.trip && report.trip->budget > Micros(0)) text += ", budget " + to_ms_text(report.trip->budget) + " ms";
    return text + "\n" + one_line(verdict.text) + "\n";
}

std::string facts(const Report& report) {
    std::string lines = "\n";
    for (const Fact& fact : facts_of(report))
        lines += term(fact.name, fact.text);
    if (report.trip) lines += items("Not verified when this was recorded", report.trip->problems);
    if (report.trip) lines += items("Stopped along by systemd", report.trip->pulled_down);
    return lines + items("What belongs to it", relations_of(report));
}

std::string timeline(const Report& report) {
    if (!report.trip) {
        return report.no_timeline.empty()
                   ? ""
                   : heading("Timeline") + "None can be shown: " + one_line(report.no_timeline) + ".\n";
    }
    std::string lines = heading("Timeline") + "Milliseconds since the latch was seen, the slowest unit first.\n";
    if (report.units_from_proof) {
        lines += "The entry has " + std::to_string(report.units_in_entry) +
                 " of the units, to fit a line; all are from the proof file.\n";
    }
    lines +=
        "\n  " + right("requested") + right("killed") + right("empty") + right("job done") + right("masked") + "\n";
    for (const UnitTimeline& unit : report.trip->units) {
        lines += one_line(unit.name) + " (category " + std::to_string(static_cast<int>(unit.category)) +
                 "): " + unit_ending(unit, report.trip->resumed) + "\n  " + exact(unit.stop_requested) +
                 exact(unit.killed) + exact(unit.emptied) + exact(unit.job_done) + exact(unit.masked) + "\n";
        if (!unit.trouble.empty()) lines += "    " + one_line(unit.trouble) + "\n";
    }
    return lines;
}

/// The fields as the changelog has them; a stop's timeline stands above, and is left out.
std::string entry(const Report& report) {
    Operation operation = report.operation();
    if (report.trip) operation.ess = nullptr;
    std::string text = heading("The entry") + visible_text(entry_yaml(operation));
    for (const Json& amendment : operation.amendments)
        text += heading("Amendment") + visible_text(amendment_yaml(amendment));
    return text;
}

std::string hashes(const Report& report) {
    const Operation& operation = report.operation();
    std::string lines = heading("Hashes") + term("line", operation.hash) + term("prev", report.found.line.prev) +
                        term("seq", std::to_string(operation.seq)) +
                        term("file", report.directory + "/" + report.segment) +
                        term("recorded", to_rfc3339(operation.recorded));
    if (const auto& checkpoint = report.found.checkpoint) {
        lines += term("log", checkpoint->origin) + term("log size", std::to_string(checkpoint->size)) +
                 term("log root", to_base64(bytes_of(checkpoint->root)));
    }
    if (!report.proof.empty()) lines += term("proof file", proof_path(operation) + ", " + report.proof);
    return lines;
}

std::string verification(const Report& report) {
    std::string lines = heading("How to verify");
    for (const Check& check : checks_of(report)) {
        lines += one_line(check.purpose) + ":\n    " + one_line(check.command) + "\n  must give " +
                 one_line(check.expected) + "\n";
    }
    return lines;
}

}  // namespace

std::string report_text(const Report& report) {
    return first_lines(report) + facts(report) + timeline(report) + entry(report) + hashes(report) +
           verification(report);
}

}  // namespace ess
