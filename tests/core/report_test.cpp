#include "core/report.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "base/sha256.hpp"
#include "core/report_fixture.hpp"
#include "core/report_text.hpp"
#include "core/time_axis.hpp"
#include "core/timeline_reading.hpp"

using namespace ess;
using namespace ess::test;
using namespace std::chrono_literals;

namespace {

LedgerLine line(LedgerKind kind, Json entry, Json ess = Json()) {
    LedgerLine made;
    made.kind = kind;
    made.entry = std::move(entry);
    made.ess = std::move(ess);
    return made;
}

LedgerLine trip_line(const std::string& id, const std::string& outcome, const std::string& seen, bool completion) {
    return line(LedgerKind::Trip, {{"operation_id", id}, {"outcome", outcome}},
                {{"latch_seen", seen}, {"completion", completion}, {"units", Json::array()}});
}

}  // namespace

TEST_CASE("report: a timeline is read back as it was written") {
    const TripReport trip = made_trip(25);
    const auto read = read_timeline(trip_timeline(trip, made_latch()));
    REQUIRE(read);
    CHECK(trip_timeline(*read, made_latch()) == trip_timeline(trip, made_latch()));
}

TEST_CASE("report: what is not a timeline is not drawn") {
    const Json good = trip_timeline(made_trip(2), made_latch());
    for (const Json& bad : {Json(nullptr), Json::array(), Json::object(), Json{{"units", 5}}})
        CHECK_FALSE(read_timeline(bad));
    for (const Json& value : {Json(-1), Json("1"), Json(1.5), Json(true), Json(10'000'000'000'000), Json::object(),
                              Json(18446744073709551615U)}) {
        CAPTURE(value.dump());
        for (const char* member : {"stop_requested_us", "killed_us", "empty_us", "job_done_us", "masked_us"}) {
            Json bad = good;
            bad["units"][1][member] = value;
            const auto read = read_timeline(bad);
            REQUIRE_FALSE(read);
            CHECK(read.error().text == std::string("units.1.") + member + " is not as essd writes it");
        }
        Json bad = good;
        bad["stop_us"] = value;
        CHECK_FALSE(read_timeline(bad));
    }
    for (const char* member : {"name", "was_running", "empty", "trouble", "category", "came_back"}) {
        CAPTURE(member);
        Json bad = good;
        bad["units"][0][member] = Json::array();
        CHECK_FALSE(read_timeline(bad));
    }
    Json bad = good;
    bad["problems"] = {1};
    CHECK_FALSE(read_timeline(bad));
}

TEST_CASE("report: the slowest unit first") {
    std::vector<UnitTimeline> units(5);
    units[0].name = "idle";
    units[1].name = "fast";
    units[2].name = "slow";
    units[3].name = "alive";
    units[4].name = "also-fast";
    for (const std::size_t i : {1U, 2U, 3U, 4U})
        units[i].was_running = true;
    units[1].emptied = units[4].emptied = 1ms;
    units[2].emptied = 1s;
    units[3].empty = false;
    sort_slowest_first(units);
    std::vector<std::string> names;
    for (const UnitTimeline& unit : units)
        names.push_back(unit.name);
    CHECK(names == std::vector<std::string>{"alive", "slow", "also-fast", "fast", "idle"});
}

TEST_CASE("report: the axis goes from zero to the end and never back") {
    for (const Micros last : {Micros(0), Micros(900), Micros(2'300'000), Micros(8'640'000'000'000)}) {
        const TimeAxis axis(last, 10, 810);
        CHECK(axis.at(0us) == doctest::Approx(10));
        CHECK(axis.at(std::max(last, Micros(1000))) == doctest::Approx(810));
        double before = 0;
        for (Micros time{0}; time <= last; time = time * 3 / 2 + 1us) {
            CHECK(axis.at(time) > before);
            before = axis.at(time);
        }
        const auto ticks = axis.ticks(46);
        for (std::size_t i = 1; i < ticks.size(); ++i)
            CHECK(axis.at(ticks[i].time) - axis.at(ticks[i - 1].time) >= 46);
    }
    // What lies far apart can be told apart, at both ends.
    const TimeAxis axis(2'300'000us, 0, 800);
    CHECK(axis.at(500us) > 120);
    CHECK(axis.at(2s) - axis.at(1s) > 40);
}

