#include "core/yaml_tree.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ess;
using Kind = YamlNode::Kind;

namespace {

std::string lines_of(const YamlReading& reading) {
    std::string text;
    for (const YamlFault& fault : reading.faults)
        text += std::to_string(fault.place.line) + ":" + std::to_string(fault.place.column) + ": " + fault.text + "\n";
    return text;
}

std::string repeated(const std::string& text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i)
        all += text;
    return all;
}

const YamlNode& value_of(const YamlNode& map, const char* key) {
    for (const YamlEntry& entry : map.entries) {
        if (entry.key == key) return entry.value;
    }
    FAIL("no key " << key);
    return map;
}

}  // namespace

TEST_CASE("yaml: a tree of strings, each with its place") {
    const YamlReading reading = read_yaml(
        "# comment\n"
        "units:\n"
        "  - engine\n"
        "  - {name: b, grace: 0755}\n"
        "stop: {budget: 2s}\n"
        "empty:\n"
        "quoted: \"\"\n"
        "text: |\n"
        "  two\n"
        "  lines\n"
        "on: yes\n");
    CHECK(lines_of(reading) == "");
    CHECK(reading.complete);
    REQUIRE(reading.root.kind == Kind::Mapping);
    REQUIRE(reading.root.entries.size() == 6);
    CHECK(reading.root.entries[0].place == YamlPlace{2, 1});

    const YamlNode& units = value_of(reading.root, "units");
    REQUIRE(units.kind == Kind::Sequence);
    REQUIRE(units.items.size() == 2);
    CHECK(units.place == YamlPlace{3, 3});
    CHECK(units.items[0].text == "engine");
    CHECK(units.items[0].place == YamlPlace{3, 5});
    CHECK(value_of(units.items[1], "grace").text == "0755");
    CHECK(value_of(units.items[1], "grace").place == YamlPlace{4, 22});

    CHECK(value_of(reading.root, "empty").is_blank());
    CHECK_FALSE(value_of(reading.root, "quoted").is_blank());
    CHECK(value_of(reading.root, "text").text == "two\nlines\n");
    CHECK(value_of(reading.root, "on").text == "yes");
}

TEST_CASE("yaml: an empty text is an empty map") {
    for (const char* text : {"", "\n", "# only a comment\n", "---\n", "---\n...\n", "\xEF\xBB\xBF"}) {
        CAPTURE(text);
        const YamlReading reading = read_yaml(text);
        CHECK(lines_of(reading) == "");
        CHECK(reading.complete);
        CHECK(reading.root.kind == Kind::Mapping);
        CHECK(reading.root.entries.empty());
    }
}

TEST_CASE("yaml: line ends, byte order mark and characters of several bytes do not shift places") {
    CHECK(lines_of(read_yaml("a: 1\r\nb: &x 2\r\n")) == "2:4: anchors (&name) are not allowed\n");
    CHECK(lines_of(read_yaml("\xEF\xBB\xBF"
                             "a: &x 1\n")) == "1:4: anchors (&name) are not allowed\n");
    CHECK(lines_of(read_yaml("é: &x 1\n")) == "1:4: anchors (&name) are not allowed\n");
}

