#include <doctest/doctest.h>

#include <string>

#include "base/json.hpp"

using namespace ess;

namespace {

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

std::string fault_of(std::string_view text) {
    const auto json = parse_json(text);
    return json ? "" : json.error().text;
}

}  // namespace

TEST_CASE("json: what is JSON") {
    for (const char* text : {"null", "true", "-1", "1.5e3", "\"a\"", "[]", "{}", " {\"a\" : [1, 2, {\"b\": null}]} \n",
                             R"("\u00e9\ud83d\ude00")", "18446744073709551615"}) {
        CAPTURE(text);
        CHECK(parse_json(text).has_value());
    }
    CHECK(*parse_json(R"({"a":[1,"x"]})") == Json{{"a", {1, "x"}}});
}

TEST_CASE("json: a key twice is refused, at every level, however it is spelt") {
    CHECK(fault_of(R"({"a":1,"a":2})") == "JSON: duplicate key \"a\"");
    CHECK(fault_of(R"({"a":1,"b":{"c":1,"c":1}})") == "JSON: duplicate key \"c\"");
    CHECK(fault_of(R"([{"a":1,"\u0061":2}])") == "JSON: duplicate key \"a\"");
    CHECK(fault_of(R"({"":1,"":2})") == "JSON: duplicate key \"\"");
    CHECK(parse_json(R"({"a":{"a":{"a":1}},"b":{"a":1}})").has_value());
    CHECK(parse_json(R"([{"a":1},{"a":1}])").has_value());
}

TEST_CASE("json: nesting is bounded") {
    CHECK(parse_json(nested(json_depth_limit)).has_value());
    CHECK(fault_of(nested(json_depth_limit + 1)) == "JSON: nested too deep");
    CHECK(fault_of(std::string(1U << 20U, '[')) == "JSON: nested too deep");
    std::string objects;
    for (std::size_t i = 0; i <= json_depth_limit; ++i)
        objects += "{\"a\":";
    CHECK(fault_of(objects) == "JSON: nested too deep");
    // Depth, not number: many beside each other are fine.
    std::string wide = "[";
    for (int i = 0; i < 1000; ++i)
        wide += "[],";
    CHECK(parse_json(wide + "[]]").has_value());
}

TEST_CASE("json: nothing may stand behind it, and nothing may be missing") {
    for (const char* text :
         {"",         " ",   "{} {}",  "{}x",     "[1,]",     "{\"a\":1,}",    "{\"a\"}",  "{a:1}", "'a'",
          "nul",      "01",  "1.",     "+1",      ".5",       "NaN",           "Infinity", "[1 2]", "// c\n1",
          "/* c */1", "\"a", "\"\t\"", "\"\\x\"", "{\"a\":1", "\xEF\xBB\xBF{", "1e999"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_json(text).has_value());
    }
    CHECK_FALSE(parse_json(std::string_view("\"\0\"", 3)).has_value());
}

TEST_CASE("json: text that is not UTF-8 is refused") {
    for (const char* text : {"\"\xFF\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xE2\x82\"", R"("\ud800")",
                             R"("\udc00")", R"("\ud800\u0041")"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_json(text).has_value());
    }
}

TEST_CASE("json: a fault names the place") {
    CHECK(fault_of("{\"a\":!}") == "JSON: malformed at byte 6");
}

TEST_CASE("json: a NUL is not the end of the text") {
    CHECK_FALSE(parse_json(std::string_view("1\0", 2)).has_value());
    CHECK_FALSE(parse_json(std::string_view("{}\0garbage", 10)).has_value());
    CHECK_FALSE(parse_json(std::string_view("{\"a\":1}\0{\"a\":2}", 15)).has_value());
}
