#include "core/drift.hpp"

#include <doctest/doctest.h>

using namespace ess;

namespace {

constexpr const char* before = "bfb734a7aa5cb0a8";
constexpr const char* after = "c3d9e8f2a1b4c7d6";

WallTime at(int minute) {
    return *from_rfc3339("2025-11-15T00:00:00Z") + std::chrono::minutes(minute);
}

DriftSource source(const std::vector<Sighting>& sightings, TimeRange range = {}) {
    DriftSource made("log", range);
    for (const Sighting& sighting : sightings)
        static_cast<void>(made.take(sighting));
    return made;
}

Sighting sighting(const char* json) {
    return sighting_in(*parse_json(json));
}

}  // namespace

TEST_CASE("drift: what an audit log's line says") {
    const Sighting seen =
        sighting(R"({"timestamp": "2025-11-15T17:58:54.793340+00:00", "config_hash": "bfb734a7aa5cb0a8"})");
    CHECK(seen.hash == before);
    CHECK(seen.time == from_rfc3339("2025-11-15T17:58:54.793340Z"));
    CHECK(sighting(R"({"ts": 1763229534.5})").time == from_rfc3339("2025-11-15T17:58:54.5Z"));
    CHECK(sighting(R"({"time": "2025-11-15T17:58:54"})").time == from_rfc3339("2025-11-15T17:58:54Z"));
    CHECK(sighting(R"({"execution_timestamp": "2025-11-15T17:58:54Z"})").time);
    CHECK(sighting(R"({"timestamp": "soon", "ts": 5})").time == from_rfc3339("1970-01-01T00:00:05Z"));
    for (const char* none : {"{}", R"({"config_hash": null})", R"({"config_hash": ""})", R"({"config_hash": 7})",
                             R"({"ts": 1e300, "config_hash": []})"}) {
        CAPTURE(none);
        CHECK(sighting(none).hash.empty());
        CHECK_FALSE(sighting(none).time);
    }
}

TEST_CASE("drift: of the ledger count the lines of operations, at the time they happened") {
    LedgerLine line;
    line.time = at(10);
    CHECK_FALSE(sighting_in(line));
    line.entry = {{"operation_id", "OPS-2025-11-15-001"}, {"config_hash", before}};
    CHECK(sighting_in(line)->time == at(10));
    line.entry["execution_timestamp"] = to_rfc3339(at(3));
    CHECK(sighting_in(line)->time == at(3));
    CHECK(sighting_in(line)->hash == before);
    line.kind = LedgerKind::Signoff;
    CHECK_FALSE(sighting_in(line));
}

TEST_CASE("drift: one configuration") {
    const DriftReport report{{source({{before, at(0)}, {before, at(2)}, {before, at(1)}})}, {}};
    CHECK(report.verdict() == DriftVerdict::Same);
    const HashUse use = report.hashes().at(before);
    CHECK(use.count == 3);
    CHECK(use.first == at(0));
    CHECK(use.last == at(2));
    CHECK(report.gaps().empty());
}

TEST_CASE("drift: where it changed") {
    const DriftReport report{{source({{before, at(0)}, {before, at(1)}, {after, at(2)}, {after, at(3)}})}, {}};
    CHECK(report.verdict() == DriftVerdict::Drift);
    REQUIRE(report.sources[0].changes().size() == 1);
    const HashChange& change = report.sources[0].changes()[0];
    CHECK(change.entry == 3);
    CHECK(change.time == at(2));
    CHECK(change.from == before);
    CHECK(change.to == after);
    CHECK(report.to_json().at("sources")[0].at("changes")[0].at("time") == "2025-11-15T00:02:00.000000Z");
}

TEST_CASE("drift: a gap between two entries of one hash is no change") {
    const DriftSource gap = source({{before, at(0)}, {"", at(1)}, {before, at(2)}});
    CHECK(gap.changes().empty());
    CHECK(gap.without_hash() == 1);
}

TEST_CASE("drift: between sources") {
    DriftReport report{{source({{before, at(0)}}), source({{after, at(0)}})}, {}};
    CHECK(report.verdict() == DriftVerdict::Drift);
    CHECK(report.sources[0].changes().empty());
    report.sources[1] = source({{before, std::nullopt, true}});
    CHECK(report.verdict() == DriftVerdict::Same);
}

TEST_CASE("drift: what does not say, or cannot be read, leaves it unproven") {
    CHECK(DriftReport{}.verdict() == DriftVerdict::NotProven);
    CHECK(DriftReport{{source({})}, {}}.verdict() == DriftVerdict::NotProven);
    CHECK(DriftReport{{source({{before, at(0)}}), source({})}, {}}.verdict() == DriftVerdict::NotProven);
    CHECK(DriftReport{{source({{before, at(0)}, {"", at(1)}})}, {}}.verdict() == DriftVerdict::NotProven);
    DriftSource unreadable = source({{before, at(0)}});
    unreadable.add_unreadable();
    CHECK(DriftReport{{unreadable}, {}}.verdict() == DriftVerdict::NotProven);
    // A drift that is seen is one, whatever is missing beside it.
    CHECK(DriftReport{{unreadable, source({{after, at(0)}, {"", at(1)}})}, {}}.verdict() == DriftVerdict::Drift);
    CHECK(DriftReport{{unreadable}, {}}.gaps().size() == 1);
}

TEST_CASE("drift: a range leaves out what lies outside, and tells what has no time") {
    const TimeRange range{at(1), at(2)};
    const DriftSource some =
        source({{after, at(0)}, {before, at(1)}, {before, at(2)}, {after, at(3)}, {after, std::nullopt}}, range);
    CHECK(some.entries() == 2);
    CHECK(some.hashes().size() == 1);
    CHECK(some.without_time() == 1);
    CHECK(DriftReport{{some}, {}}.verdict() == DriftVerdict::NotProven);
    // What is now is in no range, and is compared all the same.
    CHECK(source({{before, std::nullopt, true}}, range).entries() == 1);
}

TEST_CASE("drift: whether the newest of each source is the expected one") {
    const DriftSource rolled_back = source({{before, at(0)}, {after, at(1)}, {before, at(2)}});
    const DriftSource not_yet = source({{before, at(0)}, {after, at(1)}});
    CHECK(DriftReport{{rolled_back}, before}.verdict() == DriftVerdict::Same);
    CHECK(DriftReport{{rolled_back}, after}.verdict() == DriftVerdict::Drift);
    CHECK(DriftReport{{rolled_back, not_yet}, before}.verdict() == DriftVerdict::Drift);
    CHECK(DriftReport{{source({})}, before}.verdict() == DriftVerdict::NotProven);
    // The newest entry does not say: that an older one had it proves nothing.
    CHECK(DriftReport{{source({{before, at(0)}, {"", at(1)}})}, before}.verdict() == DriftVerdict::NotProven);
    // By time, not by place.
    CHECK(source({{before, at(5)}, {after, at(1)}}).newest() == before);
}

TEST_CASE("drift: memory does not grow with what a log has for hashes") {
    DriftSource made("log", {});
    for (std::size_t i = 0; i < drift_hash_limit + 500; ++i)
        static_cast<void>(made.take({"hash " + std::to_string(i), at(0)}));
    CHECK(made.hashes().size() == drift_hash_limit);
    CHECK(made.unlisted() == 500);
    CHECK(made.changes().size() == drift_change_limit);
    CHECK(made.change_count() == drift_hash_limit + 499);
    CHECK(made.entries() == drift_hash_limit + 500);
}
