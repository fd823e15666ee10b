#include "essctl/drill_text.hpp"

#include <array>
#include <cstdio>
#include <vector>

#include "essctl/columns.hpp"
#include "essctl/daemon_client.hpp"

namespace ess::essctl {

namespace {

std::string text_of(double number, const char* format) {
    std::array<char, 64> text{};
    static_cast<void>(std::snprintf(text.data(), text.size(), format, number));  // cut off, if ever, and shown so
    return text.data();
}

std::string ms_at(const Json& from, const char* name) {
    const auto found = from.find(name);
    return found != from.end() && found->is_number() ? text_of(found->get<double>(), "%.1f") : "-";
}

std::string count_at(const Json& from, const char* name) {
    const auto found = from.find(name);
    return found != from.end() && found->is_number_integer() ? found->dump() : "?";
}

std::string rounds_of(const Json& result) {
    const std::string count = count_at(result, "rounds");
    return count + (count == "1" ? " round" : " rounds");
}

/// What each phase is, in the order in which a stop walks them.
std::string phase_words(const std::string& name) {
    constexpr std::array<std::array<const char*, 2>, 7> words{{{"seen", "latch seen"},
                                                               {"stop_requested", "stop requested"},
                                                               {"killed", "killed by the kernel"},
                                                               {"last_beat", "last beat of the canary"},
                                                               {"empty", "no process left"},
                                                               {"job_done", "stop job done"},
                                                               {"masked", "masked"}}};
    for (const auto& [code, text] : words) {
        if (name == code) return text;
    }
    return name;
}

void add_rows(std::vector<Cells>& rows, const Json& result, const char* list,
              std::string (*words)(const std::string&)) {
    const auto found = result.find(list);
    if (found == result.end() || !found->is_array()) return;
    for (const Json& item : *found) {
        rows.push_back({{words(line_at(item, "name"))},
                        {ms_at(item, "p50_ms")},
                        {ms_at(item, "p95_ms")},
                        {ms_at(item, "p99_ms")},
                        {ms_at(item, "max_ms")},
                        {count_at(item, "rounds")}});
    }
}

std::string bound_text(const Json& result) {
    const auto bound = result.find("failure_bound_95");
    if (bound == result.end() || !bound->is_number()) return "?";
    constexpr double percent = 100;
    return "at most " + text_of(percent * bound->get<double>(), "%.3g") + " % of stops fail (95 % confidence, " +
           rounds_of(result) + ")";
}

}  // namespace

std::string round_text(const Screen& screen, const Json& round) {
    const std::string phase = line_at(round, "phase");
    const std::string place = "round " + count_at(round, "round") + ", category " + count_at(round, "category") + ": ";
    const bool good = phase.empty();
    const std::string text =
        good ? "stopped in " + ms_at(round, "stop_ms") + " ms" : "FAILED at '" + phase + "': " + line_at(round, "why");
    const std::string lines = wrapped("  " + place + text, screen.columns(), 4);
    return (good ? lines : screen.paint(Colour::Bad, lines)) + "\n";
}

std::string result_text(const Screen& screen, const Json& result) {
    const bool good = text_at(result, "outcome") == "SUCCESS";
    const std::string failures = count_at(result, "failures");
    const std::string verdict = good ? "DRILL PASSED" : "DRILL FAILED";
    const std::string lines =
        wrapped(verdict + "  " + rounds_of(result) + ", " + (failures == "0" ? "none" : failures) +
                    " failed; slowest " + ms_at(result, "max_ms") + " ms of " + ms_at(result, "budget_ms"),
                screen.columns(), 2);
    std::string text = screen.paint(good ? Colour::Good : Colour::Bad, verdict) + lines.substr(verdict.size()) + "\n\n";
    std::vector<Cells> rows{{{"ms from the latch to"}, {"p50"}, {"p95"}, {"p99"}, {"max"}, {"rounds"}}};
    add_rows(rows, result, "phases", phase_words);
    add_rows(rows, result, "categories", [](const std::string& name) { return "no process left, category " + name; });
    text += fitted_table(screen, std::move(rows)) + "\n";
    text += fact(screen, "bound", bound_text(result));
    if (const std::string ended = line_at(result, "ended"); !ended.empty()) text += fact(screen, "ended", ended);
    const std::string id = line_at(result, "operation_id");
    if (!id.empty()) text += fact(screen, "entry", id + " " + line_at(result, "outcome"));
    return text;
}

}  // namespace ess::essctl
