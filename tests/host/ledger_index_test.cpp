// Operations by id from a ledger on disk, and the changelog written from them.
#include "host/ledger_index.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "core/changelog_reader.hpp"
#include "host/changelog_file.hpp"
#include "small_ledger.hpp"

using namespace ess;
using namespace ess::test;
using namespace ess::host;

namespace {

void record(LedgerFile& ledger, const std::string& id, LedgerKind kind = LedgerKind::Append,
            const Json& more = Json::object(), const Json& ess = nullptr, const char* when = january) {
    Json entry{{"operation_id", id}};
    entry.update(more);
    REQUIRE(ledger.append({kind, entry, ess, *from_rfc3339(when)}));
}

std::vector<std::string> ids_of(const LedgerIndex& index) {
    std::vector<std::string> ids;
    REQUIRE(index.for_each([&](const Operation& operation) -> Result<> {
        ids.push_back(operation.id() + (operation.amendments.empty() ? "" : " " + operation.outcome()));
        return {};
    }));
    return ids;
}

LedgerIndex index_of(const std::string& directory) {
    auto index = LedgerIndex::read(directory);
    REQUIRE(index);
    return std::move(*index);
}

}  // namespace

TEST_CASE("ledger index: newest first, whatever the order of the lines") {
    const ScratchDirectory scratch;
    auto ledger = open(scratch.path());
    record(ledger, "OPS-2026-01-27-002");
    record(ledger, "TICKET-7");
    record(ledger, "OPS-1969-12-31-001");
    record(ledger, "OPS-2026-02-01-001", LedgerKind::Trip, Json::object(), {{"stop_us", 1}}, "2026-02-01T00:00:00Z");
    record(ledger, "OPS-2026-01-27-002", LedgerKind::Amend, {{"outcome", "PARTIAL"}});
    record(ledger, "OPS-2026-01-27-1000");
    record(ledger, "OPS-2026-01-27-002", LedgerKind::Signoff, {{"approved_by", "maria"}});
    record(ledger, "OPS-2026-01-27-002", LedgerKind::Late, {{"outcome", "ROLLBACK"}}, {{"kind", "amend"}});
    record(ledger, "TICKET-7", LedgerKind::Amend, {{"outcome", "ROLLBACK"}});
    record(ledger, "TICKET-8");
    const LedgerIndex index = index_of(scratch.path());
    CHECK(index.size() == 6);
    CHECK(ids_of(index) == std::vector<std::string>{"OPS-2026-02-01-001", "OPS-2026-01-27-1000",
                                                    "OPS-2026-01-27-002 ROLLBACK", "OPS-1969-12-31-001", "TICKET-8",
                                                    "TICKET-7 ROLLBACK"});
    const auto found = index.find("OPS-2026-01-27-002");
    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->seq == 1);
    CHECK((*found)->amendments.size() == 2);
    CHECK((*found)->signoffs.size() == 1);
    CHECK((*index.find("TICKET-8"))->seq == 10);
    CHECK((*index.find("OPS-1969-12-31-001"))->seq == 3);
    for (const char* missing : {"OPS-2026-01-27-003", "TICKET-9", "", "OPS-2026-01-27-0002"})
        CHECK_FALSE(*index.find(missing));
}

TEST_CASE("ledger index: a missing directory fails, and so does a line that is gone") {
    const ScratchDirectory scratch;
    CHECK(LedgerIndex::read(scratch.file("none")).error().code == ENOENT);
    {
        auto ledger = open(scratch.path());
        record(ledger, "OPS-2026-01-27-002");
    }
    const LedgerIndex index = index_of(scratch.path());
    put_bytes(scratch.file(january_file), "x" + bytes_of(scratch.file(january_file)));
    const auto walked = index.for_each([](const Operation&) -> Result<> { return {}; });
    REQUIRE_FALSE(walked);
    CHECK(walked.error().text.find("has changed while it was read") != std::string::npos);
    CHECK_FALSE(index.find("OPS-2026-01-27-002"));
}

TEST_CASE("changelog file: the whole ledger as Markdown, for who may read the ledger, replaced as a whole") {
    const ScratchDirectory scratch;
    const std::string path = scratch.file("OPS_CHANGELOG.md");
    auto ledger = open(scratch.file("ledger"));
    record(ledger, "OPS-2026-01-27-001", LedgerKind::Append, {{"notes", "a: b"}});
    record(ledger, "OPS-2025-12-27-001", LedgerKind::Trip, Json::object(), {{"stop_us", 12}});
    record(ledger, "OPS-2026-01-27-001", LedgerKind::Amend, {{"outcome", "ROLLBACK"}});
    put_bytes(path, "old");
    REQUIRE(write_changelog(scratch.file("ledger"), path));
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777U) == 0640);
    const std::string text = bytes_of(path);
    CHECK(text.find("## 2026-01") < text.find("## 2025-12"));
    const ChangelogReading reading = read_changelog(text);
    REQUIRE(reading.entries.size() == 3);
    CHECK(reading.entries[0].id() == "OPS-2026-01-27-001");
    CHECK(reading.entries[1].amends);
    CHECK(reading.entries[2].ess == Json({{"stop_us", 12}}));
    CHECK_FALSE(write_changelog(scratch.file("ledger"), scratch.file("no/such/file")));
    CHECK_FALSE(write_changelog(scratch.file("none"), path));
    CHECK(bytes_of(path) == text);
    // Nothing is left beside it.
    CHECK(std::distance(std::filesystem::directory_iterator(scratch.path()), {}) == 2);
}
