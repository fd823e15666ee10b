#include "core/operation.hpp"

#include <doctest/doctest.h>

using namespace ess;

namespace {

constexpr const char* id = "OPS-2026-01-28-001";

LedgerLine line(LedgerKind kind, Json entry, Json ess = Json()) {
    LedgerLine made;
    made.kind = kind;
    made.entry = std::move(entry);
    made.ess = std::move(ess);
    made.seq = 7;
    made.time = *from_rfc3339("2026-01-28T02:00:00Z");
    return made;
}

Operation operation(const LedgerLine& of) {
    const auto made = operation_of(of, "bytes");
    REQUIRE(made);
    return *made;
}

}  // namespace

TEST_CASE("operation: a line and where it stands") {
    const Operation trip =
        operation(line(LedgerKind::Trip, {{"operation_id", id}, {"outcome", "SUCCESS"}}, {{"trigger", "latch"}}));
    CHECK(trip.id() == id);
    CHECK(trip.kind == LedgerKind::Trip);
    CHECK(trip.outcome() == "SUCCESS");
    CHECK(trip.ess.at("trigger") == "latch");
    CHECK(trip.seq == 7);
    CHECK(trip.hash == ledger_hash("bytes"));
    CHECK(to_json(trip).at("kind") == "trip");
}

TEST_CASE("operation: lines that begin none") {
    CHECK_FALSE(operation_of(line(LedgerKind::Genesis, Json::object()), "x"));
    CHECK_FALSE(operation_of(line(LedgerKind::Append, {{"operation_id", 5}}), "x"));
    for (const LedgerKind kind : {LedgerKind::Amend, LedgerKind::Signoff}) {
        CHECK_FALSE(operation_of(line(kind, {{"operation_id", id}}), "x"));
        // Nor when they were recorded late.
        CHECK_FALSE(operation_of(line(LedgerKind::Late, {{"operation_id", id}}, {{"kind", to_text(kind)}}), "x"));
    }
}

TEST_CASE("operation: a late entry counts as what it was") {
    const Operation late = operation(line(LedgerKind::Late, {{"operation_id", id}},
                                          {{"kind", "trip"}, {"happened", "x"}, {"ess", {{"trigger", "latch"}}}}));
    CHECK(late.kind == LedgerKind::Trip);
    CHECK(late.ess == Json{{"trigger", "latch"}});
}

TEST_CASE("operation: an imported entry has its comments, kind and timeline back") {
    const Operation imported = operation(line(LedgerKind::Append, {{"operation_id", id}},
                                              {{"imported", {{"file", "OPS_CHANGELOG.md"}}},
                                               {"comments", {{"commits.0", "guide"}}},
                                               {"kind", "reset"},
                                               {"ess", {{"a", 1}}}}));
    CHECK(imported.kind == LedgerKind::Reset);
    CHECK(imported.comments.at("commits.0") == "guide");
    CHECK(imported.ess == Json{{"a", 1}});
    const Operation plain = operation(line(LedgerKind::Append, {{"operation_id", id}}, {{"recorded_by", "bob"}}));
    CHECK(plain.kind == LedgerKind::Append);
    CHECK(plain.ess.is_null());
}

TEST_CASE("operation: the newest amendment with an outcome holds, and the entry stays as it was") {
    Operation made = operation(line(LedgerKind::Append, {{"operation_id", id}, {"outcome", "SUCCESS"}}));
    const Json rolled_back{{"operation_id", id}, {"outcome", "ROLLBACK"}};
    CHECK(add_to(made, line(LedgerKind::Amend, {{"operation_id", id}, {"outcome", "PARTIAL"}})));
    CHECK(add_to(made, line(LedgerKind::Late, rolled_back, {{"kind", "amend"}})));
    CHECK(add_to(made, line(LedgerKind::Amend, {{"operation_id", id}, {"notes", "no word on the outcome"}})));
    CHECK(made.outcome() == "ROLLBACK");
    CHECK(made.entry.at("outcome") == "SUCCESS");
    CHECK(to_json(made).at("amendments").size() == 3);
    CHECK(to_json(made).at("outcome") == "SUCCESS");
}

TEST_CASE("operation: what adds to another operation, or is no addition, is not taken") {
    Operation made = operation(line(LedgerKind::Append, {{"operation_id", id}}));
    CHECK_FALSE(add_to(made, line(LedgerKind::Amend, {{"operation_id", "OPS-2026-01-28-002"}})));
    CHECK_FALSE(add_to(made, line(LedgerKind::Append, {{"operation_id", id}})));
    CHECK(add_to(made, line(LedgerKind::Signoff, {{"operation_id", id}, {"approved_by", "bob"}})));
    CHECK(to_json(made).at("signoffs")[0].at("approved_by") == "bob");
    CHECK_FALSE(to_json(made).contains("amendments"));
}

TEST_CASE("operation: newest first, by day and number; other ids come last") {
    CHECK(is_newer("OPS-2026-01-28-001", "OPS-2026-01-27-999"));
    CHECK(is_newer("OPS-2026-01-28-1000", "OPS-2026-01-28-999"));
    CHECK_FALSE(is_newer("OPS-2026-01-28-001", "OPS-2026-01-28-001"));
    CHECK(is_newer("OPS-2026-01-28-001", "zzz"));
    CHECK_FALSE(is_newer("zzz", "OPS-2026-01-28-001"));
    CHECK(is_newer("b", "a"));
}
