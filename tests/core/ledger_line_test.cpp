#include "core/ledger_line.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

#include "core/operation_number.hpp"

namespace {

using ess::format_ledger_line;
using ess::Json;
using ess::LedgerKind;
using ess::LedgerLine;
using ess::parse_ledger_line;

const std::string boot_id = "0123456789abcdef0123456789abcdef";

LedgerLine sample() {
    LedgerLine line;
    line.kind = LedgerKind::Trip;
    line.entry = {
        {"operation_id", "OPS-2026-01-28-001"}, {"notes", "say \"no\"\n— é \x7f"}, {"allowed_services", {"a", "b"}}};
    line.ess = {{"units", {{{"name", "a.service"}, {"empty_us", 12345}}}}, {"reason", nullptr}, {"live", true}};
    line.time = *ess::from_rfc3339("2026-01-28T01:41:58.058083Z");
    line.boot_id = boot_id;
    line.seq = 1;
    return line;
}

ess::WallTime at(std::string_view text) {
    return *ess::from_rfc3339(text);
}

void check_refused(const LedgerLine& line, const std::string& why) {
    const auto text = format_ledger_line(line);
    REQUIRE_FALSE(text);
    CHECK_MESSAGE(text.error().text.find(why) != std::string::npos, text.error().text);
}

}  // namespace

TEST_CASE("a line has one spelling, and is read back") {
    const auto text = format_ledger_line(sample());
    REQUIRE(text);
    CHECK(text->starts_with(
        R"({"boot_id":"0123456789abcdef0123456789abcdef","entry":{"allowed_services":["a","b"],"notes":)"));
    CHECK(text->find('\n') == std::string::npos);
    CHECK(text->ends_with(R"("seq":1,"time":"2026-01-28T01:41:58.058083Z","v":1})"));
    const auto line = parse_ledger_line(*text);
    REQUIRE(line);
    CHECK(line->kind == LedgerKind::Trip);
    CHECK(line->entry == sample().entry);
    CHECK(line->ess == sample().ess);
    CHECK(line->time == sample().time);
    CHECK(line->prev == ess::ledger_zero_hash);
    CHECK(*format_ledger_line(*line) == *text);
}

TEST_CASE("a line without a timeline has no such key") {
    auto line = sample();
    line.ess = nullptr;
    const auto text = format_ledger_line(line);
    REQUIRE(text);
    CHECK(text->find("\"ess\"") == std::string::npos);
    CHECK(parse_ledger_line(*text)->ess.is_null());
}

TEST_CASE("every kind has a name that is read back") {
    for (int i = 0; i < 16; ++i) {
        const auto kind = static_cast<LedgerKind>(i);
        REQUIRE_FALSE(ess::to_text(kind).empty());
        CHECK(ess::ledger_kind_from(ess::to_text(kind)) == kind);
    }
    CHECK_FALSE(ess::ledger_kind_from("Trip"));
}

TEST_CASE("what a reader could see otherwise is not written") {
    auto line = sample();
    line.entry["x"] = 1.0;
    check_refused(line, "not an integer");
    line = sample();
    line.ess["deep"]["er"] = {1, -0.0};
    check_refused(line, "not an integer");
    line = sample();
    line.entry["x"] = (std::uint64_t{1} << 53U);
    check_refused(line, "2^53");
    line.entry["x"] = std::numeric_limits<std::int64_t>::min();
    check_refused(line, "2^53");
    line.entry["x"] = (std::int64_t{1} << 53U) - 1;
    CHECK(format_ledger_line(line));
    line = sample();
    line.entry["x"] = "\xff";
    check_refused(line, "UTF-8");
    line = sample();
    line.entry["é"] = 1;
    check_refused(line, "ASCII");
    line = sample();
    line.entry = Json::array();
    check_refused(line, "not an object");
    line = sample();
    line.prev = "ABC";
    check_refused(line, "prev");
    line = sample();
    line.seq = 0;
    check_refused(line, "seq");
    line = sample();
    line.entry["x"] = std::string(ess::ledger_line_limit, 'x');
    check_refused(line, "bytes");
    line = sample();
    Json deep = 1;
    for (std::size_t i = 0; i < ess::json_depth_limit; ++i)
        deep = Json::array({deep});
    line.entry["x"] = deep;
    check_refused(line, "deep");
}

TEST_CASE("the deepest and the longest line that are written are read back") {
    auto line = sample();
    Json deep = 1;
    for (std::size_t i = 0; i < ess::json_depth_limit - 2; ++i)
        deep = Json::array({deep});
    line.entry["x"] = deep;
    REQUIRE(format_ledger_line(line));
    CHECK(parse_ledger_line(*format_ledger_line(line)));
    const std::size_t length = format_ledger_line(line)->size();
    line.entry["y"] = "";
    const std::size_t more = format_ledger_line(line)->size();
    CHECK(more > length);
    line.entry["y"] = std::string(ess::ledger_line_limit - more, 'y');
    REQUIRE(format_ledger_line(line));
    CHECK(format_ledger_line(line)->size() == ess::ledger_line_limit);
    CHECK(parse_ledger_line(*format_ledger_line(line)));
}

