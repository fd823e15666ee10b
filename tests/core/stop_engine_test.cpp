#include "core/stop_engine.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "action_words.hpp"
#include "simulated_host.hpp"

using namespace ess;
using namespace ess::test;
using namespace std::chrono_literals;
using Phase = StopEngine::Phase;

namespace {

/// An immediate unit "i" and a controlled "c" with a grace of 500 ms, both running, the bus up.
Stepper two_units() {
    Stepper stepper(config_of({controlled("c.service", 500ms), immediate("i.service")}));
    stepper.at(0, BusChanged{true});
    stepper.at(0, CgroupChanged{"c.service", true});
    stepper.at(0, CgroupChanged{"i.service", true});
    return stepper;
}

const UnitTimeline& timeline(const TripReport& report, const char* name) {
    for (const UnitTimeline& unit : report.units) {
        if (unit.name == name) return unit;
    }
    FAIL("no unit " << name);
    return report.units.front();
}

}  // namespace

TEST_CASE("stop engine: armed, nothing is done and nothing is due") {
    Stepper stepper = two_units();
    CHECK(stepper.engine().phase() == Phase::Armed);
    CHECK(stepper.deadline() == -1);
    CHECK(stepper.words_at(1, TimePassed{}).empty());
    CHECK(stepper.words_at(1, LatchGone{}).empty());
    CHECK(stepper.words_at(1, CgroupChanged{"other.service", true}).empty());
    CHECK(stepper.engine().report().units.size() == 2);
}

TEST_CASE("stop engine: the kernel's kills come before the calls to systemd, and everything else behind") {
    Stepper stepper = two_units();
    CHECK(stepper.words_at(10, LatchSeen{}) ==
          "kill i.service, stop c.service, stop i.service, restore, persist, begun");
    CHECK(stepper.engine().phase() == Phase::Stopping);
    CHECK_FALSE(stepper.engine().settled());
}

TEST_CASE("stop engine: a controlled unit has its grace, then the kernel kills it again and again") {
    Stepper stepper = two_units();
    stepper.at(0, LatchSeen{});
    stepper.at(1, CgroupChanged{"i.service", false});
    stepper.at(1, StopQueued{"c.service"});
    CHECK(stepper.deadline() == 500);
    CHECK(stepper.words_at(499, TimePassed{}).empty());
    CHECK(stepper.words_at(500, TimePassed{}) == "kill c.service");
    CHECK(stepper.deadline() == 600);
    CHECK(stepper.words_at(599, TimePassed{}).empty());
    CHECK(stepper.words_at(600, TimePassed{}) == "kill c.service");
    stepper.at(601, CgroupChanged{"c.service", false});
    CHECK(stepper.deadline() == 2000);
}

TEST_CASE("stop engine: when systemd refuses to stop a unit, or its job is cancelled, the kernel kills it at once") {
    Stepper stepper = two_units();
    stepper.at(0, LatchSeen{});
    CHECK(stepper.words_at(2, StopFailed{"c.service", "cancelled"}) == "kill c.service");
}

TEST_CASE("stop engine: what is left when systemd calls the unit stopped has no grace") {
    Stepper stepper = two_units();
    stepper.at(0, LatchSeen{});
    stepper.at(1, StopQueued{"c.service"});
    CHECK(stepper.words_at(2, StopFinished{"c.service"}) == "kill c.service");
}

TEST_CASE("stop engine: with the bus down everything is killed at once") {
    Stepper stepper(config_of({controlled("c.service"), immediate("i.service")}));
    stepper.at(0, CgroupChanged{"c.service", true});
    stepper.at(0, CgroupChanged{"i.service", true});
    CHECK(stepper.words_at(1, LatchSeen{}) == "kill i.service, restore, persist, begun, kill c.service");
    stepper.at(2, CgroupChanged{"c.service", false});
    CHECK(stepper.words_at(3, CgroupChanged{"i.service", false}) == "partial");
    CHECK(stepper.engine().phase() == Phase::Tripped);
    CHECK(stepper.engine().settled());
}

