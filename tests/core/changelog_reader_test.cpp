// The operators' changelog as text: what is an entry, what is read from it, what is refused and where.
#include "core/changelog_reader.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "core/entry_form.hpp"

using namespace ess;

namespace {

using Strings = std::vector<std::string>;

const std::string fixture = std::string(ESS_SOURCE_DIR) + "/tests/fixtures/changelog/OPS_CHANGELOG.md";
const std::string seed = std::string(ESS_SOURCE_DIR) + "/../shared/seeds/000_7e2acc9eb83e6242.txt";

ChangelogReading read_at(const std::string& path) {
    const auto text = read_file(path, changelog_size_limit);
    REQUIRE(text);
    return read_changelog(*text);
}

std::string faults_of(const ChangelogReading& reading) {
    std::string text;
    for (const YamlFault& fault : reading.faults)
        text += to_text(fault) + "\n";
    return text;
}

Strings ids_of(const ChangelogReading& reading) {
    Strings ids;
    for (const ChangelogEntry& entry : reading.entries)
        ids.push_back(entry.id());
    return ids;
}

/// The lines and columns of an entry's warnings.
Strings warned(const ChangelogEntry& entry) {
    Strings places;
    for (const YamlFault& warning : entry.warnings)
        places.push_back(std::to_string(warning.place.line) + ":" + std::to_string(warning.place.column));
    return places;
}

std::string fenced(const std::string& yaml) {
    return "```yaml\n---\n" + yaml + "```\n";
}

/// An entry's fields in order, so that a test changes one.
std::string entry_with(const std::string& line) {
    return "operation_id: OPS-2025-01-01-001\n" + line + "\n";
}

std::string repeated(const std::string& text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i)
        all += text;
    return all;
}

}  // namespace

TEST_CASE("changelog: a file like the operators' own") {
    const ChangelogReading reading = read_at(fixture);
    CHECK(faults_of(reading) == "");
    REQUIRE(ids_of(reading) ==
            Strings{"OPS-2025-11-14-003", "OPS-2025-11-14-002", "OPS-2025-11-14-001", "OPS-2025-10-02-001"});
    const ChangelogEntry& gateway = reading.entries[0];
    CHECK(gateway.line == 10);
    CHECK(warned(gateway) == Strings{"21:15"});
    CHECK(gateway.warnings[0].text.starts_with("blast_radius has \": \" in an unquoted value"));
    CHECK(gateway.text.starts_with("---\noperation_id: OPS-2025-11-14-003\n"));
    CHECK(gateway.text.ends_with("notes: Written by the deploy script\n"));
    CHECK(gateway.entry == Json::parse(R"({
        "operation_id": "OPS-2025-11-14-003", "operation_name": "Feed gateway — second line",
        "requested_by": "SELF", "approved_by": "maria",
        "approval_timestamp": "2025-11-14T08:41:58.058083+00:00", "execution_timestamp": "2025-11-14T08:45:00Z",
        "git_commit": "4417e903", "git_branch": "main", "hostname": "feed-1", "risk_class": "SERVICE_RESTART",
        "blast_radius": "Quotes stop for up to 5 s on a restart. Fallback: line one takes over = no gap.",
        "changes_summary": "1) gateway unit, 2) routes, 3) alarm at 90% → page",
        "objective": "Second line for quotes, <1s switch", "outcome": "SUCCESS",
        "allowed_services": ["feed-gateway", "feed-router"],
        "services_status": {"feed-gateway,feed-router": "inactive"},
        "proof_file": {"path": "/srv/proof/line2.txt", "sha256": "0123456789abcdef", "size_bytes": 8669,
                       "mtime_utc": "2025-11-14T08:38:15.880044+00:00"},
        "metrics_snapshot": "# http://127.0.0.1:9000/metrics: FAILED\nfeed_up{line=\"2\"} 1\n",
        "redis_snapshot": "# redis-cli KEYS feed:*: FAILED\n", "notes": "Written by the deploy script"})"));
    CHECK(gateway.comments.is_null());
    CHECK(warned(reading.entries[1]) == Strings{"57:18", "60:8"});
    CHECK(reading.entries[1].entry.at("notes") == "Next: look at line two");
    const ChangelogEntry& router = reading.entries[2];
    CHECK(warned(router).empty());
    CHECK(router.entry.at("commits") == Json({"b556c2d8", "2b442892", "f57ce883"}));
    CHECK(router.comments == Json({{"commits.0", "routes and alarm"}, {"commits.1", "guide"}}));
    CHECK(router.entry.at("allowed_paths") == Json({"/etc/feed/", "/etc/router/main.conf"}));
    CHECK(router.entry.at("allowed_services") == Json({"feed-router", "feed-gateway"}));
    CHECK(router.entry.at("soak_duration") == "13 minutes (11 samples needed)");
    CHECK(router.entry.at("soak_metrics") == "routes_total: 12\nstale_max: <300s\n");
    CHECK(router.entry.at("verification_evidence")[0] == "Router: routes=12, 'stale' = 0");
}

