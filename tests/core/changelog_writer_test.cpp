// What is exported: one form, read back to the same entries. That other readers of YAML see the same is shown by
// tests/program/changelog_yaml_test.cpp.
#include "core/changelog_writer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "core/changelog_reader.hpp"
#include "core/yaml_scalar.hpp"
#include "core/yaml_writer.hpp"
#include "nasty_entry.hpp"

using namespace ess;
using namespace ess::test;

namespace {

Operation small_operation() {
    Operation operation;
    operation.entry = {{"operation_id", "OPS-2025-01-01-001"},
                       {"notes", "Reason: \"fire\""},
                       {"approval_timestamp", "2025-01-01T00:00:00Z"},
                       {"metrics_snapshot", "# x: FAILED\nup 1\n"},
                       {"allowed_services", {"a", "b"}},
                       {"allowed_paths", Json::array()},
                       {"services_status", {{"a", "off"}}},
                       {"proof_file", {{"sha256", "0123456789abcdef"}, {"size_bytes", 12}}},
                       {"zz_own", "kept"},
                       {"risk_class", "READ_ONLY"}};
    return operation;
}

void check_same(const ChangelogEntry& read, const Operation& written) {
    CHECK(read.entry == written.entry);
    CHECK(read.comments == written.comments);
    CHECK(read.ess == written.ess);
    CHECK(read.kind.value_or(LedgerKind::Append) == written.kind);
    CHECK(read.warnings.empty());
}

}  // namespace

TEST_CASE("yaml of an entry: order, kinds of values, comments") {
    Operation operation = small_operation();
    operation.comments = {{"allowed_services.1", "the second"}, {"metrics_snapshot", "by curl"}};
    operation.kind = LedgerKind::Trip;
    operation.ess = {{"stop_us", 12}, {"why", "a\tb"}, {"late", nullptr}, {"ok", true}, {"units", {"a"}}};
    CHECK(entry_yaml(operation) ==
          "---\n"
          "operation_id: OPS-2025-01-01-001\n"
          "approval_timestamp: \"2025-01-01T00:00:00Z\"\n"
          "risk_class: READ_ONLY\n"
          "allowed_services:\n"
          "  - a\n"
          "  - b  # the second\n"
          "allowed_paths: []\n"
          "services_status:\n"
          "  a: \"off\"\n"
          "proof_file:\n"
          "  sha256: \"0123456789abcdef\"\n"
          "  size_bytes: 12\n"
          "metrics_snapshot: |  # by curl\n"
          "  # x: FAILED\n"
          "  up 1\n"
          "notes: \"Reason: \\\"fire\\\"\"\n"
          "zz_own: kept\n"
          "kind: trip\n"
          "ess: {\"late\": null, \"ok\": true, \"stop_us\": 12, \"units\": [\"a\"], \"why\": \"a\\tb\"}\n");
    CHECK(amendment_yaml({{"operation_id", "OPS-2025-01-01-001"}, {"outcome", "ROLLBACK"}}) ==
          "---\namends: OPS-2025-01-01-001\noutcome: ROLLBACK\n");
}

TEST_CASE("yaml text: plain only where every version reads a string") {
    for (const char* plain : {"a", "main", "fa610f42", "None", "1) first, 2) second", "13 minutes (11 points)", "a:b",
                              "a#b", "it's", "P2.8 — Governor → on", "<1s", "docs/x_y.md"}) {
        CHECK(yaml_text(plain) == plain);
    }
    for (const char* quoted : {"",   "y",     "OFF",        "Null",     "~",    "12", "1e3",  "0x1f", "1_0", "-1",
                               ".5", "12:30", "2026-01-28", "2b442892", "a: b", "a:", "a #b", " a",   "a ",  "- a",
                               "-a", "?a",    "'a",         "\"a",      "<<",   "=",  "...",  "@a",   "%a"}) {
        CAPTURE(quoted);
        CHECK(yaml_text(quoted).front() == '"');
    }
    CHECK(yaml_text("a\x7f\u0085\u2028\uFEFF\x1b\n\"\\") == "\"a\\x7f\\x85\\u2028\\ufeff\\x1b\\n\\\"\\\\\"");
}