TEST_CASE("report: labels never overlap, stay inside, and stand where they belong if there is room") {
    std::mt19937 random(3);
    const auto below = [&](unsigned end) { return static_cast<double>(random() % end); };
    for (int round = 0; round < 2000; ++round) {
        std::vector<PlacedLabel> labels;
        for (std::size_t i = random() % 6; i > 0; --i)
            labels.push_back({below(330), 20 + below(40)});
        std::ranges::sort(labels, {}, &PlacedLabel::at);
        const auto places = spread_labels(labels, 0, 330, 5);
        REQUIRE(places.size() == labels.size());
        for (std::size_t i = 0; i < places.size(); ++i) {
            CHECK(places[i] - labels[i].width / 2 >= -0.001);
            CHECK(places[i] + labels[i].width / 2 <= 330.001);
            if (i > 0) CHECK(places[i] - places[i - 1] >= (labels[i].width + labels[i - 1].width) / 2 + 4.999);
        }
    }
    CHECK(spread_labels({{100, 40}, {200, 40}}, 0, 330, 5) == std::vector<double>{100, 200});
    CHECK(spread_labels({{100, 40}, {100, 40}}, 0, 330, 5) == std::vector<double>{77.5, 122.5});
    CHECK(spread_labels({{0, 40}}, 0, 330, 5) == std::vector<double>{20});
}

TEST_CASE("report: times beside marks") {
    CHECK(mark_text(0us) == "0.00");
    CHECK(mark_text(47us) == "0.05");
    CHECK(mark_text(1000us) == "1.0");
    CHECK(mark_text(1'000'646us) == "1000.6");
    CHECK(mark_text(99'999'000us) == "99999.0");
    CHECK(mark_text(123s) == "123 s");
    CHECK(exact_ms(1'000'046us) == "1000.046");
    CHECK(exact_ms(7us) == "0.007");
}

TEST_CASE("report: what is said first") {
    const auto word = [](const TripReport& trip) { return verdict_of(made_report(trip)).word; };
    TripReport trip = made_trip(3);
    CHECK(word(trip) == "STOPPED");
    CHECK(word(made_trip(0)) == "STOPPED");
    trip.outcome = Outcome::Partial;
    CHECK(word(trip) == "STOPPED, NOT ALL VERIFIED");
    trip.stop_time = 2001ms;
    CHECK(word(trip) == "STOPPED TOO LATE");
    trip.outcome = Outcome::Success;
    CHECK(word(trip) == "IN DOUBT");
    trip.outcome = Outcome::Partial;
    trip.stop_time.reset();
    trip.units[1].empty = false;
    CHECK(word(trip) == "NOT STOPPED");
    Report later = made_report(trip);
    later.followed.emplace_back();
    later.followed[0].kind = LedgerKind::Trip;
    later.followed[0].entry = {{"operation_id", "OPS-2026-01-28-002"}, {"outcome", "SUCCESS"}};
    CHECK(verdict_of(later).word == "COMPLETED LATER");
    CHECK(verdict_of(later).text.find("OPS-2026-01-28-002") != std::string::npos);
    CHECK(verdict_of(later).mood == Verdict::Mood::Warning);
}