TEST_CASE("changelog: the operators' document") {
    if (!std::filesystem::exists(seed)) return;
    const ChangelogReading reading = read_at(seed);
    CHECK(faults_of(reading) == "");
    CHECK(ids_of(reading) == Strings{"OPS-2026-01-28-001", "OPS-2026-01-27-013", "OPS-2026-01-27-012",
                                     "OPS-2026-01-27-011", "OPS-2026-01-27-010", "OPS-2026-01-27-002",
                                     "OPS-2026-01-27-001"});
    REQUIRE(reading.entries.size() == 7);
    CHECK(warned(reading.entries[1]) == Strings{"57:15"});
    CHECK(warned(reading.entries[2]) == Strings{"87:15", "88:18", "103:8"});
    CHECK(warned(reading.entries[3]) == Strings{"120:18", "135:8"});
    for (const std::size_t clean : {0, 4, 5, 6})
        CHECK(warned(reading.entries[clean]).empty());
    const std::vector<std::size_t> fields{18, 18, 20, 20, 20, 12, 12};
    for (std::size_t i = 0; i < fields.size(); ++i) {
        CAPTURE(i);
        CHECK(reading.entries[i].entry.size() == fields[i]);
    }
    CHECK(reading.entries[0].entry.at("proof_file").at("size_bytes") == 8669);
    CHECK(reading.entries[1].entry.at("blast_radius") ==
          "P2.8 Governor uses LKG cache (15min tolerance). Budget TTL 60s→300s. Test mode enabled. Fail-safe: stale "
          "cache = fail-open (allow).");
    CHECK(reading.entries[2].entry.at("allowed_services") ==
          Json({"quantum-portfolio-risk-governor", "quantum-governor"}));
    CHECK(reading.entries[4].entry.at("allowed_paths").size() == 5);
    CHECK(reading.entries[4].entry.at("evidence_commands").size() == 6);
    CHECK(reading.entries[4].comments == Json({{"commits.0", "atomic deploy + warmup metrics"},
                                               {"commits.1", "monitoring guide"},
                                               {"commits.2", "verification report"},
                                               {"commits.3", "ledger entry"},
                                               {"commits.4", "deployment timeline + verification evidence"}}));
}

TEST_CASE("changelog: the lenient rule") {
    struct Row {
        std::string line;
        std::string value;  ///< of `notes`; empty: refused
        Strings places;
    };
    const std::vector<Row> rows{
        {"notes: a: b", "a: b", {"4:8"}},
        {"notes:   it's: so  ", "it's: so", {"4:10"}},
        {"notes: ends with:", "ends with:", {"4:8"}},
        {"notes: a: b # and so on", "a: b # and so on", {"4:8"}},
        {"notes: a: b\nobjective: \"x\": y", "", {}},
        {"notes: a: b\n  continued: c", "", {}},
        {"notes: \"a: b\"", "a: b", {}},
        {"notes: |\n  a: b: c", "a: b: c\n", {}},
        {"notes: a:b", "a:b", {}},
        {"notes: \v", "", {}},
        {"notes: [a: b: c", "", {}},
        {"notes: *a: b", "", {}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.line);
        const ChangelogReading reading = read_changelog(fenced(entry_with(row.line)));
        CHECK((reading.entries.empty() ? "" : reading.entries[0].entry.at("notes")) == row.value);
        CHECK((reading.entries.empty() ? Strings{} : warned(reading.entries[0])) == row.places);
        CHECK(reading.faults.empty() == !row.value.empty());
    }
}

TEST_CASE("changelog: a valid block is read strictly, whatever is in it") {
    const ChangelogReading reading = read_changelog(fenced(entry_with("notes: see #12 # really\nobjective: a #1")));
    CHECK(faults_of(reading) == "");
    REQUIRE(reading.entries.size() == 1);
    CHECK(reading.entries[0].entry.at("notes") == "see");
    CHECK(reading.entries[0].comments == Json({{"notes", "12 # really"}, {"objective", "1"}}));
}

