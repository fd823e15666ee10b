#include "core/varlink_interface.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "manual/manual_page.hpp"

using namespace ess;

namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_alphanumeric(char c) {
    return is_letter(c) || (c >= '0' && c <= '9');
}

/// Letters and digits, in between `joint` but neither first, last nor twice in a row.
bool is_joined(std::string_view word, char joint) {
    bool may_join = false;
    for (const char c : word) {
        if (!is_alphanumeric(c) && (c != joint || !may_join)) return false;
        may_join = is_alphanumeric(c);
    }
    return may_join;
}

/// [A-Za-z](_?[A-Za-z0-9])*
bool is_field(std::string_view word) {
    return is_joined(word, '_') && is_letter(word.front());
}

/// [A-Z][A-Za-z0-9]*
bool is_name(std::string_view word) {
    return is_joined(word, 'A') && is_letter(word.front()) && word.front() <= 'Z';
}

/// Stricter than the grammar, which lets a part have several hyphens in a row.
bool is_interface(std::string_view word) {
    return is_joined(word, '.') && is_letter(word.front()) && word.find('.') != std::string_view::npos;
}

/// Reads an interface definition by the grammar of UAPI.20 (without `any`, which older libraries refuse), and throws
/// for what does not follow it.
class Definition {
  public:
    explicit Definition(std::string_view text) : rest_(cut(text)) {
        expect("interface");
        name = match(is_interface);
        while (!rest_.empty())
            member();
        for (const std::string& type : used_) {
            if (types.count(type) == 0) fail("type " + type + " is used but not defined");
        }
    }

    std::string name;
    std::set<std::string> types;
    std::set<std::string> methods;
    std::set<std::string> errors;

  private:
    /// The tokens, the first one last.
    static std::vector<std::string> cut(std::string_view text) {
        std::vector<std::string> tokens;
        while (!text.empty()) {
            const std::size_t length = token_length(text);
            const bool blank = text.front() == ' ' || text.front() == '\n' || text.front() == '#';
            if (!blank) tokens.emplace_back(text.substr(0, length));
            text.remove_prefix(length);
        }
        std::reverse(tokens.begin(), tokens.end());
        return tokens;
    }
    static std::size_t token_length(std::string_view text) {
        for (const std::string_view fixed : {"->", "[]", "[string]"}) {
            if (text.substr(0, fixed.size()) == fixed) return fixed.size();
        }
        std::size_t length = 1;
        const auto is_inside = [&](char c) {
            if (text.front() == '#') return c != '\n';
            return is_alphanumeric(text.front()) && (is_alphanumeric(c) || c == '_' || c == '.');
        };
        while (length < text.size() && is_inside(text[length]))
            ++length;
        return length;
    }
    [[noreturn]] static void fail(const std::string& why) { throw std::runtime_error(why); }
    bool skip(const std::string& word) {
        if (rest_.empty() || rest_.back() != word) return false;
        rest_.pop_back();
        return true;
    }
    void expect(const std::string& word) {
        if (!skip(word)) fail("expected " + word + ", not " + (rest_.empty() ? "the end" : rest_.back()));
    }
    std::string match(bool (*fits)(std::string_view)) {
        if (rest_.empty() || !fits(rest_.back())) fail("no name: " + (rest_.empty() ? "the end" : rest_.back()));
        std::string word = rest_.back();
        rest_.pop_back();
        return word;
    }
    std::string member_name() {
        std::string word = match(is_name);
        if (!names_.insert(word).second) fail(word + " is defined twice");
        return word;
    }
    void member() {
        if (skip("type")) {
            types.insert(member_name());
            structure();
        } else if (skip("method")) {
            methods.insert(member_name());
            structure();
            expect("->");
            structure();
        } else {
            expect("error");
            errors.insert(member_name());
            structure();
        }
    }
    void structure() {
        expect("(");
        std::set<std::string> fields;
        while (!skip(")")) {
            if (!fields.empty()) expect(",");
            if (!fields.insert(match(is_field)).second) fail("a field is there twice");
            expect(":");
            type();
        }
    }
    void type() {
        static const std::set<std::string> plain{"bool", "int", "float", "string", "object"};
        skip("?");
        while (skip("[]") || skip("[string]")) {
        }
        if (!rest_.empty() && rest_.back() == "(") return structure();
        const std::string word = match(is_field);
        if (plain.count(word) == 0) used_.insert(word);
    }

