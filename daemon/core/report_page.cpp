#include "core/report_page.hpp"

#include <array>
#include <cstdio>
#include <string_view>

#include "base/base64.hpp"
#include "base/sha256.hpp"
#include "core/html_text.hpp"
#include "core/report_fields.hpp"
#include "core/report_picture.hpp"
#include "core/report_style.hpp"
#include "core/status.hpp"

namespace ess {

namespace {

std::string bdi(std::string_view text) {
    return html_element("bdi", "", html_text(text));
}

std::string code(std::string_view text) {
    return html_element("code", "", html_text(text));
}

std::string section(std::string_view id, std::string_view title, const std::string& inner) {
    return html_element("section", "id=\"" + std::string(id) + "\"",
                        "\n" + html_element("h2", "", title) + "\n" + inner) +
           "\n\n";
}

/// A term with HTML behind it.
std::string term(std::string_view name, const std::string& inner) {
    return html_element("div", "", html_element("dt", "", name) + html_element("dd", "", inner)) + "\n";
}

std::string_view mood_class(Verdict::Mood mood) {
    switch (mood) {
        case Verdict::Mood::Good:
            return "good";
        case Verdict::Mood::Warning:
            return "warning";
        case Verdict::Mood::Bad:
            return "bad";
        case Verdict::Mood::Neutral:
            break;
    }
    return "neutral";
}

/// How much of the budget was used, as a bar under the number.
std::string budget_bar(Micros stop, Micros budget) {
    constexpr double width = 400;
    const double most = static_cast<double>(std::max(stop, budget).count());
    const auto at = [&](Micros time) {
        return std::to_string(static_cast<int>(width * static_cast<double>(time.count()) / most));
    };
    return "<svg class=\"meter\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 400 12\" "
           "preserveAspectRatio=\"none\" "
           "aria-hidden=\"true\"><rect class=\"whole\" width=\"" +
           at(budget) + "\" height=\"12\"/><rect class=\"used\" width=\"" + at(stop) + "\" height=\"12\"/></svg>";
}

std::string stop_time(const TripReport& trip) {
    const bool has_budget = trip.budget > Micros(0);
    const std::string budget = has_budget ? "budget <b data-us=\"" + std::to_string(trip.budget.count()) + "\">" +
                                                to_ms_text(trip.budget) + " ms</b>"
                                          : "";
    if (!trip.stop_time)
        return html_element("p", "class=\"time\"",
                            "<b class=\"big\">no end yet</b> " + html_element("span", "", budget));
    const std::string big = "<b class=\"big\" data-us=\"" + std::to_string(trip.stop_time->count()) + "\">" +
                            to_ms_text(*trip.stop_time) + " ms</b> ";
    const std::string from =
        trip.resumed ? "from when essd came up to the last process gone" : "from the latch to the last process gone";
    return html_element("p", "class=\"time\"",
                        big + html_element("span", "", from + (has_budget ? ", " + budget : ""))) +
           (has_budget ? budget_bar(*trip.stop_time, trip.budget) : "") + "\n";
}

std::string facts(const Report& report) {
    std::string items;
    for (const Fact& fact : facts_of(report))
        items +=
            term(fact.name, fact.known ? bdi(fact.text) : html_element("span", "class=\"none\"", html_text(fact.text)));
    return html_element("dl", report.trip ? "class=\"facts trip\"" : "class=\"facts\"", "\n" + items) + "\n";
}

std::string list_of(const std::vector<std::string>& texts) {
    std::string items;
    for (const std::string& text : texts)
        items += html_element("li", "", bdi(text));
    return html_element("ul", "", items);
}

/// What a reader must not miss: what could not be verified, and what came after.
std::string notices(const Report& report) {
    std::string html;
    const auto notice = [&](std::string_view kind, const std::string& inner) {
        html += html_element("div", "class=\"notice " + std::string(kind) + "\"", inner) + "\n";
    };
    if (report.trip && !report.trip->problems.empty())
        notice("bad",
               html_element("p", "", "<b>Not verified</b> when this was recorded:") + list_of(report.trip->problems));
    if (report.trip && !report.trip->pulled_down.empty())
        notice("warning", html_element("p", "", "<b>Stopped along by systemd</b>, beside the allowed units:") +
                              list_of(report.trip->pulled_down));
    if (const auto relations = relations_of(report); !relations.empty())
        notice("plain", html_element("p", "", "<b>What belongs to it</b>") + list_of(relations));
    return html;
}

std::string top(const Report& report) {
    const Verdict verdict = verdict_of(report);
    std::string inner = html_element("p", "class=\"kind\"", "Quantum ESS · report of " + bdi(report.operation().id())) +
                        "\n" + html_element("h1", "", html_text(verdict.word)) + "\n";
    if (report.trip) inner += stop_time(*report.trip);
    inner += html_element("p", "class=\"verdict\"", bdi(verdict.text)) + "\n" + facts(report);
    return html_element("header", "class=\"" + std::string(mood_class(verdict.mood)) + "\"", "\n" + inner) + "\n" +
           notices(report) + "\n";
}

/// One cell; `name` is shown beside it where the page is too narrow for columns.
std::string cell(std::string_view name, const std::string& inner, std::string_view kind = "") {
    return "<td role=\"cell\" data-name=\"" + std::string(name) + "\"" +
           (kind.empty() ? "" : " class=\"" + std::string(kind) + "\"") + ">" + inner + "</td>";
}

std::string time_cell(std::string_view name, const std::optional<Micros>& time) {
    if (!time) return cell(name, "–", "time");
    return cell(name, html_element("span", "data-us=\"" + std::to_string(time->count()) + "\"", exact_ms(*time)),
                "time");
}

std::string unit_line(const UnitTimeline& unit, bool resumed) {
    std::string cells = "<th scope=\"row\" role=\"rowheader\">" + bdi(unit.name) + "</th>";
    cells += cell("category", std::to_string(static_cast<int>(unit.category)));
    cells += time_cell("stop requested", unit.stop_requested) + time_cell("killed", unit.killed) +
             time_cell("empty", unit.emptied) + time_cell("job done", unit.job_done) + time_cell("masked", unit.masked);
    std::string ending = html_text(unit_ending(unit, resumed));
    if (!unit.trouble.empty()) ending += html_element("span", "class=\"trouble\"", bdi(unit.trouble));
    return html_element("tr", "role=\"row\"", cells + cell("in words", ending, "words")) + "\n";
}

std::string unit_table(const TripReport& trip) {
    std::string heads;
    for (const char* name : {"unit", "category", "stop requested", "killed", "empty", "job done", "masked", "in words"})
        heads += "<th scope=\"col\" role=\"columnheader\">" + std::string(name) + "</th>";
    std::string rows;
    for (const UnitTimeline& unit : trip.units)
        rows += unit_line(unit, trip.resumed);
    return "<table role=\"table\" class=\"units\"><caption>Milliseconds since the latch was seen, to the microsecond. "
           "Category 0: the kernel kills at once; 1: systemd stops, the kernel kills what is left.</caption>\n" +
           html_element("thead", "role=\"rowgroup\"", html_element("tr", "role=\"row\"", heads)) + "\n" +
           html_element("tbody", "role=\"rowgroup\"", "\n" + rows) + "</table>\n";
}

std::string timeline(const Report& report) {
    if (!report.trip) {
        const std::string why = report.no_timeline.empty() ? "This entry records no stop, so there is no timeline."
                                                           : "No timeline can be drawn: " + report.no_timeline + ".";
        return section("timeline", "Timeline", html_element("p", "", html_text(why)));
    }
    std::string notes = "One row for each unit, the slowest first. The time axis is logarithmic.";
    if (report.trip->units.size() > drawn_units)
        notes += " Drawn one by one: the " + std::to_string(drawn_units) + " slowest; the table has all.";
    if (report.units_from_proof)
        notes += " The entry has only " + std::to_string(report.units_in_entry) +
                 " of the units, to fit a line of the ledger; all are from the proof file, whose hash the entry has.";
    return section(
        "timeline", "Timeline",
        html_element("p", "class=\"note\"", notes) + "\n" + timeline_picture(*report.trip) + unit_table(*report.trip));
}

std::string entry(const Report& report) {
    const Operation& operation = report.operation();
    std::string inner = fields_html(operation.entry);
    if (operation.ess.is_object() && !operation.ess.empty()) {
        inner += html_element("h3", "", "What essd recorded of it") + "\n";
        if (report.trip) inner += html_element("p", "class=\"note\"", "Its list of units is the table above.");
        inner += fields_html(operation.ess,
                             report.trip ? std::vector<std::string_view>{"units"} : std::vector<std::string_view>{});
    }
    if (!operation.comments.is_null()) inner += html_element("h3", "", "Comments") + value_html(operation.comments);
    return section("entry", "The entry", inner);
}

std::string additions(const Report& report) {
    const Operation& operation = report.operation();
    std::string inner;
    for (const Json& amendment : operation.amendments)
        inner += html_element("h3", "", "Amendment") + "\n" + fields_html(amendment, {"operation_id"});
    for (const Json& signoff : operation.signoffs)
        inner += html_element("h3", "", "Sign-off") + "\n" + fields_html(signoff, {"operation_id"});
    return inner.empty() ? inner : section("additions", "Added to it later", inner);
}

std::string hashes(const Report& report) {
    const Operation& operation = report.operation();
    std::string items = term("SHA-256 of the entry's line", code(operation.hash)) +
                        term("of the line before (prev)", code(report.found.line.prev)) +
                        term("Number of the line (seq)", std::to_string(operation.seq)) +
                        term("File", code(report.directory + "/" + report.segment)) +
                        term("Recorded", to_rfc3339(operation.recorded));
    if (const auto& checkpoint = report.found.checkpoint) {
        items += term("Log (origin)", code(checkpoint->origin)) +
                 term("Size of the log with this line", std::to_string(checkpoint->size)) +
                 term("Root of the log with this line (RFC 6962), which essd signed",
                      code(to_base64(bytes_of(checkpoint->root))));
    }
    if (const std::string hash = text_at(operation.entry, "config_hash"); !hash.empty())
        items += term("Trading configuration (config_hash)", code(hash));
    if (const auto files = operation.entry.find("config_files"); files != operation.entry.end() && files->is_object()) {
        for (const auto& [name, hash] : files->items())
            items +=
                term("SHA-256 of " + bdi(name), hash.is_string() ? code(hash.get<std::string>()) : code(hash.dump()));
    }
    if (!report.proof.empty()) items += term("Proof file", code(proof_path(operation)) + " " + html_text(report.proof));
    return section("hashes", "Hashes", html_element("dl", "class=\"fields hashes\"", "\n" + items));
}

std::string verification(const Report& report) {
    std::string items;
    for (const Check& check : checks_of(report)) {
        items +=
            html_element(
                "li", "",
                html_element("p", "", html_text(check.purpose) + ":") +
                    html_element("pre", "", html_text(check.command)) +
                    html_element("p", "class=\"expected\"",
                                 "must give " + (check.literal ? code(check.expected) : html_text(check.expected)))) +
            "\n";
    }
    return section(
        "verify", "How to verify",
        html_element(
            "p", "class=\"note\"",
            "On the host, as root, or with a copy of the ledger's directory. This page itself proves nothing.") +
            "\n" + html_element("ol", "", "\n" + items));
}

std::string head(const Report& report) {
    const Operation& operation = report.operation();
    const std::string style(report_style());
    const std::string policy = "default-src 'none'; style-src 'sha256-" +
                               to_base64(bytes_of(Sha256().add(style).finish())) +
                               "'; base-uri 'none'; form-action 'none'";
    return "<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"" + policy +
           "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" "
           "content=\"light dark\">\n"
           "<meta name=\"referrer\" content=\"no-referrer\">\n" +
           html_element("title", "", html_text(operation.id() + " " + verdict_of(report).word)) + "\n" +
           html_element("style", "", style) + "\n";
}

}  // namespace

std::string report_page(const Report& report) {
    const std::string body = html_element("main", "",
                                          "\n" + top(report) + timeline(report) + entry(report) + additions(report) +
                                              hashes(report) + verification(report)) +
                             html_element("footer", "",
                                          "Quantum ESS " + html_text(version()) + ", from the ledger's line " +
                                              std::to_string(report.operation().seq)) +
                             "\n";
    return "<!DOCTYPE html>\n<html lang=\"en\">\n" + html_element("head", "", "\n" + head(report)) + "\n" +
           html_element("body", "", "\n" + body) + "\n</html>\n";
}

}  // namespace ess
