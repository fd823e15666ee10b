#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "action_words.hpp"
#include "core/stop_engine.hpp"
#include "simulated_host.hpp"

using namespace ess;
using namespace ess::test;
using namespace std::chrono_literals;
using Phase = StopEngine::Phase;

namespace {

/// Tripped, complete, at 10 ms: one controlled unit, empty and masked.
Stepper tripped() {
    Stepper stepper(config_of({controlled("c.service", 500ms)}));
    stepper.at(0, BusChanged{true});
    stepper.at(0, CgroupChanged{"c.service", true});
    stepper.at(0, LatchSeen{});
    stepper.at(1, CgroupChanged{"c.service", false});
    stepper.at(2, StopFinished{"c.service"});
    REQUIRE(stepper.words_at(10, stepper.states({"c.service"})) == "settled");
    return stepper;
}

/// Masking, at 2 ms.
Stepper masking() {
    Stepper stepper(config_of({controlled("c.service", 500ms)}));
    stepper.at(0, BusChanged{true});
    stepper.at(0, LatchSeen{});
    stepper.at(2, StopFinished{"c.service"});
    REQUIRE(stepper.engine().phase() == Phase::Masking);
    return stepper;
}

}  // namespace

TEST_CASE("stop engine: while tripped, a unit that gets a process is killed at once, stopped again and counted") {
    Stepper stepper = tripped();
    // The grace has been used up only at 500 ms; after that nothing has one.
    CHECK(stepper.words_at(600, CgroupChanged{"c.service", true}) == "back c.service, stop c.service, kill c.service");
    CHECK(stepper.deadline() == 700);
    stepper.at(601, CgroupChanged{"c.service", false});
    stepper.at(602, StopFinished{"c.service"});
    const Actions again = stepper.at(5000, CgroupChanged{"c.service", true});
    REQUIRE(words(again) == "back c.service, stop c.service, kill c.service");
    CHECK(std::get<UnitCameBack>(again.front()).count == 2);
    CHECK(stepper.engine().report().units.front().came_back == 2);
    // The time of the stop stays what it was.
    CHECK(stepper.engine().report().units.front().emptied == 1ms);
}

TEST_CASE("stop engine: a unit that comes back and cannot be emptied shows as a problem") {
    Stepper stepper = tripped();
    stepper.at(600, CgroupChanged{"c.service", true});
    CHECK(stepper.engine().report().outcome == Outcome::Partial);
    CHECK_FALSE(stepper.engine().report().stop_time.has_value());
    CHECK(stepper.words_at(700, TimePassed{}) == "kill c.service");
    CHECK(stepper.words_at(701, ResetAsked{}) == "refused");
}

TEST_CASE("stop engine: the latch that vanishes is put back, in every phase of a trip") {
    Stepper stepper = tripped();
    CHECK(stepper.words_at(20, LatchGone{}) == "restore");
    CHECK(stepper.engine().phase() == Phase::Tripped);
    Stepper masked = masking();
    CHECK(masked.words_at(3, LatchGone{}) == "restore");
    Stepper stopping(config_of({controlled("c.service")}));
    stopping.at(0, CgroupChanged{"c.service", true});
    stopping.at(0, LatchSeen{});
    CHECK(stopping.words_at(1, LatchGone{}) == "restore");
}

TEST_CASE("stop engine: a missing answer does not hold up the report for longer than the patience") {
    Stepper stepper = masking();
    CHECK(stepper.deadline() == 30002);
    CHECK(stepper.words_at(30001, TimePassed{}).empty());
    const Actions told = stepper.at(30002, TimePassed{});
    REQUIRE(words(told) == "partial");
    const auto& report = std::get<TripSettled>(told.front()).report;
    CHECK(report.problems ==
          std::vector<std::string>{"systemd has not confirmed the masks in 30s", "c.service is not masked"});
}

