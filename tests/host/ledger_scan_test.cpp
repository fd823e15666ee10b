#include "host/ledger_scan.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "base/base64.hpp"
#include "base/sha256.hpp"
#include "small_ledger.hpp"

using namespace ess::test;
using ess::LedgerKind;
using ess::LedgerLine;

TEST_CASE("names of segments") {
    REQUIRE(ess::host::parse_segment("2026-01.001.jsonl"));
    CHECK(ess::host::parse_segment("2026-01.1000.jsonl")->file() == "2026-01.1000.jsonl");
    CHECK(*ess::host::parse_segment("2026-01.999.jsonl") < *ess::host::parse_segment("2026-01.1000.jsonl"));
    CHECK(*ess::host::parse_segment("2026-01.1000.jsonl") < *ess::host::parse_segment("2026-02.001.jsonl"));
    for (const char* name : {"2026-01.1.jsonl", "2026-01.0001.jsonl", "2026-13.001.jsonl", "2026-01-001.jsonl",
                             "2026-01.001.json", ".jsonl", "checkpoint", "2026-01..jsonl", "2026-01.0x1.jsonl"}) {
        CHECK_MESSAGE(!ess::host::parse_segment(name), name);
    }
}

TEST_CASE("cut at any byte: whole lines stay, the rest is reported, the chain goes on") {
    const std::string whole = small_ledger(3);
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        CAPTURE(cut);
        const ScratchDirectory scratch;
        const std::string before = whole.substr(0, cut);
        put_bytes(scratch.file(january_file), before);
        const auto good = static_cast<std::uint64_t>(std::count(before.begin(), before.end(), '\n'));
        const std::size_t good_bytes = good == 0 ? 0 : before.rfind('\n') + 1;
        const std::uint64_t torn = cut - good_bytes;
        {
            auto ledger = open(scratch.path());
            REQUIRE(ledger.head().entries == good);
            REQUIRE(ledger.unreported().size() == (torn > 0 ? 1 : 0));
            REQUIRE(append(ledger).seq == good + 1 + (torn > 0 ? 1 : 0));
        }
        const auto ledger = open(scratch.path());
        REQUIRE(ledger.unreported().empty());
        const auto lines = lines_of(ledger);
        REQUIRE(ledger.head().entries == lines.size());
        // The damaged file is as it was.
        REQUIRE(bytes_of(scratch.file(january_file)).starts_with(before));
        if (torn == 0) continue;
        REQUIRE(bytes_of(scratch.file(january_file)) == before);
        const auto report = ess::parse_ledger_line(lines[good]);
        REQUIRE(report->kind == LedgerKind::Recovery);
        REQUIRE(report->ess["file"] == january_file);
        REQUIRE(report->ess["good_bytes"] == good_bytes);
        REQUIRE(report->ess["torn_bytes"] == torn);
        REQUIRE(report->ess["torn_sha256"] == ess::sha256_hex(before.substr(good_bytes)));
    }
}

TEST_CASE("every flipped bit is reported, but in the newest line, which has another hash then") {
    const std::string whole = small_ledger(3);
    const std::size_t newest = whole.rfind('\n', whole.size() - 2) + 1;
    const ScratchDirectory scratch;
    put_bytes(scratch.file(january_file), whole);
    const auto intact = scan(scratch.path());
    REQUIRE(intact.unreported.empty());
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
        CAPTURE(bit);
        std::string flipped = whole;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        put_bytes(scratch.file(january_file), flipped);
        const auto found = scan(scratch.path());
        const bool seen = !found.unreported.empty();
        REQUIRE((seen || (bit / 8 >= newest && found.head.hash != intact.head.hash)));
    }
}