TEST_CASE("changelog: comments behind values, and behind the keys of lists, maps and texts") {
    const ChangelogReading reading =
        read_changelog(fenced(entry_with("commits:  # all of them\n"
                                         "  - \"a # b\" # one\n"
                                         "  # no comment of a value\n"
                                         "  - é#x  # two\n"
                                         "services_status: # now\n"
                                         "  a: up # since noon\n"
                                         "notes: |- # as told\n"
                                         "  # text\n"
                                         "\"on\": [x, y] # flow")));
    CHECK(faults_of(reading) == "");
    REQUIRE(reading.entries.size() == 1);
    CHECK(reading.entries[0].comments == Json({{"commits", "all of them"},
                                               {"commits.0", "one"},
                                               {"commits.1", "two"},
                                               {"services_status", "now"},
                                               {"services_status.a", "since noon"},
                                               {"notes", "as told"},
                                               {"on", "flow"}}));
    CHECK(reading.entries[0].entry.at("notes") == "# text");
}

TEST_CASE("changelog: what is refused, and where") {
    struct Row {
        std::string text;
        std::string faults;
    };
    const std::string id = "operation_id: OPS-2025-01-01-001\n";
    const std::vector<Row> rows{
        {"just prose\n", "0:0: no entry in it: one is a fenced block of the language yaml that begins with ---\n"},
        {fenced("notes: x\n"), "3:1: no operation_id\n"},
        {"\n\n" + fenced(id + "a: b\n\tc\n"),
         "7:1: found a tab character that violates indentation (while scanning a plain scalar)\n"},
        {fenced(id + "notes: a\nnotes: b\n"), "5:1: the key \"notes\" is already given in line 3\n"},
        {fenced(id + "notes: a\n") + fenced(id + "notes: b\n"),
         "7:1: OPS-2025-01-01-001 is already given in line 2, with another content\n"},
        {fenced(id) + "```yaml\n---\n", "5:1: the block that begins here has no end\n"},
        {"```text\n" + fenced(id), "2:1: a block of YAML begins in the block of line 1, which has no end\n"},
        {"````text\n" + fenced(id), "1:1: the block that begins here has no end\n"},
        {"```yaml\n" + id + "```\n", "2:1: this looks like an entry: put a line --- before it\n"},
        {"     ```yaml\n     ---\n     a: b\n     ```\n" + fenced(id),
         "1:1: indent the block by three spaces at most, or it is not one\n"},
        {fenced(id + "risk_class: HIGH\n"),
         "4:13: risk_class: must be one of READ_ONLY, LOW_RISK_CONFIG, SERVICE_RESTART, FILESYSTEM_WRITE\n"},
        {fenced(id + "outcome: fine\nproof_file: {size_bytes: 1e3}\n"),
         "4:10: outcome: must be one of SUCCESS, PARTIAL, ROLLBACK\n"
         "5:26: proof_file.size_bytes: must be a number of bytes\n"},
        {fenced(id + "approval_timestamp: yesterday\n"),
         "4:21: approval_timestamp: must be a time like 2026-01-28T01:41:58Z, not \"yesterday\"\n"},
        {fenced(id + "services_status: up\n"), "4:18: services_status: must be a map\n"},
        {fenced(id + "x:\n  - [a]\n"), "5:5: x.0: must be a text; lists and maps have one level\n"},
        {fenced(id + "amends: OPS-2025-01-01-001\n"), "3:15: operation_id: an amendment has amends in its place\n"},
        {fenced(id + "comments: x\n"), "4:11: comments: cannot be a field of an entry\n"},
        {fenced(id + "ess: x\n"),
         "4:6: ess: x is neither a quoted text, nor an integer, true, false or null\n4:6: ess: must be a map\n"},
        {fenced(id + "operation_name: <short name>\n"), "4:17: operation_name: is still the template's placeholder\n"},
        {fenced(id + "notes: a\rb\n"),
         "4:1: a line break that YAML 1.1 and 1.2 read differently: write it as \\r, \\N, \\L or \\P between double "
         "quotes\n"},
        {fenced(id + std::string("notes: a\0b\n", 11)), "4:9: a NUL byte: this is not a text file\n"},
        {fenced(id + "notes: \xFF\n"), "4:8: not UTF-8: save the file in that encoding\n"},
        {fenced("- a\n"), "3:1: an entry is a map: lines of \"key: value\"\n"},
        {"[{\"notes\": \"x\"}]", "0:1: no operation_id\n"},
        {"[1.5", "0:0: JSON: malformed at byte 5\n"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const ChangelogReading reading = read_changelog(row.text);
        CHECK(faults_of(reading) == row.faults);
        CHECK(reading.entries.empty());
    }
}

TEST_CASE("changelog: fences of every kind, line ends of both kinds") {
    const std::string entry = "---\noperation_id: OPS-2025-01-01-001\nnotes: x\n";
    const std::string tildes = "---\noperation_id: OPS-2025-01-01-001\nnotes: |\n  x\n  ~~~\n";
    const std::string indented = "  ---\n  operation_id: OPS-2025-01-01-001\n  notes: x\n";
    std::string windows = "```yaml\n" + entry + "```\n";
    for (std::size_t at = 0; (at = windows.find('\n', at)) != std::string::npos; at += 2)
        windows.insert(at, "\r");
    for (const std::string& text : {
             "```yaml\n" + entry + "```",
             "```YML title=x\n" + entry + "````\n",
             "~~~~ yaml\n" + tildes + "~~~~\n",
             "  ```yaml\n" + indented + "  ```\n",
             "\xEF\xBB\xBF```yaml\n" + entry + "```\n",
             windows,
             entry,
             entry + "---\n" + entry.substr(4),
             "# a comment\n" + entry.substr(4),
             std::string("\xEF\xBB\xBF") + entry,
         }) {
        CAPTURE(text);
        const ChangelogReading reading = read_changelog(text);
        CHECK(faults_of(reading) == "");
        REQUIRE(reading.entries.size() == 1);
        CHECK(reading.entries[0].entry.at("operation_id") == "OPS-2025-01-01-001");
        CHECK(reading.entries[0].entry.at("notes").get<std::string>().starts_with("x"));
    }
}

TEST_CASE("changelog: amendments") {
    const ChangelogReading reading =
        read_changelog(fenced("operation_id: OPS-2025-01-01-001\n") +
                       repeated(fenced("amends: OPS-2025-01-01-001\noutcome: ROLLBACK\n"), 2) +
                       fenced("amends: OPS-2025-01-01-001\noutcome: PARTIAL\n"));
    CHECK(faults_of(reading) == "");
    REQUIRE(reading.entries.size() == 3);
    CHECK_FALSE(reading.entries[0].amends);
    CHECK(reading.entries[1].amends);
    CHECK(reading.entries[1].entry == Json({{"operation_id", "OPS-2025-01-01-001"}, {"outcome", "ROLLBACK"}}));
    CHECK(reading.entries[2].entry.at("outcome") == "PARTIAL");
}

TEST_CASE("changelog: one entry written by hand") {
    CHECK(read_entry("operation_name: x\n").entries.at(0).id().empty());
    CHECK(read_entry("---\noperation_id: OPS-YYYY-MM-DD-NNN\noperation_name: x\n").entries.at(0).id().empty());
    CHECK(read_entry(fenced("operation_id: OPS-2025-01-01-001\n")).entries.at(0).id() == "OPS-2025-01-01-001");
    CHECK(faults_of(read_entry("---\noperation_id:")) == "2:1: the entry has no fields\n");
    CHECK(faults_of(read_entry("")) == "0:0: one entry is expected, and 0 are here\n");
    CHECK(faults_of(read_entry("a: b\n---\na: c\n")) == "0:0: one entry is expected, and 2 are here\n");
    CHECK(faults_of(read_entry("a: b\nrisk_class: <x>\nnotes: <what else is worth knowing>\n")) ==
          "2:13: risk_class: must be one of READ_ONLY, LOW_RISK_CONFIG, SERVICE_RESTART, FILESYSTEM_WRITE\n"
          "3:8: notes: is still the template's placeholder\n");
    CHECK(missing_fields({{"operation_name", "x"}, {"outcome", ""}}) ==
          Strings{"requested_by", "approved_by", "risk_class", "blast_radius", "changes_summary", "outcome"});
}

TEST_CASE("changelog: limits") {
    const std::string huge(changelog_size_limit + 1, 'x');
    CHECK(faults_of(read_changelog(huge)) == "0:0: larger than 16777216 bytes: import it in parts\n");
    CHECK(read_changelog(repeated("```yaml\n```\n", 100000)).faults.empty());
    CHECK(read_changelog(repeated("```yaml\n", 100000)).faults.size() == 1);
    CHECK(read_changelog(repeated("```yaml\n---\n- a\n```\n", 100000)).faults.size() <= yaml_fault_limit + 2);
    CHECK(faults_of(read_changelog(fenced("a: " + repeated("[", 100000) + "\n"))).ends_with("deep\n"));
    CHECK(faults_of(read_changelog(fenced("a: " + std::string(300000, 'x') + "\n"))) ==
          "2:1: larger than 262144 bytes\n");
}
