#include "core/drill.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "core/action_words.hpp"
#include "core/interface_types.hpp"
#include "core/paths.hpp"

using namespace ess;
using namespace ess::test;
using namespace std::chrono_literals;

namespace {

const std::string canary = paths::canary_unit;

Config trading_config() {
    Config config;
    config.units = {UnitRule{"quantum-a.service", StopCategory::Controlled, 1s},
                    UnitRule{"quantum-*.service", StopCategory::Immediate, 1s}};
    config.stop.budget = 1500ms;
    config.stop.grace = 700ms;
    return config;
}

/// What the engine reports of a round in which all goes well.
RoundEvidence good_evidence() {
    RoundEvidence evidence;
    evidence.seen = 100us;
    evidence.last_beat = 900us;
    evidence.budget = 2s;
    UnitTimeline unit;
    unit.name = canary;
    unit.was_running = true;
    unit.stop_requested = 50us;
    unit.killed = 40us;
    unit.emptied = 1ms;
    unit.job_done = 4ms;
    unit.masked = 7ms;
    evidence.report.units = {unit};
    return evidence;
}

DrillRound judged(const RoundEvidence& evidence) {
    DrillRound round;
    judge(round, evidence);
    return round;
}

DrillReport good_report(std::size_t rounds) {
    DrillReport report;
    report.at = *from_rfc3339("2026-01-28T01:42:00Z");
    report.asked = static_cast<std::uint32_t>(rounds);
    report.budget = 2s;
    for (std::size_t i = 1; i <= rounds; ++i) {
        DrillRound round = judged(good_evidence());
        round.number = static_cast<std::uint32_t>(i);
        round.category = drill_category(round.number);
        round.empty = Micros(static_cast<Micros::rep>(1000 * i));
        report.rounds.push_back(round);
    }
    return report;
}

}  // namespace

TEST_CASE("drill: its engine knows the canary, and nothing that trades") {
    const Config only = drill_config(trading_config(), StopCategory::Immediate);
    Stepper drill(only);
    static_cast<void>(drill.at(0, BusChanged{true}));
    static_cast<void>(drill.at(1, CgroupChanged{canary, true}));
    for (const char* unit : {"quantum-a.service", "quantum-b.service", "sshd.service"}) {
        CHECK(drill.words_at(2, CgroupChanged{unit, true}).empty());
    }
    CHECK(drill.words_at(3, LatchSeen{}) == "kill " + canary + ", stop " + canary + ", restore, persist, begun");
    CHECK(drill.words_at(4, CgroupChanged{"quantum-a.service", true}).empty());
    CHECK(only.stop.budget == 1500ms);
    CHECK(only.units.front().grace == 700ms);
}

TEST_CASE("drill: its latch is beside the real one, wherever that is") {
    const Config config = trading_config();
    CHECK(drill_latch_path(config) == "/run/quantum/ESS_ON.drill");
}

TEST_CASE("drill: both categories, in turn") {
    CHECK(drill_category(1) == StopCategory::Immediate);
    CHECK(drill_category(2) == StopCategory::Controlled);
    CHECK(drill_category(3) == StopCategory::Immediate);
}

TEST_CASE("drill: a good round has all its times, from the latch made") {
    const DrillRound round = judged(good_evidence());
    CHECK(round.failed.empty());
    CHECK(round.seen == 100us);
    CHECK(round.stop_requested == 150us);
    CHECK(round.killed == 140us);
    CHECK(round.last_beat == 900us);
    CHECK(round.empty == 1100us);
    CHECK(round.job_done == 4100us);
    CHECK(round.masked == 7100us);
}

TEST_CASE("drill: a round fails at the first phase that did not keep its promise") {
    RoundEvidence evidence = good_evidence();
    UnitTimeline& unit = evidence.report.units.front();
    std::string phase;
    std::string why;
    SUBCASE("the latch was seen late") {
        evidence.seen = 3s;
        phase = "seen";
        why = "the latch was seen after 3000.0 ms, over the budget of 2s";
    }
    SUBCASE("nobody told of the canary") {
        unit.was_running = false;
        phase = "start";
        why = "the kernel's notice that the canary runs was missed";
    }
    SUBCASE("it does not die") {
        unit.empty = false;
        unit.emptied.reset();
        unit.job_done.reset();
        unit.trouble = "no permission";
        evidence.report.outcome = Outcome::Partial;
        phase = "empty";
        why = "the canary still has a process (no permission)";
    }
    SUBCASE("it dies late") {
        unit.emptied = 2s;
        phase = "empty";
        why = "the canary was gone after 2000.1 ms, over the budget of 2s";
    }
    SUBCASE("it still beats, whatever the kernel is taken to have said") {
        evidence.last_beat = 1101us;
        phase = "beat";
        why = "the canary still beat when its cgroup was called empty";
    }
    SUBCASE("nobody can say when it beat last") {
        evidence.last_beat.reset();
        phase = "beat";
        why = "the canary's last beat cannot be read";
    }
    const DrillRound round = judged(evidence);
    CHECK(round.failed == phase);
    CHECK(round.why == why);
}