TEST_CASE("a changed line in the middle is a breach, told once, and what lies behind it does not count") {
    std::string bytes = small_ledger(3);
    const ScratchDirectory scratch;
    const std::size_t second = bytes.find('\n') + 1;
    std::uint64_t counted = 1;
    SUBCASE("still a line") {
        // Only the next line shows it.
        bytes.replace(bytes.find("ESS trip", second), 3, "ESX");
        counted = 2;
    }
    SUBCASE("no line any more") {
        bytes[second + 5] = '\n';
    }
    SUBCASE("removed") {
        bytes.erase(second, bytes.find('\n', second) + 1 - second);
    }
    SUBCASE("twice") {
        bytes.insert(second, bytes.substr(second, bytes.find('\n', second) + 1 - second));
        counted = 2;
    }
    put_bytes(scratch.file(january_file), bytes);
    {
        auto ledger = open(scratch.path());
        REQUIRE(ledger.unreported().size() == 1);
        CHECK(ledger.unreported()[0].kind == LedgerKind::Breach);
        CHECK(ledger.head().entries == counted);
        const auto before = lines_of(ledger);
        CHECK(before.size() == counted);
        const auto receipt = append(ledger);
        CHECK(receipt.seq == counted + 2);
        // The breach line has 004: what people may have seen is not given again.
        CHECK(receipt.operation_id == "OPS-2026-01-28-005");
        auto after = lines_of(ledger);
        after.resize(before.size());
        CHECK(after == before);
    }
    CHECK(bytes_of(scratch.file(january_file)) == bytes);
    CHECK(scan(scratch.path()).unreported.empty());
    CHECK(scan(scratch.path()).head.entries == counted + 2);
    // More of it changed afterwards: told again.
    bytes.back() = ' ';
    put_bytes(scratch.file(january_file), bytes);
    CHECK_FALSE(scan(scratch.path()).unreported.empty());
}

TEST_CASE("a breach in an earlier segment: later ones count, also once it is told") {
    const ScratchDirectory scratch;
    {
        auto ledger = open(scratch.path());
        for (const char* when : {january, january, january, "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"})
            append(ledger, when);
    }
    std::string bytes = bytes_of(scratch.file(january_file));
    bytes[bytes.find('\n') + 5] = '#';
    put_bytes(scratch.file(january_file), bytes);
    const auto found = scan(scratch.path());
    REQUIRE(found.unreported.size() == 1);
    CHECK(found.head.entries == 5);
    std::vector<std::string> lines;
    {
        auto ledger = open(scratch.path());
        CHECK(lines_of(ledger).size() == 3);
        append(ledger, "2026-02-03T00:00:00Z");
        lines = lines_of(ledger);
        REQUIRE(lines.size() == 5);
        CHECK(ess::parse_ledger_line(lines[1])->seq == 4);
        CHECK(ess::parse_ledger_line(lines[3])->kind == LedgerKind::Breach);
        CHECK(ess::parse_ledger_line(lines[3])->seq == 6);
    }
    CHECK(scan(scratch.path()).unreported.empty());
    CHECK(lines_of(open(scratch.path())) == lines);
    // The lines that count are cut, or the evidence is taken away: told as well.
    SUBCASE("cut") {
        std::filesystem::resize_file(scratch.file(january_file), 10);
    }
    SUBCASE("the evidence is gone") {
        std::filesystem::resize_file(scratch.file(january_file), bytes.find('\n') + 1);
    }
    const auto again = scan(scratch.path());
    REQUIRE(again.unreported.size() == 1);
    CHECK(again.unreported[0].kind == LedgerKind::Breach);
    auto ledger = open(scratch.path());
    append(ledger, "2026-02-04T00:00:00Z");
    CHECK(scan(scratch.path()).unreported.empty());
}

TEST_CASE("a gap is where a breach was told, and nowhere else") {
    const ScratchDirectory scratch;
    {
        auto ledger = open(scratch.path());
        for (const char* when : {january, "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"})
            append(ledger, when);
    }
    std::filesystem::remove(scratch.file("2026-02.001.jsonl"));
    {
        auto ledger = open(scratch.path());
        append(ledger, "2026-04-02T00:00:00Z");
    }
    CHECK(scan(scratch.path()).unreported.empty());
    std::filesystem::remove(scratch.file("2026-04.001.jsonl"));
    CHECK_FALSE(scan(scratch.path()).unreported.empty());
}

TEST_CASE("what was torn is kept in the report, as far as it is short") {
    const ScratchDirectory scratch;
    const std::string torn = std::string("\0\xFF{", 3) + std::string(400, 'x');
    put_bytes(scratch.file(january_file), small_ledger(1) + torn);
    auto ledger = open(scratch.path());
    append(ledger);
    const auto report = ess::parse_ledger_line(lines_of(ledger)[1]);
    CHECK(report->ess["torn_head"] == ess::to_base64(torn.substr(0, 256)));
    CHECK(ess::host::reported_damage(*report)->torn_head == torn.substr(0, 256));
}