TEST_CASE("stop engine: what is not complete is tried again, less and less often, and reported once more when done") {
    Stepper stepper = masking();
    CHECK(stepper.words_at(3, BusAnswered{stepper.serial(), "no space"}).empty());
    const Actions told = stepper.at(10, stepper.states({"c.service"}, "loaded"));
    REQUIRE(words(told) == "partial");
    CHECK(std::get<TripSettled>(told.front()).report.problems ==
          std::vector<std::string>{"no space", "c.service is not masked"});
    long at = 10;
    for (const long wait : {1000, 2000, 4000, 8000, 16000, 32000, 64000, 64000}) {
        CAPTURE(wait);
        CHECK(stepper.deadline() == at + wait);
        at += wait;
        CHECK(stepper.words_at(at - 1, TimePassed{}).empty());
        CHECK(stepper.words_at(at, TimePassed{}) == "mask c.service, reload, read c.service");
        CHECK(stepper.words_at(at, stepper.states({"c.service"}, "loaded")).empty());
    }
    stepper.at(at + 64000, TimePassed{});
    const Actions done = stepper.at(at + 64010, stepper.states({"c.service"}));
    REQUIRE(words(done) == "settled");
    CHECK(std::get<TripSettled>(done.front()).report.completion);
    CHECK(stepper.deadline() == -1);
    CHECK(stepper.words_at(at + 70000, stepper.states({"c.service"})).empty());
    CHECK(stepper.words_at(at + 70000, TimePassed{}).empty());
}

TEST_CASE("stop engine: the bus goes away before the masks are confirmed: reported, and asked again when it is back") {
    Stepper stepper = masking();
    CHECK(stepper.words_at(5, BusChanged{false}) == "partial");
    CHECK(stepper.words_at(1005, TimePassed{}).empty());
    CHECK(stepper.words_at(9000, BusChanged{true}).empty());
    CHECK(stepper.deadline() == 9000);
    CHECK(stepper.words_at(9000, TimePassed{}) == "mask c.service, reload, read c.service");
    CHECK(stepper.words_at(9030, stepper.states({"c.service"})) == "settled");
}

TEST_CASE("stop engine: a unit that cannot be killed is a partial stop until it is gone, then it is completed once") {
    SimulatedHost host(config_of({controlled("frozen.service", 200ms), controlled("c.service")}));
    host.add("frozen.service", {.obeys = {}, .killable = false});
    host.add("c.service", {});
    host.bus(true);
    host.latch();
    host.run_for(5s);
    REQUIRE(host.all<TripSettled>().size() == 1);
    CHECK(host.all<TripSettled>().front().report.outcome == Outcome::Partial);
    CHECK_FALSE(host.all<TripSettled>().front().report.stop_time.has_value());
    CHECK(host.all<KillUnit>().size() >= 40);
    host.thaw("frozen.service");
    host.run_for(200s);
    REQUIRE(host.all<TripSettled>().size() == 2);
    const TripReport report = host.all<TripSettled>().back().report;
    CHECK(report.completion);
    // The units are down and masked, but the budget was not kept, and the record says so.
    CHECK(report.outcome == Outcome::Partial);
    CHECK(report.problems == std::vector<std::string>{"took longer than the budget of 2s"});
    CHECK(*report.stop_time > 2s);
    CHECK(host.violations() == std::vector<std::string>{});
}

TEST_CASE("stop engine: answers to an older question are void") {
    Stepper stepper = masking();
    const StatesRead old = stepper.states({"c.service"});
    stepper.at(5, BusChanged{false});
    stepper.at(6, BusChanged{true});
    stepper.at(6, TimePassed{});
    REQUIRE(stepper.engine().phase() == Phase::Masking);
    CHECK(stepper.serial() > old.serial);
    CHECK(stepper.words_at(7, old).empty());
    CHECK(stepper.words_at(7, BusAnswered{old.serial, "too late"}).empty());
    CHECK(stepper.engine().phase() == Phase::Masking);
    CHECK(stepper.words_at(8, stepper.states({"c.service"})) == "settled");
}

TEST_CASE("stop engine: an answer that could not be given counts as not masked") {
    Stepper stepper = masking();
    StatesRead failed{stepper.serial(), "timed out", {}};
    CHECK(stepper.words_at(5, failed) == "partial");
    CHECK(stepper.engine().report().problems == std::vector<std::string>{"timed out", "c.service is not masked"});
}

TEST_CASE("stop engine: what the kernel refused is told with the unit") {
    Stepper stepper(config_of({immediate("i.service")}));
    stepper.at(0, CgroupChanged{"i.service", true});
    stepper.at(0, LatchSeen{});
    stepper.at(0, KillFailed{"i.service", "read-only"});
    CHECK(stepper.words_at(2000, TimePassed{}) == "kill i.service, partial");
    CHECK(stepper.engine().report().problems == std::vector<std::string>{"systemd cannot be reached over the bus",
                                                                         "i.service still has a process (read-only)"});
}