TEST_CASE("stop engine: a unit that was asked keeps its grace when the bus goes away, and no longer") {
    Stepper stepper = two_units();
    stepper.at(0, LatchSeen{});
    CHECK(stepper.words_at(5, BusChanged{false}).empty());
    CHECK(stepper.words_at(499, TimePassed{}) == "kill i.service");
    CHECK(stepper.words_at(500, TimePassed{}) == "kill c.service");
}

TEST_CASE("stop engine: the bus comes up in the middle of the stop, and systemd is asked then") {
    Stepper stepper(config_of({controlled("c.service", 500ms)}));
    stepper.at(0, CgroupChanged{"c.service", true});
    stepper.at(0, LatchSeen{});
    CHECK(stepper.words_at(20, BusChanged{true}) == "stop c.service");
}

TEST_CASE("stop engine: masks wait until every unit is down and its job is done") {
    Stepper stepper = two_units();
    stepper.at(0, LatchSeen{});
    stepper.at(1, CgroupChanged{"i.service", false});
    stepper.at(2, StopFinished{"i.service"});
    CHECK(stepper.words_at(3, CgroupChanged{"c.service", false}).empty());
    CHECK(stepper.words_at(4, StopFinished{"c.service"}) ==
          "mask c.service+i.service, reload, read c.service+i.service");
    CHECK(stepper.engine().phase() == Phase::Masking);
    CHECK(stepper.words_at(30, stepper.states({"c.service", "i.service"})) == "settled");
    CHECK(stepper.engine().phase() == Phase::Tripped);
    CHECK(stepper.deadline() == -1);
}

TEST_CASE("stop engine: masks do not wait past the budget") {
    Stepper stepper = two_units();
    stepper.at(0, LatchSeen{});
    stepper.at(1, CgroupChanged{"i.service", false});
    stepper.at(1, CgroupChanged{"c.service", false});
    CHECK(stepper.deadline() == 2000);
    CHECK(stepper.words_at(1999, TimePassed{}).empty());
    CHECK(stepper.words_at(2000, TimePassed{}) == "mask c.service+i.service, reload, read c.service+i.service");
    const Actions told = stepper.at(2020, stepper.states({"c.service", "i.service"}));
    REQUIRE(words(told) == "partial");
    const auto& report = std::get<TripSettled>(told.front()).report;
    CHECK(report.problems == std::vector<std::string>{"systemd has not finished stopping c.service",
                                                      "systemd has not finished stopping i.service"});
    CHECK(report.stop_time == 1ms);
}

TEST_CASE("stop engine: the report has every time, counted from the latch") {
    Stepper stepper = two_units();
    stepper.at(100, LatchSeen{});
    stepper.at(101, CgroupChanged{"i.service", false});
    stepper.at(103, StopFinished{"i.service"});
    stepper.at(120, CgroupChanged{"c.service", false});
    stepper.at(121, StopFinished{"c.service"});
    const Actions told = stepper.at(150, stepper.states({"c.service", "i.service"}));
    REQUIRE(words(told) == "settled");
    const auto& report = std::get<TripSettled>(told.front()).report;
    CHECK(report.stop_time == 20ms);
    CHECK(report.budget == 2s);
    CHECK_FALSE(report.completion);
    const UnitTimeline& i = timeline(report, "i.service");
    CHECK(i.category == StopCategory::Immediate);
    CHECK((i.was_running && i.empty));
    CHECK(i.killed == 0ms);
    CHECK(i.stop_requested == 0ms);
    CHECK(i.emptied == 1ms);
    CHECK(i.job_done == 3ms);
    CHECK(i.masked == 50ms);
    CHECK_FALSE(timeline(report, "c.service").killed.has_value());
    CHECK(timeline(report, "c.service").emptied == 20ms);
}

TEST_CASE("stop engine: a trip with nothing to stop is a trip") {
    SimulatedHost host(config_of({controlled("c.service"), immediate("i.service")}));
    host.add("c.service", {.loaded = false}, false);
    host.add("i.service", {}, false);
    host.bus(true);
    host.latch();
    host.run_for(100ms);
    REQUIRE(host.all<TripSettled>().size() == 1);
    const TripReport report = host.all<TripSettled>().front().report;
    CHECK(report.outcome == Outcome::Success);
    CHECK(report.stop_time == 0ms);
    CHECK_FALSE(report.units.front().was_running);
    CHECK(host.masked("c.service"));
    CHECK(host.all<KillUnit>().empty());
    CHECK(host.latch_file());
}