TEST_CASE("a missing or unreadable segment is a breach") {
    const ScratchDirectory scratch;
    {
        auto ledger = open(scratch.path());
        append(ledger, "2026-01-01T00:00:00Z");
        append(ledger, "2026-02-01T00:00:00Z");
        append(ledger, "2026-03-01T00:00:00Z");
    }
    const std::string middle = scratch.file("2026-02.001.jsonl");
    SUBCASE("missing") {
        std::filesystem::remove(middle);
    }
    SUBCASE("empty") {
        put_bytes(middle, "");
    }
    SUBCASE("a directory") {
        std::filesystem::remove(middle);
        std::filesystem::create_directory(middle);
    }
    SUBCASE("its tail") {
        std::filesystem::resize_file(middle, 20);
    }
    auto ledger = open(scratch.path());
    REQUIRE_FALSE(ledger.unreported().empty());
    for (const auto& damage : ledger.unreported())
        CHECK(damage.kind == LedgerKind::Breach);
    append(ledger, "2026-03-02T00:00:00Z");
    CHECK(ledger.unreported().empty());
    CHECK(scan(scratch.path()).unreported.empty());
}

TEST_CASE("tails that a power loss leaves") {
    std::string bytes = small_ledger(2);
    SUBCASE("NUL bytes") {
        bytes.append(5000, '\0');
    }
    SUBCASE("a long run of NUL bytes") {
        bytes.append(200000, '\0');
    }
    SUBCASE("a line that is too long") {
        bytes.append(200000, 'x').append("\n");
    }
    SUBCASE("an empty line") {
        bytes.append("\n");
    }
    const ScratchDirectory scratch;
    put_bytes(scratch.file(january_file), bytes);
    auto ledger = open(scratch.path());
    REQUIRE(ledger.unreported().size() == 1);
    CHECK(ledger.unreported()[0].kind == LedgerKind::Recovery);
    CHECK(ledger.unreported()[0].good_bytes == small_ledger(2).size());
    CHECK(append(ledger).seq == 4);
    CHECK(scan(scratch.path()).unreported.empty());
}

TEST_CASE("a report that did not get out is made again") {
    const ScratchDirectory scratch;
    put_bytes(scratch.file(january_file), small_ledger(1) + "torn");
    SUBCASE("its segment is empty") {
        put_bytes(scratch.file("2026-01.002.jsonl"), "");
    }
    SUBCASE("its line is torn") {
        put_bytes(scratch.file("2026-01.002.jsonl"), "{\"boot");
    }
    auto ledger = open(scratch.path());
    REQUIRE_FALSE(ledger.unreported().empty());
    for (const auto& damage : ledger.unreported())
        CHECK(damage.kind == LedgerKind::Recovery);
    append(ledger);
    CHECK(scan(scratch.path()).unreported.empty());
}

TEST_CASE("a line whose sync failed does not count, whether or not it reached the disk") {
    // As append() leaves it when write(2) put the whole line and fdatasync failed.
    const std::string acknowledged = small_ledger(1);
    const std::string both = small_ledger(2);
    const ScratchDirectory scratch;
    put_bytes(scratch.file(january_file), both);
    const auto torn = ess::host::measure_torn(scratch.path(), {"2026-01", 1}, acknowledged.size(), "sync: I/O error");
    LedgerLine line = *ess::parse_ledger_line(both.substr(acknowledged.size(), both.size() - acknowledged.size() - 1));
    line.kind = LedgerKind::Recovery;
    line.ess = torn.to_json();
    put_bytes(scratch.file("2026-01.002.jsonl"), *ess::format_ledger_line(line) + "\n");
    CHECK(scan(scratch.path()).unreported.empty());
    SUBCASE("it did") {}
    SUBCASE("it did not") {
        std::filesystem::resize_file(scratch.file(january_file), acknowledged.size());
    }
    SUBCASE("half of it did") {
        std::filesystem::resize_file(scratch.file(january_file), acknowledged.size() + 9);
    }
    auto ledger = open(scratch.path());
    for (const auto& damage : ledger.unreported())
        CHECK(damage.kind == LedgerKind::Recovery);
    CHECK(ledger.head().entries == 2);
    append(ledger);
    const auto lines = lines_of(ledger);
    CHECK(lines[0] + "\n" == acknowledged);
    CHECK(lines[1] == *ess::format_ledger_line(line));
    CHECK(scan(scratch.path()).unreported.empty());
}