// --- patterns -------------------------------------------------------------------------------------------------------

TEST_CASE("stop engine: units of a pattern are those that live, and a rule with the exact name goes first") {
    Stepper stepper(config_of({immediate("s@*.service"), controlled("s@slow.service", 700ms)}));
    CHECK(stepper.engine().report().units.size() == 1);
    stepper.at(0, BusChanged{true});
    stepper.at(0, CgroupChanged{"s@a.service", true});
    stepper.at(0, CgroupChanged{"s@b.service", true});
    stepper.at(0, CgroupChanged{"s@slow.service", true});
    CHECK(stepper.engine().report().units.size() == 3);
    stepper.at(1, CgroupChanged{"s@b.service", false});
    CHECK(stepper.engine().report().units.size() == 2);
    CHECK(stepper.words_at(10, LatchSeen{}) ==
          "kill s@a.service, stop s@a.service, stop s@slow.service, restore, persist, begun");
    CHECK(stepper.words_at(709, TimePassed{}) == "kill s@a.service");
    CHECK(stepper.words_at(710, TimePassed{}) == "kill s@slow.service");
}

TEST_CASE("stop engine: a unit of a pattern that appears during the trip is stopped with it") {
    Stepper stepper(config_of({controlled("s@*.service", 500ms), immediate("q-*.service")}));
    stepper.at(0, BusChanged{true});
    CHECK(stepper.words_at(0, LatchSeen{}) == "restore, persist, begun, mask , reload, read ");
    CHECK(stepper.words_at(10, stepper.states({})) == "settled");
    stepper.at(11, CgroupChanged{"other.service", true});
    CHECK(stepper.words_at(100, CgroupChanged{"q-a.service", true}) ==
          "back q-a.service, stop q-a.service, kill q-a.service");
    stepper.at(101, CgroupChanged{"s@a.service", true});
    CHECK(stepper.words_at(499, TimePassed{}) == "kill q-a.service");
    CHECK(stepper.words_at(500, TimePassed{}) == "kill s@a.service");
    CHECK(stepper.words_at(900, CgroupChanged{"s@b.service", true}).ends_with("kill s@b.service"));
}

TEST_CASE("stop engine: a unit of a pattern that appears while systemd is asked for the masks gets its own") {
    SimulatedHost host(config_of({controlled("c.service"), immediate("s@*.service")}));
    host.add("c.service", {});
    host.bus(true);
    host.latch();
    host.in(10ms, [&] { host.add("s@a.service", {}); });
    host.run_for(20s);
    CHECK(host.masked("s@a.service"));
    CHECK_FALSE(host.alive("s@a.service"));
    REQUIRE_FALSE(host.all<TripSettled>().empty());
    CHECK(host.all<TripSettled>().back().report.outcome == Outcome::Success);
    CHECK(host.violations() == std::vector<std::string>{});
}

TEST_CASE("stop engine: a unit of a pattern that appears after the trip is complete is masked too") {
    SimulatedHost host(config_of({controlled("c.service"), immediate("s@*.service")}));
    host.add("c.service", {});
    host.bus(true);
    host.latch();
    host.in(10s, [&] { host.add("s@a.service", {}); });
    host.run_for(120s);
    CHECK_FALSE(host.alive("s@a.service"));
    CHECK(host.all<UnitCameBack>().size() == 1);
    CHECK(host.masked("s@a.service"));
    CHECK(join(host.engine().report().problems, "; ") == "");
    CHECK(host.all<TripSettled>().size() == 1);
    CHECK_FALSE(host.engine().deadline().has_value());
}

TEST_CASE("stop engine: with patterns alone and nothing alive, a mask that nobody confirmed is not called a success") {
    Stepper down(config_of({immediate("s@*.service")}));
    down.at(0, LatchSeen{});
    CHECK(down.engine().report().outcome == Outcome::Partial);
    Stepper failed(config_of({immediate("s@*.service")}));
    failed.at(0, BusChanged{true});
    failed.at(0, LatchSeen{});
    failed.at(1, BusAnswered{failed.serial(), "the Reload failed"});
    failed.at(2, failed.states({}));
    CHECK(failed.engine().report().problems == std::vector<std::string>{"the Reload failed"});
}
