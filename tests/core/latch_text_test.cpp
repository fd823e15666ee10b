#include "core/latch_text.hpp"

#include <doctest/doctest.h>

#include <string>

#include "base/json.hpp"
#include "base/text.hpp"

using namespace ess;

namespace {

/// Whatever the bytes are, the result is fit for a log line and an entry.
void check_clean(const std::string& text) {
    CHECK(text.size() <= reason_limit);
    CHECK(is_utf8(text));
    for (const char c : text)
        CHECK((static_cast<unsigned char>(c) >= 0x20 && c != 0x7F));
}

}  // namespace

TEST_CASE("latch text: an empty file is a latch without a reason") {
    for (const char* bytes : {"", "\n", " \t\r\n"}) {
        const LatchContent content = read_latch_content(bytes);
        CHECK(content.reason.empty());
        CHECK(content.requested_by.empty());
        CHECK(content.trigger.empty());
    }
}

TEST_CASE("latch text: plain text is the reason") {
    CHECK(read_latch_content("prices are wrong\n").reason == "prices are wrong");
    CHECK(read_latch_content("two\r\nlines\n\n").reason == "two lines");
    CHECK(read_latch_content("Preise über Null").reason == "Preise über Null");
}

TEST_CASE("latch text: JSON has the reason and what is claimed") {
    const LatchContent content =
        read_latch_content("{\"reason\":\"prices\",\"requested_by\":\"binyamin\",\"trigger\":\"essctl\",\"more\":1}\n");
    CHECK(content.reason == "prices");
    CHECK(content.requested_by == "binyamin");
    CHECK(content.trigger == "essctl");
}

TEST_CASE("latch text: the fleet's order, in the latch and in its copy") {
    const LatchContent content{"prices", "alice", "fleet", "FLEET-2026-11-26-3f9a1c7e"};
    CHECK(read_latch_content(latch_content_text(content)).fleet_id == content.fleet_id);
    CHECK(read_latch_content(R"({"reason":"r","fleet_id":"F\u001b[31m"})").fleet_id.find('\x1b') == std::string::npos);
    CHECK(read_latch_content(R"({"reason":"r","fleet_id":7})").fleet_id.empty());
    CHECK(latch_content_text({"prices", "alice", "essctl"}).find("fleet_id") == std::string::npos);
    LatchCopy copy;
    copy.fleet_id = content.fleet_id;
    CHECK(read_latch_copy(latch_copy_text(copy)).fleet_id == content.fleet_id);
}

TEST_CASE("latch text: JSON with wrong types or without members is still a latch") {
    CHECK(read_latch_content(R"({"reason":7,"requested_by":null})").reason.empty());
    CHECK(read_latch_content("{}").reason.empty());
    CHECK(read_latch_content(R"({"reason":{"a":"b"}})").reason.empty());
}

TEST_CASE("latch text: what only begins like JSON is text") {
    for (const char* text :
         {"{", "{not json}", R"({"reason":"a","reason":"b"})", R"({"reason":"a"} b)", "[\"a\"]", "\"a\"", "7"}) {
        CAPTURE(text);
        CHECK(read_latch_content(text).reason == text);
    }
    const std::string deep = "{\"a\":" + std::string(40, '[') + std::string(40, ']') + "}";
    CHECK(read_latch_content(deep).reason == deep);
}

TEST_CASE("latch text: control characters and false directions are gone, in text and in JSON") {
    CHECK(read_latch_content("a\x1B[31mb\x07"
                             "c\x7F")
              .reason == "a[31mbc");
    CHECK(read_latch_content(std::string_view("a\0b", 3)).reason == "ab");
    CHECK(read_latch_content("a\xE2\x80\xAE"
                             "b")
              .reason == "ab");
    CHECK(read_latch_content(R"({"reason":"a\u001b[31m\nb\u0000c\u202ed"})").reason == "a[31m bcd");
    CHECK(read_latch_content(R"({"requested_by":"root\nforged: line"})").requested_by == "root forged: line");
}

TEST_CASE("latch text: an oversize reason is cut at a character") {
    check_clean(read_latch_content(std::string(4000, 'x')).reason);
    CHECK(read_latch_content(std::string(4000, 'x')).reason.ends_with("…"));
    std::string wide;
    for (int i = 0; i < 1000; ++i)
        wide += "é";
    check_clean(read_latch_content(wide).reason);
    check_clean(read_latch_content("{\"reason\":\"" + std::string(2000, 'x') + "\"}").reason);
}

TEST_CASE("latch text: a mebibyte of any byte") {
    std::string binary(1U << 20U, '\0');
    for (std::size_t i = 0; i < binary.size(); ++i)
        binary[i] = static_cast<char>((i * 2654435761U) >> 13U);
    check_clean(read_latch_content(binary).reason);
    for (int byte = 0; byte < 256; ++byte)
        check_clean(read_latch_content(std::string(1U << 20U, static_cast<char>(byte))).reason);
    // What lies past the limit is not looked at.
    CHECK(read_latch_content(std::string(latch_content_limit, ' ') + "late").reason.empty());
    check_clean(read_latch_content("{\"reason\":\"" + std::string(1U << 20U, 'x') + "\"}").reason);
}

TEST_CASE("latch text: what essctl writes reads back") {
    const LatchContent content{"say \"stop\" – now", "binyamin", "essctl"};
    const std::string text = latch_content_text(content);
    CHECK(text.ends_with("}\n"));
    CHECK(text.size() <= latch_content_limit);
    const LatchContent back = read_latch_content(text);
    CHECK(back.reason == content.reason);
    CHECK(back.requested_by == content.requested_by);
    CHECK(back.trigger == content.trigger);
}

TEST_CASE("latch text: what essctl writes is whole however long and broken the reason is") {
    const LatchContent content{std::string(100000, '"') + "\xFF", std::string(100000, '\\'), std::string(100000, '<')};
    const std::string text = latch_content_text(content);
    CHECK(text.size() <= latch_content_limit);
    REQUIRE(parse_json(text));
    CHECK(read_latch_content(text).reason.starts_with("\"\"\""));
    CHECK(read_latch_content(latch_content_text({"a\xFF"
                                                 "b",
                                                 "", ""}))
              .reason ==
          "a\xEF\xBF\xBD"
          "b");
}

TEST_CASE("latch text: the copy on disk reads back") {
    const LatchCopy copy{*from_rfc3339("2026-01-28T01:41:58.058083Z"),
                         "prices",
                         "binyamin",
                         "file",
                         "OPS-2026-01-28-001",
                         {"a.service", "b@1.service"}};
    const LatchCopy back = read_latch_copy(latch_copy_text(copy));
    CHECK(back.since == copy.since);
    CHECK(back.reason == copy.reason);
    CHECK(back.requested_by == copy.requested_by);
    CHECK(back.trigger == copy.trigger);
    CHECK(back.operation_id == copy.operation_id);
    CHECK(back.running == copy.running);
}

TEST_CASE("latch text: a damaged copy is a latch of which nothing is known") {
    for (const char* bytes : {"", "{", "[]", "null", "\xFF", R"({"since":"yesterday","reason":1,"running":[1]})"}) {
        CAPTURE(bytes);
        const LatchCopy copy = read_latch_copy(bytes);
        CHECK(copy.since == WallTime{});
        CHECK(copy.reason.empty());
        CHECK(copy.operation_id.empty());
        CHECK(copy.running.empty());
    }
    CHECK(read_latch_copy(R"({"reason":"half"})").reason == "half");
}