TEST_CASE("drill: a round fails where systemd did not do its part") {
    RoundEvidence evidence = good_evidence();
    UnitTimeline& unit = evidence.report.units.front();
    std::string phase;
    std::string why;
    SUBCASE("the canary came back") {
        unit.came_back = 1;
        phase = "empty";
        why = "the canary had a process again";
    }
    SUBCASE("systemd does not finish") {
        unit.job_done.reset();
        unit.trouble = "the stop job was cancelled";
        phase = "job";
        why = "systemd has not finished stopping the canary (the stop job was cancelled)";
    }
    SUBCASE("the mask does not hold") {
        unit.masked.reset();
        evidence.report.problems = {"it is not masked"};
        phase = "masked";
        why = "the canary is not masked: it is not masked";
    }
    SUBCASE("anything else that a trip would call partial") {
        evidence.report.outcome = Outcome::Partial;
        evidence.report.problems = {"one", "two"};
        phase = "stop";
        why = "one; two";
    }
    const DrillRound round = judged(evidence);
    CHECK(round.failed == phase);
    CHECK(round.why == why);
}

TEST_CASE("drill: percentiles by nearest rank") {
    CHECK_FALSE(spread_of({}));
    const auto one = spread_of({7us});
    REQUIRE(one);
    CHECK(one->p50 == 7us);
    CHECK(one->p99 == 7us);
    CHECK(one->max == 7us);
    std::vector<Micros> times;
    for (int i = 200; i >= 1; --i)
        times.emplace_back(i);
    const auto spread = spread_of(times);
    REQUIRE(spread);
    CHECK(spread->count == 200);
    CHECK(spread->p50 == 100us);
    CHECK(spread->p95 == 190us);
    CHECK(spread->p99 == 198us);
    CHECK(spread->max == 200us);
}

TEST_CASE("drill: the bound on the chance of a failure") {
    CHECK(failure_bound_95(3000, 0) == doctest::Approx(0.001));
    CHECK(failure_bound_95(10, 0) == doctest::Approx(0.3));
    // Nothing is known.
    CHECK(failure_bound_95(0, 0) == 1);
    CHECK(failure_bound_95(1, 0) == 1);
    CHECK(failure_bound_95(5, 5) == 1);
    // Clopper and Pearson, one-sided.
    CHECK(failure_bound_95(100, 1) == doctest::Approx(0.04655981));
    CHECK(failure_bound_95(1000, 3) == doctest::Approx(0.00773524));
    CHECK(failure_bound_95(20, 2) == doctest::Approx(0.28261852));
    CHECK(failure_bound_95(10, 9) == doctest::Approx(0.99488380));
}