TEST_CASE("stop engine: a second latch event changes nothing, in no phase of a trip") {
    Stepper stepper = two_units();
    stepper.at(0, LatchSeen{});
    CHECK(stepper.words_at(1, LatchSeen{true}).empty());
    CHECK_FALSE(stepper.engine().report().resumed);
    stepper.at(1, CgroupChanged{"c.service", false});
    stepper.at(1, CgroupChanged{"i.service", false});
    stepper.at(2, StopFinished{"c.service"});
    stepper.at(2, StopFinished{"i.service"});
    CHECK(stepper.words_at(3, LatchSeen{}).empty());
    CHECK(stepper.engine().phase() == Phase::Masking);
    stepper.at(4, stepper.states({"c.service", "i.service"}));
    CHECK(stepper.words_at(5, LatchSeen{}).empty());
    CHECK(stepper.engine().phase() == Phase::Tripped);
    CHECK(stepper.engine().report().stop_time == 1ms);
}

TEST_CASE("stop engine: a resumed trip says so") {
    Stepper stepper = two_units();
    const Actions begun = stepper.at(0, LatchSeen{true});
    CHECK(std::get<TripBegun>(begun.back()).resumed);
    CHECK(stepper.engine().report().resumed);
}

TEST_CASE("stop engine: what was seen before it was told counts from when it was seen") {
    const auto seen_at = [](long ms) {
        Stepper stepper(config_of({controlled("c.service", 500ms)}));
        stepper.at(0, BusChanged{true});
        stepper.at(0, CgroupChanged{"c.service", true});
        CHECK(stepper.words_at(400, LatchSeen{true, Stepper::start + std::chrono::milliseconds(ms)}) ==
              "stop c.service, restore, persist, begun");
        return stepper;
    };
    Stepper stepper = seen_at(100);
    CHECK(stepper.deadline() == 600);
    CHECK(stepper.words_at(600, TimePassed{}) == "kill c.service");
    // A moment that lies ahead is none.
    CHECK(seen_at(10'000).deadline() == 900);
}

TEST_CASE("stop engine: ExecStopPost= gets a process again before its job is done, and is not called a return") {
    SimulatedHost host(config_of({controlled("c.service")}));
    host.add("c.service", {.obeys = 20ms, .stop_post = 100ms});
    host.bus(true);
    host.latch();
    host.run_for(1s);
    CHECK(host.violations().empty());
    CHECK(host.all<UnitCameBack>().empty());
    CHECK(host.all<KillUnit>().empty());
    REQUIRE(host.all<TripSettled>().size() == 1);
    CHECK(*host.all<TripSettled>().front().report.stop_time >= 120ms);
}

TEST_CASE("stop engine: what each behaviour comes to") {
    SimulatedHost host(
        config_of({controlled("obeys.service"), controlled("ignores.service", 300ms), controlled("leaves.service"),
                   controlled("post.service", 50ms), immediate("restarts.service"), controlled("absent.service")}));
    host.add("obeys.service", {});
    host.add("ignores.service", {.obeys = {}});
    host.add("leaves.service", {.leaves_process = true});
    host.add("post.service", {.obeys = 10ms, .stop_post = 10s});
    host.add("restarts.service", {.restarts = 3});
    host.add("absent.service", {.loaded = false}, false);
    host.bus(true);
    host.latch();
    host.run_for(1s);
    CHECK(host.violations() == std::vector<std::string>{});
    REQUIRE(host.all<TripSettled>().size() == 1);
    const TripReport report = host.all<TripSettled>().front().report;
    CHECK(report.outcome == Outcome::Success);
    CHECK_FALSE(timeline(report, "obeys.service").killed);
    CHECK(timeline(report, "ignores.service").killed == 300ms);
    CHECK(*timeline(report, "leaves.service").killed < 10ms);
    CHECK(*timeline(report, "post.service").emptied < 60ms);
    CHECK(timeline(report, "restarts.service").killed == 0ms);
    CHECK_FALSE(timeline(report, "absent.service").was_running);
    CHECK(*report.stop_time < 310ms);
}