TEST_CASE("report: what came before and after and belongs to it") {
    const std::string first = "2026-01-28T01:00:00Z";
    const std::vector<LedgerLine> lines{
        trip_line("OPS-2026-01-28-001", "SUCCESS", "2026-01-27T01:00:00Z", false),
        line(LedgerKind::Reset, {{"operation_id", "OPS-2026-01-28-002"}, {"rollback_of", "OPS-2026-01-28-001"}}),
        trip_line("OPS-2026-01-28-003", "PARTIAL", first, false),
        trip_line("OPS-2026-01-28-004", "SUCCESS", first, true),
        line(LedgerKind::Reset, {{"operation_id", "OPS-2026-01-28-005"}, {"rollback_of", "OPS-2026-01-28-004"}}),
        line(LedgerKind::Amend, {{"operation_id", "OPS-2026-01-28-003"}, {"notes", "x"}}),
        trip_line("OPS-2026-01-28-006", "SUCCESS", "2026-01-28T02:00:00Z", false)};
    const auto report = [&](const std::string& id) {
        ReportFinder finder(id);
        for (const LedgerLine& one : lines)
            finder.take(one, "bytes", "2026-01.001.jsonl");
        const auto found = finder.report("/ledger");
        REQUIRE(found);
        return *found;
    };
    const auto followed = [](const Report& of) {
        std::vector<std::string> ids;
        for (const Operation& one : of.followed)
            ids.push_back(one.id().substr(15));
        return ids;
    };
    CHECK(followed(report("OPS-2026-01-28-001")) == std::vector<std::string>{"002"});
    CHECK(followed(report("OPS-2026-01-28-003")) == std::vector<std::string>{"004", "005"});
    CHECK(followed(report("OPS-2026-01-28-004")) == std::vector<std::string>{"005"});
    CHECK(followed(report("OPS-2026-01-28-006")).empty());
    CHECK(report("OPS-2026-01-28-004").completes == "OPS-2026-01-28-003");
    CHECK(report("OPS-2026-01-28-003").completes.empty());
    CHECK(report("OPS-2026-01-28-006").completes.empty());
    CHECK(report("OPS-2026-01-28-003").operation().amendments.size() == 1);
    CHECK_FALSE(ReportFinder("OPS-2026-01-28-009").report("/ledger"));
}

TEST_CASE("report: the proof file has all units, and counts only if it is the entry's") {
    const TripReport trip = made_trip(30);
    const std::string proof = trip_timeline(trip, made_latch()).dump(2) + "\n";
    Report report = made_report(trip);
    report.found.operation.ess["units"].erase(report.found.operation.ess["units"].begin() + 10,
                                              report.found.operation.ess["units"].end());
    report.found.operation.entry["proof_file"] = {{"path", "/p"}, {"sha256", sha256_hex(proof).substr(0, 16)}};
    add_timeline(report);
    REQUIRE(report.trip->units.size() == 10);

    Report same = report;
    add_proof(same, proof);
    CHECK(same.trip->units.size() == 30);
    CHECK(same.units_from_proof);
    CHECK(same.units_in_entry == 10);
    CHECK(report_text(same).find("The entry has 10 of the units") != std::string::npos);

    Report other = report;
    add_proof(other, proof + " ");
    CHECK(other.trip->units.size() == 10);
    CHECK(other.proof.find("NOT the file of the entry") != std::string::npos);

    Report gone = report;
    add_proof(gone, failure("/p: No such file or directory"));
    CHECK(gone.trip->units.size() == 10);
    CHECK(gone.proof == "not read: /p: No such file or directory");

    Report short_hash = report;
    short_hash.found.operation.entry["proof_file"]["sha256"] = "";
    add_proof(short_hash, proof);
    CHECK(short_hash.trip->units.size() == 10);
}

TEST_CASE("report: the commands are safe to paste whatever the entry says") {
    Report report = made_report(made_trip(1));
    report.found.operation.entry["proof_file"] = {{"path", "/tmp/x'; rm -rf / #"}, {"sha256", "0123456789abcdef"}};
    const auto checks = checks_of(report);
    const auto proof = std::ranges::find(checks, "0123456789abcdef", &Check::expected);
    REQUIRE(proof != checks.end());
    CHECK(proof->command == "sha256sum '/tmp/x'\\''; rm -rf / #' | cut -c 1-16");
    // A newline would end the command where the reader does not see it.
    report.found.operation.entry["proof_file"]["path"] = "/tmp/a\nrm b";
    CHECK(checks_of(report).size() == checks.size() - 1);
}

TEST_CASE("report: as text, in lines that fit a terminal") {
    const std::string text = report_text(made_report(made_trip(4)));
    CHECK(text.starts_with("STOPPED in 1000.3 ms, budget 2000.0 ms\n"));
    CHECK(text.find("  Why           runaway orders on desk 4\n") != std::string::npos);
    CHECK(text.find("        0.075     1000.045     1000.346     1001.323     1402.347\n") != std::string::npos);
    CHECK(text.find("operation_name: Emergency stop") != std::string::npos);
}