TEST_CASE("drill: a good one, as the socket and the ledger have it") {
    const DrillReport report = good_report(4);
    CHECK(report.outcome() == Outcome::Success);
    const Json result = drill_result(report, "OPS-2026-01-28-001");
    CHECK(result["rounds"] == 4);
    CHECK(result["failures"] == 0);
    CHECK(result["p50_ms"] == 2.0);
    CHECK(result["p95_ms"] == 4.0);
    CHECK(result["p99_ms"] == 4.0);
    CHECK(result["max_ms"] == 4.0);
    CHECK(result["failure_bound_95"] == 0.75);
    CHECK(result["operation_id"] == "OPS-2026-01-28-001");
    REQUIRE(result["categories"].size() == 2);
    CHECK(result["categories"][0]["name"] == "0");
    CHECK(result["categories"][0]["max_ms"] == 3.0);
    REQUIRE(result["phases"].size() == 7);
    CHECK(result["phases"][0]["name"] == "seen");
    CHECK(result["phases"][0]["max_ms"] == 0.1);

    const EventText event = drill_event(report);
    CHECK(event.summary ==
          "4 rounds on the canary, no failure; from the latch to no process left: median 2.0 ms, slowest 4.0 ms.");
    CHECK(event.outcome == Outcome::Success);
    CHECK(event.ess["failure_bound_95_ppm"] == 750'000);
    CHECK(event.ess["stop"]["max_us"] == 4000);
    const auto summary = drill_recorded(event.ess, "SUCCESS");
    REQUIRE(summary);
    CHECK(summary->at == report.at);
    CHECK(summary->rounds == 4);
    CHECK(summary->max == 4ms);
}

TEST_CASE("drill: one that failed names the rounds, the phase and why") {
    DrillReport report = good_report(3);
    report.rounds[1].failed = "masked";
    report.rounds[1].why = "it is not";
    report.rounds[1].empty.reset();
    report.ended = "too many failures";
    CHECK(report.outcome() == Outcome::Partial);
    const Json result = drill_result(report, "");
    CHECK(result["outcome"] == "PARTIAL");
    CHECK(result["failures"] == 1);
    CHECK(result["failed"][0] == Json{{"round", 2}, {"category", 1}, {"phase", "masked"}, {"why", "it is not"}});
    const EventText event = drill_event(report);
    CHECK(event.summary.find("1 failure;") != std::string::npos);
    CHECK(event.summary.find("Round 2 failed at 'masked': it is not. Ended before all rounds were done: too many "
                             "failures.") != std::string::npos);
    const Json nothing = drill_result(DrillReport{}, "");
    CHECK(nothing["outcome"] == "PARTIAL");
    CHECK(nothing["max_ms"].is_null());
    CHECK(nothing["failure_bound_95"] == 1.0);
}

TEST_CASE("drill: the replies are as the interface declares them") {
    const Fields result = fields_after(interface(), "type DrillResult (");
    check_struct(drill_result(good_report(3), "OPS-2026-01-28-001"), result);
    check_struct(drill_result(DrillReport{}, ""), result);
    DrillReport failed = good_report(3);
    failed.rounds[0].failed = "seen";
    check_struct(drill_result(failed, ""), result);
    const Fields round = fields_after(interface(), "type DrillRound (");
    check_struct(to_json(failed.rounds[0]), round);
    check_struct(to_json(DrillRound{}), round);
}

TEST_CASE("drill: one that a trip cut short is no failed drill, unless it had failed") {
    DrillReport report = good_report(2);
    report.tripped = true;
    CHECK(report.outcome() == Outcome::Partial);
    CHECK_FALSE(drill_recorded(drill_event(report).ess, "PARTIAL"));
    report.rounds[0].failed = "empty";
    CHECK(drill_recorded(drill_event(report).ess, "PARTIAL"));
}

TEST_CASE("drill: what is no drill's record is none") {
    const Json good = drill_event(good_report(2)).ess;
    CHECK(drill_recorded(good, "SUCCESS"));
    for (const char* field : {"at", "rounds"}) {
        Json bad = good;
        bad[field] = "x";
        CHECK_FALSE(drill_recorded(bad, "SUCCESS"));
        bad.erase(field);
        CHECK_FALSE(drill_recorded(bad, "SUCCESS"));
    }
    CHECK_FALSE(drill_recorded(nullptr, "SUCCESS"));
}

TEST_CASE("drill: overdue, and failed") {
    const WallTime began = *from_rfc3339("2026-01-28T00:00:00Z");
    const DrillSummary good{began + 1h, 10, 4ms, "SUCCESS"};
    SUBCASE("a fresh host has its time") {
        CHECK(drill_trouble(std::nullopt, began, 26h, began + 26h).overdue.empty());
        CHECK(drill_trouble(std::nullopt, began, 26h, began + 26h + 1us).overdue ==
              "the stop has never been drilled here, in more than 1d 2h: run 'essctl drill', and have it run daily: "
              "systemctl enable --now quantum-ess-drill.timer");
    }
    SUBCASE("from the last drill on") {
        CHECK(drill_trouble(good, began, 26h, began + 27h).overdue.empty());
        const DrillTrouble late = drill_trouble(good, began, 26h, began + 27h + 1us);
        CHECK(late.overdue.rfind("the last drill, of 2026-01-28T01:00:00.000000Z, is older than 1d 2h", 0) == 0);
        CHECK(late.failed.empty());
    }
    SUBCASE("failed, until one is good") {
        DrillSummary bad = good;
        bad.outcome = "PARTIAL";
        const DrillTrouble trouble = drill_trouble(bad, began, 26h, began + 2h);
        CHECK(trouble.overdue.empty());
        CHECK(trouble.failed.rfind("the drill of 2026-01-28T01:00:00.000000Z failed", 0) == 0);
        CHECK(drill_trouble(good, began, 26h, began + 2h).failed.empty());
    }
}
