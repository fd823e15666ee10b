// The page of a report: what is on it, and that nothing in an entry can change what it is.
#include "core/report_page.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/base64.hpp"
#include "base/character.hpp"
#include "base/sha256.hpp"
#include "core/html_text.hpp"
#include "core/nasty_entry.hpp"
#include "core/report_fixture.hpp"
#include "core/report_text.hpp"
#include "core/visible_text.hpp"

using namespace ess;
using namespace ess::test;
using namespace std::chrono_literals;

namespace {

/// The tags of a page in order: "div", "/div". Fails the test where a page is no tree of such elements.
struct Parsed {
    std::vector<std::string> tags;
    std::vector<std::string> attributes;  ///< names
    std::string text;
};

Parsed parse(std::string_view page) {
    static const std::set<std::string, std::less<>> empty_elements{"meta", "line", "circle", "rect", "path"};
    Parsed parsed;
    std::vector<std::string> open;
    REQUIRE(page.starts_with("<!DOCTYPE html>\n"));
    page.remove_prefix(std::string_view("<!DOCTYPE html>").size());
    while (!page.empty()) {
        const std::size_t begin = std::min(page.find('<'), page.size());
        if (open.empty() || open.back() != "style") parsed.text += page.substr(0, begin);
        page.remove_prefix(begin);
        if (page.empty()) break;
        const std::size_t end = page.find('>');
        REQUIRE(end != std::string_view::npos);
        std::string_view tag = page.substr(1, end - 1);
        page.remove_prefix(end + 1);
        if (tag.starts_with('/')) {
            REQUIRE_FALSE(open.empty());
            REQUIRE(open.back() == tag.substr(1));
            open.pop_back();
            continue;
        }
        const std::string name(tag.substr(0, tag.find_first_of(" /")));
        parsed.tags.push_back(name);
        for (std::size_t at = tag.find("=\""); at != std::string_view::npos; at = tag.find("=\"")) {
            const std::size_t from = tag.rfind(' ', at) + 1;
            parsed.attributes.emplace_back(tag.substr(from, at - from));
            const std::size_t closed = tag.find('"', at + 2);
            REQUIRE(closed != std::string_view::npos);
            tag.remove_prefix(closed + 1);
        }
        if (!empty_elements.contains(name)) open.push_back(name);
    }
    CHECK(open.empty());
    return parsed;
}

/// How often a text is in another.
std::size_t count(std::string_view text, std::string_view wanted) {
    std::size_t found = 0;
    for (std::size_t at = text.find(wanted); at != std::string_view::npos; at = text.find(wanted, at + 1))
        ++found;
    return found;
}

const std::vector<std::string> hostile{"<script>alert(1)</script>",
                                       "\"><img src=x onerror=alert(1)>",
                                       "'><svg/onload=alert(1)>",
                                       "</style><script>",
                                       "</title></head><body onload=x>",
                                       "<!--",
                                       "-->",
                                       "]]>",
                                       "&lt;b&gt;",
                                       "\u202Egnp.exe\u202C",
                                       "a\u2066b\u200Bc\uFEFF",
                                       std::string("nul\0nul", 7),
                                       "\x1b[2J\x7f\u0085",
                                       "\xff\xfe\xc0\xaf",
                                       "\U000E0041",
                                       "مرحبا שלום"};

/// Whether a text is UTF-8 and has nothing in it that a reader does not see.
bool is_all_seen(std::string_view text) {
    while (!text.empty()) {
        const Character c = first_character(text);
        const bool layout = c.code == '\n' || c.code == '\t';
        if (c.length == 0 || (!layout && is_unprintable(c.code))) return false;
        text.remove_prefix(c.length);
    }
    return true;
}

void check_is_harmless(const Report& report) {
    static const std::set<std::string> known{"html",    "head",  "meta",  "title", "style", "body", "main",   "header",
                                             "section", "h1",    "h2",    "h3",    "p",     "b",    "bdi",    "span",
                                             "dl",      "dt",    "dd",    "div",   "ul",    "ol",   "li",     "code",
                                             "pre",     "svg",   "line",  "text",  "rect",  "path", "circle", "table",
                                             "caption", "thead", "tbody", "tr",    "th",    "td",   "footer", "a"};
    const Parsed parsed = parse(report_page(report));
    for (const std::string& tag : parsed.tags) {
        CAPTURE(tag);
        CHECK(known.contains(tag));
    }
    for (const std::string& name : parsed.attributes) {
        CAPTURE(name);
        CHECK_FALSE(name.starts_with("on"));
        CHECK(name != "src");
        CHECK(name != "style");
    }
    CHECK(is_all_seen(parsed.text));
    CHECK(is_all_seen(report_text(report)));
}

}  // namespace

TEST_CASE("report page: the text of a page is no markup, and what cannot be seen is shown") {
    CHECK(html_text("a<b>&\"'") == "a&lt;b&gt;&amp;&quot;&#39;");
    CHECK(html_text("a\u202Eb\n\tc") == "a[U+202E]b\n\tc");
    CHECK(visible_text(std::string_view("\0\x1b\x7f\r", 4)) == "[U+0000][U+001B][U+007F][U+000D]");
    CHECK(visible_text("\u0085\u061C\u200B\u2028\u2066\uFEFF\U000E0041") ==
          "[U+0085][U+061C][U+200B][U+2028][U+2066][U+FEFF][U+E0041]");
    CHECK(visible_text("\xff\xc0\xaf|") == "\uFFFD\uFFFD\uFFFD|");
    CHECK(visible_text("שלום é 😀 \u200D") == "שלום é 😀 \u200D");
}