    std::vector<std::string> rest_;  // the next token last
    std::set<std::string> names_;
    std::set<std::string> used_;
};

std::string without_blanks(std::string text) {
    std::erase_if(text, [](char c) { return c == ' ' || c == '\n'; });
    return text;
}

/// A member's definition, and the comment above it without its marks.
std::pair<std::string, std::string> member_text(const std::string& interface, const std::string& head) {
    const std::size_t at = interface.find("\n" + head);
    REQUIRE(at != std::string::npos);
    const std::size_t end = std::min(interface.find("\n\n", at + 1), interface.size());
    const std::size_t begin = interface.rfind("\n\n", at) + 2;
    std::string comment = interface.substr(begin, at - begin);
    std::erase(comment, '#');
    return {interface.substr(at, end - at), comment};
}

}  // namespace

TEST_CASE("varlink interface: the definitions follow the grammar") {
    const Definition own(emergency_stop_interface().description);
    CHECK(own.name == emergency_stop_interface().name);
    CHECK(own.methods.count("Status") == 1);
    CHECK(own.methods.count("Reset") == 1);
    CHECK(own.errors == std::set<std::string>{"Busy", "Failed", "NotReady", "NotTripped", "Refused", "Tripped"});

    const Definition service(varlink_service_interface().description);
    CHECK(service.name == varlink_service_interface().name);
    CHECK(service.methods == std::set<std::string>{"GetInfo", "GetInterfaceDescription"});
}

TEST_CASE("varlink interface: the reader of the definitions is not blind") {
    CHECK_THROWS(Definition("interface a"));
    CHECK_THROWS(Definition("interface a.b\nmethod x() -> ()"));
    CHECK_THROWS(Definition("interface a.b\nmethod X() -> (a__b: int)"));
    CHECK_THROWS(Definition("interface a.b\nmethod X() -> (a: any)"));
    CHECK_THROWS(Definition("interface a.b\nmethod X() -> (a: ??int)"));
    CHECK_THROWS(Definition("interface a.b\ntype X (a: Y)"));
    CHECK_THROWS(Definition("interface a.b\ntype X (a: int)\nerror X ()"));
}

TEST_CASE("varlink interface: what is compiled in is the file") {
    for (const VarlinkInterface& interface : {emergency_stop_interface(), varlink_service_interface()}) {
        const std::string file = std::string(ESS_SOURCE_DIR "/daemon/core/") + std::string(interface.name) + ".varlink";
        CHECK(interface.description == read_file(file, 1024UL * 1024).value_or(""));
    }
}

TEST_CASE("io.quantum.EmergencyStop(7): it has each method, type and error of the interface, whole") {
    const std::string description(emergency_stop_interface().description);
    const Definition own(description);
    const std::vector<std::string> page = test::lines_of(ESS_BINARY_DIR "/man/io.quantum.EmergencyStop.7");
    for (const auto& [section, kind, members] :
         {std::tuple{"METHODS", "method ", own.methods}, std::tuple{"TYPES", "type ", own.types},
          std::tuple{"ERROR REPLIES", "error ", own.errors}}) {
        std::set<std::string> told;
        for (const test::ManualPart& part : test::parts_of(test::section_of(page, section), ".Ss ")) {
            CAPTURE(part.title);
            told.insert(part.title);
            const auto [definition, comment] = member_text(description, kind + part.title);
            const std::string text = without_blanks(part.text());
            CHECK(text.find(without_blanks(definition)) != std::string::npos);
            CHECK(text.find(without_blanks(comment)) != std::string::npos);
            CHECK(comment.size() > 10);
        }
        CHECK(told == members);
    }
}

TEST_CASE("varlink interface: the service tells who it is") {
    const Json info = varlink_service_info({"a.b", "org.varlink.service"});
    CHECK(info["vendor"] == "Quantum ESS");
    CHECK(info["product"] == "essd");
    CHECK(info["version"].get<std::string>().size() >= 5);
    CHECK(info["url"].get<std::string>().rfind("https://", 0) == 0);
    CHECK(info["interfaces"] == Json::array({"a.b", "org.varlink.service"}));
}
