#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"

using namespace ess;

namespace {

constexpr std::size_t wide = 1000;
constexpr const char* replacement = "\xEF\xBF\xBD";

}  // namespace

TEST_CASE("text: well-formed UTF-8, at the borders of every length") {
    for (const char* text : {"", "a", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                             "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "a\xC3\xA9z"}) {
        CAPTURE(text);
        CHECK(is_utf8(text));
    }
    CHECK(is_utf8(std::string_view("a\0b", 3)));
}

TEST_CASE("text: overlong forms, surrogates, what is too high and what is cut are not UTF-8") {
    for (const char* text : {"\x80",  // a continuation alone
                             "\xBF",  //
                             "\xC0\x80",
                             "\xC1\xBF",  // overlong
                             "\xE0\x80\x80",
                             "\xE0\x9F\xBF",  //
                             "\xF0\x80\x80\x80",
                             "\xF0\x8F\xBF\xBF",  //
                             "\xED\xA0\x80",
                             "\xED\xBF\xBF",  // surrogates
                             "\xF4\x90\x80\x80",
                             "\xF5\x80\x80\x80",
                             "\xFE",
                             "\xFF",  // above U+10FFFF
                             "\xC2",
                             "\xE0\xA0",
                             "\xF0\x90\x80",
                             "a\xC3",
                             "\xC3"
                             "a",  // cut
                             "\xF8\x88\x80\x80\x80",
                             "\xFC\x84\x80\x80\x80\x80"}) {  // five and six bytes
        CAPTURE(text);
        CHECK_FALSE(is_utf8(text));
        CHECK(is_utf8(clean_line(text, wide)));
    }
}

TEST_CASE("text: white space of every kind becomes one space, and none at the ends") {
    for (const auto& [text, clean] : std::vector<std::pair<const char*, const char*>>{
             {"", ""},
             {"   ", ""},
             {" a  b ", "a b"},
             {"a\r\nb", "a b"},
             {"a\tb\vc\fd", "a b c d"},
             {"a\xC2\xA0"
              "b",
              "a b"},  // no-break space
             {"a\xC2\x85"
              "b",
              "a b"},  // next line
             {"a\xE2\x80\xA8"
              "b",
              "a b"},  // line separator
             {"a\xE2\x80\xA9"
              "b",
              "a b"},  // paragraph separator
             {"\n\na\n\n", "a"},
         }) {
        CAPTURE(text);
        CHECK(clean_line(text, wide) == clean);
    }
}

TEST_CASE("text: what would move the cursor, colour the screen or turn the line round is dropped") {
    for (const auto& [text, clean] : std::vector<std::pair<const char*, const char*>>{
             {"a\x1B[2Jb", "a[2Jb"},
             {"a\x07\x08\x7F"
              "b",
              "ab"},
             {"a\xC2\x9B"
              "31mb",
              "a31mb"},  // the C1 form of ESC [
             {"a\xE2\x80\xAE"
              "b",
              "ab"},  // right-to-left override
             {"a\xE2\x81\xA6"
              "b\xE2\x81\xA9",
              "ab"},
             {"a\xE2\x80\x8E\xE2\x80\x8F"
              "b",
              "ab"},
             {"\xEF\xBB\xBF"
              "a",
              "a"},  // byte order mark
             {"a \x01 b", "a b"},
         }) {
        CAPTURE(text);
        CHECK(clean_line(text, wide) == clean);
    }
    CHECK(clean_line(std::string_view("a\0b", 3), wide) == "ab");
    CHECK(clean_line("a\u061C\u202E\u2066b", wide) == "ab");
}

TEST_CASE("text: a byte that is no character is shown as such") {
    CHECK(clean_line("a\xFF"
                     "b",
                     wide) == std::string("a") + replacement + "b");
    CHECK(clean_line("\xE2\x80", wide) == std::string(replacement) + replacement);
    CHECK(clean_line("\xC3\xA9\xC3", wide) == std::string("\xC3\xA9") + replacement);
}

TEST_CASE("text: a line is cut at a character, and says so") {
    CHECK(clean_line("abcdefgh", 8).size() <= 8);
    CHECK(clean_line("abcdefghi", 8) == "abcde…");
    CHECK(clean_line("abc   ", 8) == "abc");
    for (std::size_t limit = 3; limit < 40; ++limit) {
        CAPTURE(limit);
        for (const char* text : {"éééééééééééééééééééé", "a b c d e f g h i j k l m n o p q r s t u v w",
                                 "😀😀😀😀😀😀😀😀😀😀😀😀", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"}) {
            const std::string clean = clean_line(text, limit);
            CHECK(clean.size() <= limit);
            CHECK(is_utf8(clean));
            CHECK(clean.ends_with("…"));
        }
    }
}

TEST_CASE("text: a clean line is clean already") {
    for (const char* text : {"a\x1B[2Jb", "\xFF\xFE", " a\nb ",
                             "\xE2\x80\xAE"
                             "abc",
                             "x"}) {
        const std::string once = clean_line(text, wide);
        CHECK(clean_line(once, wide) == once);
    }
}

TEST_CASE("text: the nearest word, and none that is far") {
    const std::vector<std::string_view> keys{"units", "protected", "stop", "latch", "interlock", "reset"};
    CHECK(nearest("unit", keys) == "units");
    CHECK(nearest("protcted", keys) == "protected");
    CHECK(nearest("interlok", keys) == "interlock");
    CHECK(nearest("stop", keys) == "stop");
    CHECK(nearest("nothing-like-it", keys).empty());
    CHECK(nearest("x", {}).empty());
    CHECK(nearest("", {"a-long-word"}).empty());
    // The first of two that are equally near.
    CHECK(nearest("bat", {"cat", "hat"}) == "cat");
}

TEST_CASE("text: join, trim and hexadecimal") {
    CHECK(join({}, ", ").empty());
    CHECK(join({"a"}, ", ") == "a");
    CHECK(join({"a", "b", "c"}, ", ") == "a, b, c");
    CHECK(trim(" \t\r\n\v\fa b\n") == "a b");
    CHECK(trim("").empty());
    CHECK(trim(" \n").empty());
    CHECK(to_hex(std::string_view("\x00\x0F\xA0\xFF", 4)) == "000fa0ff");
    CHECK(to_hex("").empty());
}

TEST_CASE("text: a command line in words") {
    const auto words = [](std::string_view line) {
        return split_words(line).value_or(std::vector<std::string>{"none"});
    };
    CHECK(words("GET a") == std::vector<std::string>{"GET", "a"});
    CHECK(words("  -s /run/x  XREVRANGE k + - COUNT 5\n").size() == 8);
    CHECK(words("SET 'a b' \"c 'd'\"") == std::vector<std::string>{"SET", "a b", "c 'd'"});
    CHECK(words(R"(a\ b 'c\' "\"")") == std::vector<std::string>{"a b", "c\\", "\""});
    CHECK(words("a'b'c ''") == std::vector<std::string>{"abc", ""});
    CHECK(words("$(id) `id` *") == std::vector<std::string>{"$(id)", "`id`", "*"});
    CHECK(words("").empty());
    CHECK_FALSE(split_words("GET 'a"));
    CHECK_FALSE(split_words("\""));
}