TEST_CASE("report page: what people look for first stands first") {
    const std::string page = report_page(made_report(made_trip(4)));
    const std::size_t verdict = page.find("<h1>STOPPED</h1>");
    const std::size_t time = page.find("data-us=\"1000346\">1000.3 ms</b>");
    const std::size_t budget = page.find("data-us=\"2000000\">2000.0 ms</b>");
    const std::size_t reason = page.find("<bdi>runaway orders on desk 4</bdi>");
    const std::size_t picture = page.find("class=\"picture\"");
    const std::size_t entry = page.find("id=\"entry\"");
    const std::size_t hashes = page.find("id=\"hashes\"");
    const std::size_t verify = page.find("id=\"verify\"");
    REQUIRE(verify != std::string::npos);
    CHECK(verdict < time);
    CHECK(time < budget);
    CHECK(budget < reason);
    CHECK(reason < picture);
    CHECK(picture < entry);
    CHECK(entry < hashes);
    CHECK(hashes < verify);
    CHECK(page.find("<html lang=\"en\">") != std::string::npos);
    CHECK(page.find("name=\"viewport\"") != std::string::npos);
    CHECK(page.find("<title>OPS-2026-01-28-001 STOPPED</title>") != std::string::npos);
}

TEST_CASE("report page: its policy allows its own style and nothing else") {
    const std::string page = report_page(made_report(made_trip(1)));
    const std::size_t begin = page.find("<style>") + 7;
    const std::string style = page.substr(begin, page.find("</style>") - begin);
    CHECK(style.find('<') == std::string::npos);
    CHECK(page.find("content=\"default-src 'none'; style-src 'sha256-" +
                    to_base64(bytes_of(Sha256().add(style).finish())) + "'; base-uri 'none'; form-action 'none'\"") !=
          std::string::npos);
    CHECK(style.find("url(") == std::string::npos);
    CHECK(style.find("@import") == std::string::npos);
    CHECK(count(page, "http") == count(page, "http-equiv") + count(page, "http://www.w3.org/2000/svg"));
}

TEST_CASE(
    "report page: every number of every unit is in the table, and those that are drawn twice beside their marks") {
    for (const std::size_t units : {1U, 4U, 20U, 21U, 100U, 500U}) {
        CAPTURE(units);
        const TripReport trip = made_trip(units);
        const std::string page = report_page(made_report(trip));
        const Parsed parsed = parse(page);
        CHECK(static_cast<std::size_t>(std::ranges::count(parsed.tags, "tr")) == units + 1);
        CHECK(count(page, "class=\"row\"") == std::min<std::size_t>(units, 20));
        CHECK(count(page, "class=\"row crowd\"") == (units > 20 ? 1 : 0));
        for (const UnitTimeline& unit : trip.units) {
            const std::size_t begin = page.find("<th scope=\"row\" role=\"rowheader\"><bdi>" + unit.name + "</bdi>");
            REQUIRE(begin != std::string::npos);
            const std::string row = page.substr(begin, page.find("</tr>", begin) - begin);
            std::size_t times = 0;
            for (const auto& time : {unit.stop_requested, unit.killed, unit.emptied, unit.job_done, unit.masked}) {
                if (!time) continue;
                ++times;
                CHECK(row.find("data-us=\"" + std::to_string(time->count()) + "\">" + exact_ms(*time)) !=
                      std::string::npos);
            }
            CHECK(count(row, "data-us") == times);
        }
    }
}

TEST_CASE("report page: whatever an entry says, it is text") {
    for (const std::string& text : hostile) {
        CAPTURE(text);
        TripReport trip = made_trip(2);
        trip.outcome = Outcome::Partial;
        trip.units[0].name = text;
        trip.units[1].trouble = text;
        trip.problems = {text};
        trip.pulled_down = {text};
        LatchCopy latch = made_latch(text);
        latch.requested_by = latch.trigger = text;
        Report report = made_report(trip, latch);
        Operation& operation = report.found.operation;
        for (auto& [name, value] : operation.entry.items()) {
            if (value.is_string() && name != "outcome") value = text;
        }
        operation.entry[text.substr(0, 20)] = {{text, Json::array({text, Json{{text, text}}})}};
        operation.entry["proof_file"] = {{"path", text}, {"sha256", text}};
        operation.amendments = {{{"notes", text}}};
        operation.signoffs = {{{"approved_by", text}}};
        report.followed.push_back(operation);
        report.found.origin = report.directory = report.segment = report.completes = report.proof = text;
        check_is_harmless(report);
    }
}

TEST_CASE("report page: entries that writers stumble over") {
    NastyEntries entries(5);
    for (int i = 0; i < 300; ++i) {
        Report report;
        report.found.operation = entries.next();
        if (i % 2 == 0) report.found.operation.amendments.push_back(entries.next().entry);
        add_timeline(report);
        check_is_harmless(report);
    }
}

TEST_CASE("report page: an entry that is no stop says so, and one whose timeline is not as essd writes it") {
    Report append = made_report(made_trip(1));
    append.trip.reset();
    append.found.operation.kind = LedgerKind::Append;
    append.found.operation.ess = nullptr;
    CHECK(report_page(append).find("This entry records no stop, so there is no timeline.") != std::string::npos);
    CHECK(report_page(append).find("<h1>SUCCESS</h1>") != std::string::npos);
    Report strange = made_report(made_trip(1));
    strange.trip.reset();
    strange.found.operation.ess["units"][0]["killed_us"] = "soon";
    add_timeline(strange);
    CHECK_FALSE(strange.trip);
    CHECK(report_page(strange).find("No timeline can be drawn: units.0.killed_us is not as essd writes it.") !=
          std::string::npos);
    // What is not drawn is told.
    CHECK(report_page(strange).find("soon") != std::string::npos);
}