TEST_CASE("only the written form is read") {
    const std::string good = *format_ledger_line(sample());
    const auto changed = [&](const std::string& from, const std::string& to) {
        std::string text = good;
        const std::size_t where = text.find(from);
        REQUIRE(where != std::string::npos);
        return text.replace(where, from.size(), to);
    };
    CHECK(parse_ledger_line(good));
    for (const std::string& text : {
             changed("\"v\":1", "\"v\":2"),
             changed("\"v\":1", "\"v\":1.0"),
             changed("\"v\":1", "\"v\":\"1\""),
             changed(",\"v\":1", ""),
             changed("\"v\":1", "\"v\":1,\"w\":1"),
             changed("\"v\":1", "\"v\":1,\"v\":1"),
             changed("\"seq\":1", "\"seq\":01"),
             changed("\"seq\":1", "\"seq\":-1"),
             changed("\"seq\":1", "\"seq\":\"1\""),
             changed("\"seq\":1", "\"seq\":1.0"),
             changed("\"seq\":1", "\"seq\": 1"),
             changed("\"kind\":\"trip\"", "\"kind\":\"trap\""),
             changed("\"prev\":\"000", "\"prev\":\"00"),
             changed("\"prev\":\"000", "\"prev\":\"A00"),
             changed("01:41:58.058083Z", "01:41:58Z"),
             changed("01:41:58.058083Z", "02:41:58.058083+01:00"),
             changed("\"time\":\"2026", "\"time\":\"3026"),
             changed("\"time\":\"2026", "\"time\":\"1926"),
             changed("\"empty_us\":12345", "\"empty_us\":1.5"),
             changed("12345", "1234567890123456789"),
             changed("allowed_services", "allowed_servic\\u0065s"),
             changed("\"entry\":{", "\"entry\":[],\"x\":{"),
             good + "\n",
             good + good,
             std::string(),
             std::string(200, '\0'),
             std::string("[]"),
             std::string("null"),
         }) {
        CHECK_MESSAGE(!parse_ledger_line(text), text);
    }
    for (std::size_t cut = 0; cut < good.size(); ++cut)
        CHECK_FALSE(parse_ledger_line(good.substr(0, cut)));
}

TEST_CASE("operations are numbered per UTC day") {
    ess::OperationNumbers numbers;
    CHECK(*numbers.next(at("2026-01-28T23:59:59Z")) == "OPS-2026-01-28-001");
    CHECK(*numbers.next(at("2026-01-28T23:59:59Z")) == "OPS-2026-01-28-001");
    numbers.learn("OPS-2026-01-28-013");
    numbers.learn("OPS-2026-01-28-002");
    CHECK(*numbers.next(at("2026-01-28T00:00:00Z")) == "OPS-2026-01-28-014");
    CHECK(*numbers.next(at("2026-01-29T00:00:00+01:00")) == "OPS-2026-01-28-014");
    CHECK(*numbers.next(at("2026-01-29T00:00:00Z")) == "OPS-2026-01-29-001");
    numbers.learn("OPS-2026-01-29-001");
    // The clock jumped back a day.
    CHECK(*numbers.next(at("2026-01-28T12:00:00Z")) == "OPS-2026-01-28-014");
}

TEST_CASE("numbers grow past three digits and end") {
    ess::OperationNumbers numbers;
    numbers.learn("OPS-2026-01-28-999");
    CHECK(*numbers.next(at("2026-01-28T00:00:00Z")) == "OPS-2026-01-28-1000");
    numbers.learn("OPS-2026-01-28-1000");
    CHECK(*numbers.next(at("2026-01-28T00:00:00Z")) == "OPS-2026-01-28-1001");
    numbers.learn("OPS-2026-01-28-1000000");
    CHECK(*numbers.next(at("2026-01-28T00:00:00Z")) == "OPS-2026-01-28-1001");
    numbers.learn("OPS-2026-01-28-999999");
    CHECK_FALSE(numbers.next(at("2026-01-28T00:00:00Z")));
}

TEST_CASE("what is no operation_id is left alone") {
    for (const char* text : {"", "OPS-", "OPS-2026-01-28", "OPS-2026-01-28-01", "OPS-2026-01-28-000",
                             "OPS-2026-01-28-0001", "OPS-2026-13-28-001", "OPS-2026-02-30-001", "OPS-2026-01-28-0x1",
                             "OPS-2026-01-28--01", "OPS-2026-01-28-001 ", "ops-2026-01-28-001", "OPS-YYYY-MM-DD-NNN"}) {
        CHECK_MESSAGE(!ess::parse_operation_id(text), text);
    }
    REQUIRE(ess::parse_operation_id("OPS-2026-01-28-013"));
    CHECK(ess::parse_operation_id("OPS-2026-01-28-013")->text() == "OPS-2026-01-28-013");
}