TEST_CASE("yaml: what the subset does not have is told, and the rest is still read") {
    struct Row {
        std::string text;
        std::string faults;
        bool complete;
    };
    const std::vector<Row> rows{
        {"a: &x 1\nb: *x\n",
         "1:4: anchors (&name) are not allowed\n2:4: aliases (*name) are not allowed: write the value out\n", true},
        {"a: &x [*x]\n",
         "1:4: anchors (&name) are not allowed\n1:8: aliases (*name) are not allowed: write the value out\n", true},
        {"*a : b\n", "1:1: aliases (*name) are not allowed: write the value out\n", true},
        {"&a b: c\n", "1:1: anchors (&name) are not allowed\n", true},
        {"a: !!str 1\nb: ! 2\nc: !foo [x]\nd: !<tag:x> {}\n",
         "1:4: tags (!name) are not allowed\n2:4: tags (!name) are not allowed\n3:4: tags (!name) are not allowed\n"
         "4:4: tags (!name) are not allowed\n",
         true},
        {"a: 1\nb: 2\n\"a\": 3\na: 4\n",
         "3:1: the key \"a\" is already given in line 1\n4:1: the key \"a\" is already given in line 1\n", true},
        {"a: {b: 1, b: 2}\na: *x\n",
         "1:11: the key \"b\" is already given in line 1\n2:1: the key \"a\" is already given in line 1\n"
         "2:4: aliases (*name) are not allowed: write the value out\n",
         true},
        {"<<: {a: 1}\n", "1:1: merge keys (<<) are not allowed: write the values out\n", true},
        {"\"<<\": 1\n", "", true},
        {"? [a]\n: b\n{c: d}: e\n",
         "1:3: a key must be a single word, not a list or a map\n3:1: a key must be a single word, not a list or a "
         "map\n",
         true},
        {"a: 1\n---\nb: 2\n---\nc: 3\n", "2:1: a second document begins here: only one is allowed\n", true},
        {"%YAML 1.1\n---\na: 1\n", "1:1: directives (%YAML, %TAG) are not allowed\n", true},
        {"a: &x 1\nb: c: d\n",
         "1:4: anchors (&name) are not allowed\n2:5: mapping values are not allowed in this context: put quotes around "
         "a "
         "value that has \": \" in it\n",
         false},
        {"a:\n\tb: 1\n",
         "2:1: found character that cannot start any token (while scanning for the next token): indent with spaces, "
         "not "
         "tabs; put quotes around special characters\n",
         false},
        {"a: \x01\n", "1:4: control characters are not allowed\n", false},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const YamlReading reading = read_yaml(row.text);
        CHECK(lines_of(reading) == row.faults);
        CHECK(reading.complete == row.complete);
        if (!row.complete) CHECK(reading.root.entries.empty());
    }
}

TEST_CASE("yaml: the first of two equal keys counts, and a refused value is marked") {
    const YamlReading reading = read_yaml("a: 1\na: 2\nb: &x c\n");
    CHECK(value_of(reading.root, "a").text == "1");
    CHECK(value_of(reading.root, "b").kind == Kind::Refused);
}

TEST_CASE("yaml: bytes that are no text") {
    using namespace std::string_literals;
    CHECK(lines_of(read_yaml("a: é\0"s)) == "1:5: a NUL byte: this is not a text file\n");
    CHECK(lines_of(read_yaml("a: 1\n\0\0\0"s)) == "2:1: a NUL byte: this is not a text file\n");
    CHECK(lines_of(read_yaml("a: 1\nb: é\xFF\n")) == "2:5: not UTF-8: save the file in that encoding\n");
    CHECK(lines_of(read_yaml("a: \xC3")) == "1:4: not UTF-8: save the file in that encoding\n");
    CHECK(lines_of(read_yaml("a: \xED\xA0\x80")) == "1:4: not UTF-8: save the file in that encoding\n");
    CHECK(lines_of(read_yaml("\xFF\xFE"
                             "a: 1")) == "1:1: not UTF-8: save the file in that encoding\n");
}

TEST_CASE("yaml: every input of one or two special characters ends, with a tree or a fault") {
    const std::string special = ",:?-[]{}#&*!|>'\"%@`\t\r\n a<~\\";
    for (const char first : special) {
        for (const char second : special) {
            const std::string text{first, second};
            CAPTURE(text);
            const YamlReading reading = read_yaml(text);
            CHECK((reading.complete || !reading.faults.empty()));
        }
    }
    CHECK(lines_of(read_yaml(",")) == "1:1: did not find expected node content (while parsing a block node)\n");
}

TEST_CASE("yaml: limits") {
    SUBCASE("depth") {
        CHECK(read_yaml(repeated("[", yaml_depth_limit) + repeated("]", yaml_depth_limit)).faults.empty());
        CHECK(lines_of(read_yaml(repeated("[", 100000))) == "1:17: nested more than 16 deep\n");
        CHECK(lines_of(read_yaml(repeated("{a: ", 100000))) == "1:65: nested more than 16 deep\n");
        CHECK(lines_of(read_yaml(repeated("- ", 100000))) == "1:33: nested more than 16 deep\n");
        CHECK(lines_of(read_yaml(repeated("? ", 100000))) == "1:33: nested more than 16 deep\n");
    }
    SUBCASE("size") {
        CHECK(read_yaml("#" + std::string(yaml_size_limit - 1, 'x')).faults.empty());
        CHECK(lines_of(read_yaml("#" + std::string(yaml_size_limit, 'x'))) == "0:0: larger than 1048576 bytes\n");
    }
    SUBCASE("faults") {
        const YamlReading reading = read_yaml(repeated("a: 1\n", 10000));
        REQUIRE(reading.faults.size() == yaml_fault_limit + 1);
        CHECK(reading.faults.back().text == "too many faults: reading stops here");
        CHECK_FALSE(reading.complete);
    }
}
