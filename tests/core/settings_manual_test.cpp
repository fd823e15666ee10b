// ess.yaml(5) against the code: which settings there are, their defaults, the words and the times that they take.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "core/config.hpp"
#include "core/config_texts.hpp"
#include "manual/manual_page.hpp"

using namespace ess;
using namespace ess::test;

namespace {

using Words = std::vector<std::string>;

/// No setting is called so, no word is near it, and no duration looks like it.
const std::string nonsense = "zzzzzzzzzzzz";

/// What the other keys of a list's map need, so that only the one in question can be wrong.
const std::map<std::string, std::map<std::string, std::string>> neighbours{
    {"units", {{"name", "quantum-governor"}}},
    {"config_hash.maintenance", {{"start", "daily"}, {"duration", "1h"}}},
};

/// "a.b[].c" with a value as YAML: "a: {b: [{c: value}]}".
std::string yaml_of(const std::string& key, const std::string& value) {
    std::string before;
    std::string after;
    std::string path;
    std::size_t at = 0;
    for (std::size_t dot = key.find('.'); dot != std::string::npos; at = dot + 1, dot = key.find('.', at)) {
        std::string name = key.substr(at, dot - at);
        const bool list = name.ends_with("[]");
        if (list) name.resize(name.size() - 2);
        path += (path.empty() ? "" : ".") + name;
        before += name + (list ? ": [{" : ": {");
        after.insert(0, list ? "}]" : "}");
        if (!list) continue;
        for (const auto& [other, usual] : neighbours.at(path)) {
            if (other != key.substr(dot + 1)) before += other + ": " + usual + ", ";
        }
    }
    std::string text = before + key.substr(at) + ": " + value + after + "\n";
    // Of category 0, so that the default grace counts only where it is written.
    if (!key.starts_with("units")) text += "units: [{name: quantum-governor, category: 0}]\n";
    return text;
}

std::string faults_with(const std::string& key, const std::string& value) {
    return faults_of(read({yaml_of(key, value)}));
}

/// The list that a fault ends with, behind `mark`.
Words listed_in(const std::string& faults, const std::string& mark, const std::string& separator) {
    Words words;
    const std::size_t found = faults.find(mark);
    if (found == std::string::npos) return words;
    const std::size_t end = std::min(faults.find('\n', found), faults.size());
    for (std::size_t at = found + mark.size(); at < end;) {
        const std::size_t next = std::min(faults.find(separator, at), end);
        const std::string word = faults.substr(at, next - at);
        words.push_back(word.substr(0, word.find(' ')));
        at = next + separator.size();
    }
    return words;
}

/// The settings below a map ("stop.", "units[].", "" for the file): what is said of a key that there is not.
Words known_in(const std::string& map) {
    return listed_in(faults_with(map + nonsense, "1"), ": known are ", ", ");
}

void add_settings(const std::string& map, std::set<std::string>& all) {
    for (const std::string& name : known_in(map)) {
        const std::string key = map + name;
        if (!known_in(key + ".").empty()) {
            add_settings(key + ".", all);
            continue;
        }
        all.insert(key);
        if (neighbours.contains(key)) add_settings(key + "[].", all);
    }
}

/// What the page has behind a label: "Default:", then lines with .Li.
Words values_after(const ManualPart& setting, const std::string& label) {
    Words values;
    auto line = std::find_if(setting.lines.begin(), setting.lines.end(),
                             [&](const std::string& text) { return text.starts_with(label); });
    if (line == setting.lines.end()) return values;
    if (line->size() > label.size()) return {line->substr(label.size() + 1)};
    for (++line; line != setting.lines.end() && (line->starts_with(".Li ") || *line == "to"); ++line) {
        if (*line == "to") continue;
        std::string value = line->substr(4);
        if (value.ends_with(" .") || value.ends_with(" ,")) value.resize(value.size() - 2);
        std::erase(value, '"');
        values.push_back(value);
    }
    return values;
}

std::string next_to(const std::string& duration, Micros by) {
    const auto span = parse_duration(duration);
    REQUIRE(span);
    return std::to_string((*span + by).count() / 1000) + "ms";
}

std::vector<ManualPart> documented() {
    return parts_of(section_of(lines_of(ESS_SOURCE_DIR "/packaging/man/ess.yaml.5"), "SETTINGS"), ".It Cm ");
}

}  // namespace

TEST_CASE("ess.yaml(5): it has the settings that there are, and no other") {
    std::set<std::string> there;
    add_settings("", there);
    CHECK(there.size() > 20);
    std::set<std::string> told;
    for (const ManualPart& setting : documented())
        CHECK_MESSAGE(told.insert(setting.title).second, setting.title);
    CHECK(told == there);
}

TEST_CASE("ess.yaml(5): each default is the default") {
    const Config usual = read({"units: [{name: quantum-governor, category: 0}]\n"}).config;
    for (const ManualPart& setting : documented()) {
        CAPTURE(setting.title);
        if (setting.title.find("[]") != std::string::npos || setting.title == "units") continue;
        const Words told = values_after(setting, "Default:");
        REQUIRE(told.size() == 1);
        const bool none = told.front() == "none.";
        const bool list = none && faults_with(setting.title, "[]").empty();
        const std::string value = none ? (list ? "[]" : "\"\"") : told.front();
        const ConfigReading reading = read({yaml_of(setting.title, value)});
        CHECK(faults_of(reading) == "");
        CHECK(reading.config == usual);
    }
}

TEST_CASE("ess.yaml(5): it has each word that a setting takes, and no other") {
    for (const ManualPart& setting : documented()) {
        CAPTURE(setting.title);
        const std::string faults = faults_with(setting.title, nonsense);
        CHECK(values_after(setting, "Values:") == listed_in(faults, " is not known: write ", " or "));
    }
}

TEST_CASE("ess.yaml(5): times are taken up to where it says, and not beyond") {
    using namespace std::chrono_literals;
    int bounded = 0;
    for (const ManualPart& setting : documented()) {
        CAPTURE(setting.title);
        const Words range = values_after(setting, "Range:");
        Words longest = values_after(setting, "At most");
        if (faults_with(setting.title, nonsense).find("is not a duration") == std::string::npos) {
            CHECK(range.empty());
            CHECK(longest.empty());
            continue;
        }
        CHECK(range.size() + longest.size() > 0);
        if (!range.empty()) {
            REQUIRE(range.size() == 2);
            CHECK(faults_with(setting.title, range.front()) == "");
            CHECK(faults_with(setting.title, next_to(range.front(), -1ms)) != "");
            longest.push_back(range.back());
        }
        for (const std::string& last : longest) {
            ++bounded;
            CHECK(faults_with(setting.title, last) == "");
            CHECK(faults_with(setting.title, next_to(last, 1ms)) != "");
        }
    }
    CHECK(bounded >= 5);
}