TEST_CASE("changelog: random entries with nasty texts are read back as they were written") {
    NastyEntries entries(4711);
    for (int round = 0; round < 3000; ++round) {
        const Operation operation = entries.next();
        const std::string text = changelog_header() + changelog_block(operation) + changelog_footer();
        CAPTURE(text);
        const ChangelogReading markdown = read_changelog(text);
        for (const YamlFault& fault : markdown.faults)
            FAIL_CHECK(to_text(fault));
        REQUIRE(markdown.entries.size() == 1);
        check_same(markdown.entries[0], operation);
        const ChangelogReading json = read_changelog(Json::array({to_json(operation)}).dump());
        for (const YamlFault& fault : json.faults)
            FAIL_CHECK(to_text(fault));
        REQUIRE(json.entries.size() == 1);
        check_same(json.entries[0], operation);
    }
}

TEST_CASE("changelog: the pieces make a document in the operators' form") {
    Operation operation = small_operation();
    operation.amendments = {{{"operation_id", "OPS-2025-01-01-001"}, {"outcome", "ROLLBACK"}, {"notes", "Undone."}}};
    operation.signoffs = {{{"operation_id", "OPS-2025-01-01-001"},
                           {"approved_by", "maria\n\"evil\": x"},
                           {"approval_timestamp", "2025-01-02T00:00:00Z"}}};
    CHECK(changelog_month(operation) == "2025-01");
    const std::string text =
        changelog_header() + changelog_section("2025-01") + changelog_block(operation) + changelog_footer();
    CHECK(text.starts_with("# Operations Changelog"));
    CHECK(text.find("\n---\n\n## 2025-01\n\n```yaml\n---\noperation_id: OPS-2025-01-01-001\n") != std::string::npos);
    CHECK(text.find("\n# signed off by maria \"evil\": x, 2025-01-02T00:00:00Z\n```\n") != std::string::npos);
    CHECK(text.find("\n```yaml\n---\namends: OPS-2025-01-01-001\noutcome: ROLLBACK\nnotes: Undone.\n```\n") !=
          std::string::npos);
    CHECK(text.find("\n## Template") != std::string::npos);
    const ChangelogReading reading = read_changelog(text);
    REQUIRE(reading.entries.size() == 2);
    check_same(reading.entries[0], operation);
    CHECK(reading.entries[1].entry == operation.amendments[0]);
    operation.entry["operation_id"] = "TICKET-12";
    CHECK(changelog_month(operation) == "other");
}

TEST_CASE("changelog: what JSON alone can get wrong") {
    const auto faults = [](const Json& object) {
        std::string text;
        for (const YamlFault& fault : read_changelog(Json::array({object}).dump()).faults)
            text += fault.text + "\n";
        return text;
    };
    const Json good = to_json(small_operation());
    CHECK(faults(good) == "");
    const auto with = [&](const char* key, const Json& value) {
        Json object = good;
        object[key] = value;
        return faults(object);
    };
    CHECK(with("kind", "party") == "kind: not a kind of the ledger\n");
    CHECK(with("ess", 1) == "OPS-2025-01-01-001: ess: must be an object\n");
    CHECK(with("comments", {{"commits.0", "x"}}) == "OPS-2025-01-01-001: comments: commits.0: no such field\n");
    CHECK(with("comments", {{"notes", "a\nb"}}) == "OPS-2025-01-01-001: comments: notes: must be one line of text\n");
    CHECK(with("notes", 12) == "OPS-2025-01-01-001: notes: must be a text\n");
    CHECK(with("own", 12) == "OPS-2025-01-01-001: own: must be a text, a list of texts or a map of texts\n");
    CHECK(with("own", {{{"a", 1}}}) == "OPS-2025-01-01-001: own.0: must be a text\n");
    CHECK(with("amendments", {{{"operation_id", "other"}}}) ==
          "OPS-2025-01-01-001: an amendment with another operation_id\n");
    CHECK(with("signoffs", Json::array({Json::object()})) == "");
}
