#include "essctl/check_text.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "essctl/columns.hpp"
#include "essctl/status_view.hpp"

namespace ess::essctl {

namespace {

/// Subjects of one finding that are named; the others are counted.
constexpr std::size_t subjects_shown = 4;
constexpr std::string_view indent = "           ";
constexpr std::size_t narrowest = 40;
constexpr std::size_t text_limit = 4096;

/// A finding, and all that it is about.
struct Group {
    std::string code;
    std::string severity;
    std::string text;
    std::string remedy;
    std::vector<std::string> subjects;
};

/// What comes from the daemon is not to steer the terminal.
std::string clean_at(const Json& object, const char* name) {
    return clean_line(text_at(object, name), text_limit);
}

std::vector<Group> groups_of(const Json& report) {
    std::vector<Group> groups;
    for (const Json& finding : report.value("findings", Json::array())) {
        Group group{clean_at(finding, "code"),
                    clean_at(finding, "severity"),
                    clean_at(finding, "text"),
                    clean_at(finding, "remedy"),
                    {}};
        auto same = std::ranges::find_if(groups, [&](const Group& g) {
            return g.code == group.code && g.text == group.text && g.remedy == group.remedy;
        });
        if (same == groups.end()) same = groups.insert(same, std::move(group));
        same->subjects.push_back(clean_at(finding, "subject"));
    }
    return groups;
}

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    return {std::istream_iterator<std::string>(stream), {}};
}

/// What of a remedy should stay on one line, to be copied: up to each "&&" and ";". What is longer than a line is
/// broken between words all the same.
std::vector<std::string> steps_of(const std::string& text, std::size_t columns) {
    std::vector<std::string> steps;
    std::vector<std::string> step;
    const auto end_step = [&] {
        std::string whole = join(step, " ");
        if (indent.size() + width_of(whole) <= columns) step = {std::move(whole)};
        steps.insert(steps.end(), step.begin(), step.end());
        step.clear();
    };
    for (std::string& word : words_of(text)) {
        const bool last = word == "&&" || word.ends_with(";");
        step.push_back(std::move(word));
        if (last) end_step();
    }
    end_step();
    return steps;
}

/// The words in lines of at most `columns`, each behind the indent.
std::string in_lines(const std::vector<std::string>& words, std::size_t columns) {
    std::string lines;
    std::string line;
    for (const std::string& word : words) {
        if (!line.empty() && indent.size() + width_of(line) + 1 + width_of(word) > columns) {
            lines += std::string(indent) + std::exchange(line, "") + "\n";
        }
        line += (line.empty() || word.empty() ? "" : " ") + word;
    }
    return line.empty() ? lines : lines + std::string(indent) + line + "\n";
}

std::string subjects_text(const Group& group) {
    const std::size_t shown = std::min(group.subjects.size(), subjects_shown);
    const std::string text =
        join({group.subjects.begin(), group.subjects.begin() + static_cast<std::ptrdiff_t>(shown)}, ", ");
    const std::size_t more = group.subjects.size() - shown;
    return more == 0 ? text : text + " and " + std::to_string(more) + " more";
}

std::string group_text(const Screen& screen, const Group& group, std::size_t columns) {
    const bool error = group.severity == "error";
    const Colour colour = error ? Colour::Bad : group.severity == "warning" ? Colour::Warn : Colour::Dim;
    std::string subjects = in_lines(words_of(subjects_text(group) + " [" + group.code + "]"), columns);
    // The first line's indent holds the severity.
    subjects.replace(
        0, indent.size(),
        "  " + screen.paint(colour, group.severity) + std::string(indent.size() - 2 - group.severity.size(), ' '));
    std::string text = subjects + in_lines(words_of(group.text), columns);
    if (!group.remedy.empty()) text += in_lines(steps_of("-> " + group.remedy, columns), columns);
    return text;
}

std::string headline(const Screen& screen, const Json& report) {
    const auto count = [&](const char* severity) {
        const Json findings = report.value("findings", Json::array());
        return static_cast<std::size_t>(std::ranges::count_if(
            findings, [&](const Json& finding) { return text_at(finding, "severity") == severity; }));
    };
    const std::size_t units = report.value("units", Json::array()).size();
    std::string rest;
    for (const char* const severity : {"error", "warning", "note"}) {
        const std::size_t found = count(severity);
        if (found > 0) rest += (rest.empty() ? "" : ", ") + count_of(found, severity);
    }
    if (rest.empty()) rest = "nothing found";
    const bool ok = report.value("ok", false);
    const bool tripped = report.value("tripped", false);
    const Colour colour = ok && !tripped ? Colour::Good : Colour::Bad;
    const std::string answer = !ok ? "A STOP MIGHT FAIL" : tripped ? "THE STOP IS IN FORCE" : "THE STOP WOULD WORK";
    return screen.mark(colour) + screen.paint(colour, answer) + "  " + count_of(units, "unit") + ": " + rest + "\n";
}

}  // namespace

std::string check_text(const Screen& screen, const Json& report, std::size_t columns) {
    std::string text = headline(screen, report);
    for (const Group& group : groups_of(report))
        text += "\n" + group_text(screen, group, std::max(columns, narrowest));
    return text;
}

}  // namespace ess::essctl
