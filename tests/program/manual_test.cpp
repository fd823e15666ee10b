// essctl(1) against essctl: each verb, option and argument of the help is on the page, and the other way round.
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "manual/manual_page.hpp"
#include "program/process.hpp"

using namespace ess;
using namespace ess::test;

namespace {

std::vector<std::string> page() {
    return lines_of(ESS_SOURCE_DIR "/packaging/man/essctl.1");
}

std::string help_of(const std::string& verb) {
    std::vector<std::string> command{ESS_ESSCTL};
    std::istringstream words(verb.substr(0, verb.find(',')));
    for (std::string word; words >> word;)
        command.push_back(word);
    command.emplace_back("--help");
    const Ended ended = run(Start{command, {}, {}, false});
    REQUIRE_MESSAGE(ended.code == 0, verb);
    return ended.out;
}

/// The first column of what the help has below a heading such as "Options:".
std::vector<std::string> column(const std::string& help, const std::string& heading) {
    std::vector<std::string> cells;
    std::istringstream lines(help);
    bool open = false;
    for (std::string line; std::getline(lines, line);) {
        if (line == heading) {
            open = true;
        } else if (line.empty()) {
            open = false;
        } else if (open && line.size() > 2 && line[2] != ' ') {
            cells.push_back(line.substr(2, line.find("  ", 2) - 2));
        }
    }
    return cells;
}

/// An option or an argument as the help has it: "--format TEXT:{md,json} REQUIRED", "--key FILE=x".
struct Option {
    std::string name;    ///< with what it takes, as the page writes it: "--key FILE"
    bool is_required;    ///< an option that has to be there
    std::string values;  ///< "{md,json}", or a default
};

Option option_in(const std::string& cell) {
    std::istringstream words(cell);
    std::string name;
    std::string type;
    words >> name >> type;
    const bool is_option = name.starts_with('-');
    Option option{name, is_option && cell.find(" REQUIRED") != std::string::npos, ""};
    // "Excludes: --host" of a flag is no type.
    if (!is_option || type.empty() || type == "REQUIRED" || type == "Excludes:") return option;
    const std::size_t cut = std::min(type.find(":{"), type.find('='));
    if (cut != std::string::npos) option.values = type.substr(cut + 1);
    type.resize(std::min(cut, type.size()));
    // "TEXT:HASH" is a text with a check that is called so.
    option.name += " " + type.substr(type.find(':') + 1);
    return option;
}

/// "Fl -key Ar FILE" as it is shown.
std::string shown(const std::string& title) {
    std::string text;
    std::istringstream words(title);
    for (std::string word; words >> word;) {
        if (word == "Fl") {
            words >> word;
            word.insert(0, "-");
        } else if (word == "Ar") {
            words >> word;
        }
        text += (text.empty() ? "" : " ") + word;
    }
    return text;
}

/// Below each verb of the page.
std::map<std::string, ManualPart> verbs_on_page() {
    std::map<std::string, ManualPart> verbs;
    for (const char* section : {"VERBS", "SEVERAL HOSTS", "THE LEDGER"}) {
        for (const ManualPart& part : parts_of(section_of(page(), section), ".Ss "))
            CHECK(verbs.emplace(part.title, part).second);
    }
    return verbs;
}

std::set<std::string> verbs_in_help() {
    std::set<std::string> verbs;
    for (const std::string& verb : column(help_of(""), "Subcommands:"))
        verbs.insert(verb);
    for (const std::string group : {"ledger", "fleet"}) {
        CHECK(verbs.erase(group) == 1);
        for (const std::string& verb : column(help_of(group), "Subcommands:"))
            verbs.insert(group + " " + verb);
    }
    return verbs;
}

/// Whether each of "{a,b}", or the default, is in the text.
bool has_values(const std::string& text, std::string values) {
    std::erase_if(values, [](char c) { return c == '{' || c == '}'; });
    std::istringstream words(values);
    for (std::string word; std::getline(words, word, ',');) {
        if (text.find(word) == std::string::npos) return false;
    }
    return true;
}

std::set<char> digits_in(const std::string& text, const std::string& from) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    std::set<char> digits;
    for (std::size_t i = at; i < std::min(text.find('\n', at), text.size()); ++i) {
        const bool alone = text[i - 1] == ' ' && i + 1 < text.size() && text[i + 1] == ' ';
        if (std::isdigit(static_cast<unsigned char>(text[i])) != 0 && alone) digits.insert(text[i]);
    }
    return digits;
}

}  // namespace

TEST_CASE("essctl(1): it has the verbs that there are, and no other") {
    const std::map<std::string, ManualPart> told = verbs_on_page();
    const std::set<std::string> known = verbs_in_help();
    for (const auto& [verb, part] : told)
        CHECK_MESSAGE(known.contains(verb), verb);
    for (const std::string& verb : known)
        CHECK_MESSAGE(told.contains(verb), verb);
    CHECK(told.size() > 20);
}

TEST_CASE("essctl(1): it has the options and arguments of each verb, and no other") {
    for (const auto& [verb, part] : verbs_on_page()) {
        CAPTURE(verb);
        std::map<std::string, std::string> told;
        for (const ManualPart& item : parts_of(part.lines, ".It "))
            CHECK(told.emplace(shown(item.title), item.text()).second);
        const std::string help = help_of(verb);
        std::set<std::string> known;
        for (const char* heading : {"Positionals:", "Options:"}) {
            for (const std::string& cell : column(help, heading)) {
                const Option option = option_in(cell);
                CAPTURE(option.name);
                if (option.name == "-h,--help") continue;
                known.insert(option.name);
                REQUIRE(told.contains(option.name));
                const std::string& text = told[option.name];
                if (option.is_required) CHECK(text.find("Required.") != std::string::npos);
                CHECK(has_values(text, option.values));
            }
        }
        for (const auto& [name, text] : told)
            CHECK_MESSAGE(known.contains(name), name);
    }
}

TEST_CASE("essctl(1): it has the exit codes that the help has") {
    const std::string help = help_of("");
    const auto codes = parts_of(section_of(page(), "EXIT STATUS"), ".It ");
    CHECK(codes.size() == digits_in(help, "Exit codes:").size());
    for (const ManualPart& code : codes) {
        CAPTURE(code.title);
        // "3 tripped, ..." is "Tripped." on the page.
        const std::size_t at = help.find(" " + code.title + " ", help.find("Exit codes:"));
        REQUIRE(at != std::string::npos);
        std::string meaning = help.substr(at + 3, help.find_first_of(",.(", at) - at - 3);
        meaning.erase(meaning.find_last_not_of(' ') + 1);
        meaning.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(meaning.front())));
        CHECK(code.text().starts_with(meaning));
    }
    for (const auto& [verb, part] : verbs_on_page()) {
        CAPTURE(verb);
        const std::string own = help_of(verb);
        const std::size_t at = own.find("\nExit");
        if (at == std::string::npos) continue;
        const std::set<char> told = digits_in(part.text(), "Exit status:");
        for (const char code : digits_in(own, own.substr(at + 1, own.find(':', at) - at)))
            CHECK(told.contains(code));
    }
}
