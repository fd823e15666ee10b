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
using Kind = ResetRefused::Kind;

namespace {

/// One unit that was running, and is stopped and masked at 10 ms.
Stepper tripped(FileRemoval removal = FileRemoval::Relatch) {
    Config config = config_of({controlled("c.service", 500ms)});
    config.latch.file_removal = removal;
    Stepper stepper(config);
    stepper.at(0, BusChanged{true});
    stepper.at(0, CgroupChanged{"c.service", true});
    stepper.at(0, LatchSeen{});
    stepper.at(1, CgroupChanged{"c.service", false});
    stepper.at(2, StopFinished{"c.service"});
    REQUIRE(stepper.words_at(10, stepper.states({"c.service"})) == "settled");
    return stepper;
}

Stepper clearing() {
    Stepper stepper = tripped();
    REQUIRE(stepper.words_at(20, ResetAsked{}) == "clear");
    REQUIRE(stepper.engine().phase() == Phase::Clearing);
    return stepper;
}

Stepper unmasking() {
    Stepper stepper = clearing();
    REQUIRE(stepper.words_at(21, LatchCleared{}) == "unmask c.service, reload, read c.service");
    REQUIRE(stepper.engine().phase() == Phase::Unmasking);
    return stepper;
}

ResetRefused refusal(Stepper& stepper, long at) {
    const Actions actions = stepper.at(at, ResetAsked{});
    REQUIRE(words(actions) == "refused");
    return std::get<ResetRefused>(actions.front());
}

}  // namespace

TEST_CASE("stop engine: a reset clears the latch, then lifts the masks, and starts nothing") {
    Stepper stepper = unmasking();
    CHECK(stepper.words_at(22, BusAnswered{stepper.serial(), ""}).empty());
    const Actions done = stepper.at(40, stepper.states({"c.service"}, "loaded"));
    REQUIRE(words(done) == "reset");
    CHECK(stepper.engine().phase() == Phase::Armed);
    CHECK(stepper.deadline() == -1);
    // The operators start it; that is nothing to the engine.
    CHECK(stepper.words_at(50, CgroupChanged{"c.service", true}).empty());
}

TEST_CASE("stop engine: trip and reset, ten times over") {
    SimulatedHost host(config_of({controlled("c.service", 300ms), immediate("i.service")}));
    host.add("c.service", {.obeys = {}}, false);
    host.add("i.service", {}, false);
    host.bus(true);
    for (std::size_t round = 1; round <= 10; ++round) {
        CAPTURE(round);
        host.start("c.service");
        host.start("i.service");
        host.run_for(10ms);
        host.latch();
        host.run_for(1s);
        REQUIRE(host.all<TripSettled>().size() == round);
        CHECK(host.all<TripSettled>().back().report.outcome == Outcome::Success);
        CHECK((host.masked("c.service") && host.masked("i.service") && host.latch_file()));
        host.tell(ResetAsked{});
        host.run_for(100ms);
        CHECK(host.all<ResetDone>().size() == round);
        CHECK_FALSE((host.masked("c.service") || host.latch_file() || host.alive("c.service")));
    }
    CHECK(host.violations() == std::vector<std::string>{});
    CHECK(host.all<UnitCameBack>().empty());
}

TEST_CASE("stop engine: a reset is refused, with the reason, where it would be wrong") {
    Stepper armed(config_of({controlled("c.service")}));
    CHECK(refusal(armed, 0).kind == Kind::NotTripped);

    Stepper stopping(config_of({controlled("c.service")}));
    stopping.at(0, BusChanged{true});
    stopping.at(0, CgroupChanged{"c.service", true});
    stopping.at(0, LatchSeen{});
    CHECK(refusal(stopping, 1).kind == Kind::Busy);
    stopping.at(5, CgroupChanged{"c.service", false});
    stopping.at(5, StopFinished{"c.service"});
    REQUIRE(stopping.engine().phase() == Phase::Masking);
    CHECK(refusal(stopping, 6).kind == Kind::Busy);

    Stepper again = clearing();
    CHECK(refusal(again, 21).kind == Kind::Busy);
    again.at(22, LatchCleared{});
    CHECK(refusal(again, 23).kind == Kind::Busy);
}

TEST_CASE("stop engine: a reset is refused while a process would trade on, and while no mask could be lifted") {
    Stepper populated = tripped();
    populated.at(600, CgroupChanged{"c.service", true});
    CHECK(refusal(populated, 601).kind == Kind::Refused);
    CHECK(refusal(populated, 601).why.starts_with("c.service still has a process"));

    Stepper no_bus = tripped();
    no_bus.at(20, BusChanged{false});
    CHECK(refusal(no_bus, 21).kind == Kind::Refused);
    CHECK(no_bus.engine().phase() == Phase::Tripped);
}

TEST_CASE("stop engine: a reset that an earlier essd did not finish is finished, unless a latch is set") {
    Stepper found(config_of({controlled("c.service")}));
    CHECK(found.words_at(0, ReleaseFound{}).empty());  // nobody to ask
    found.at(1, BusChanged{true});
    CHECK(found.words_at(2, ReleaseFound{}).starts_with("unmask c.service, reload"));
    REQUIRE(found.engine().phase() == Phase::Unmasking);
    CHECK(refusal(found, 3).kind == Kind::Busy);
    found.at(4, found.states({"c.service"}, "loaded"));
    CHECK(found.engine().phase() == Phase::Armed);

    Stepper latched = tripped();
    CHECK(latched.words_at(600, ReleaseFound{}).empty());
    CHECK(latched.engine().phase() == Phase::Tripped);

    Stepper overtaken(config_of({controlled("c.service")}));
    overtaken.at(0, BusChanged{true});
    overtaken.at(1, ReleaseFound{});
    overtaken.at(2, LatchSeen{});
    CHECK(overtaken.engine().phase() == Phase::Stopping);
}

TEST_CASE("stop engine: a reset is asked again later while a retry waits for systemd") {
    Stepper partial(config_of({controlled("c.service")}));
    partial.at(0, BusChanged{true});
    partial.at(0, LatchSeen{});
    partial.at(1, StopFinished{"c.service"});
    REQUIRE(partial.words_at(2, partial.states({"c.service"}, "loaded")) == "partial");
    partial.at(1002, TimePassed{});
    REQUIRE(partial.engine().phase() == Phase::Masking);
    CHECK(refusal(partial, 1003).kind == Kind::Busy);
    partial.at(1004, partial.states({"c.service"}, "loaded"));
    // A partial trip whose units are empty may be reset: a person decides.
    CHECK(partial.words_at(1005, ResetAsked{}) == "clear");
}

TEST_CASE("stop engine: a latch that cannot be removed stays, and the trip with it") {
    Stepper stepper = clearing();
    const Actions actions = stepper.at(25, LatchCleared{"read-only"});
    CHECK(words(actions) == "restore, refused");
    CHECK(std::get<ResetRefused>(actions.back()).why == "the latch cannot be removed: read-only");
    CHECK(stepper.engine().phase() == Phase::Tripped);
    CHECK(stepper.words_at(600, CgroupChanged{"c.service", true}).ends_with("kill c.service"));
}

TEST_CASE("stop engine: until the latch is cleared a unit that gets a process is stopped as before") {
    Stepper stepper = clearing();
    CHECK(stepper.words_at(600, CgroupChanged{"c.service", true}) == "back c.service, stop c.service, kill c.service");
    CHECK(stepper.deadline() == 700);
    CHECK(stepper.words_at(700, TimePassed{}) == "kill c.service");
    CHECK(stepper.engine().phase() == Phase::Clearing);
}

TEST_CASE("stop engine: a latch in the middle of a reset begins a new trip at once") {
    for (Stepper stepper : {clearing(), unmasking()}) {
        const StatesRead old = stepper.states({"c.service"}, "loaded");
        CHECK(stepper.words_at(30, LatchSeen{}) == "stop c.service, restore, persist, begun");
        CHECK(stepper.engine().phase() == Phase::Stopping);
        CHECK_FALSE(stepper.engine().settled());
        // What is left of the reset is void.
        CHECK(stepper.words_at(31, LatchCleared{}).empty());
        CHECK(stepper.words_at(31, LatchCleared{"failed"}).empty());
        CHECK(stepper.words_at(31, old).empty());
        CHECK(stepper.words_at(32, StopFinished{"c.service"}) == "mask c.service, reload, read c.service");
        CHECK(stepper.serial() != old.serial);
        CHECK(stepper.words_at(50, stepper.states({"c.service"})) == "settled");
    }
}

TEST_CASE("stop engine: a unit that was started in the middle of a reset is stopped by the new trip") {
    Stepper stepper = unmasking();
    CHECK(stepper.words_at(25, CgroupChanged{"c.service", true}).empty());
    CHECK(stepper.words_at(30, LatchSeen{}) == "stop c.service, restore, persist, begun");
    CHECK(stepper.deadline() == 530);
    CHECK(stepper.words_at(530, TimePassed{}) == "kill c.service");
}

TEST_CASE("stop engine: the latch file's removal is a reset where it is configured so") {
    Stepper stepper = tripped(FileRemoval::Reset);
    CHECK(stepper.words_at(20, LatchGone{}) == "clear");
    // ClearLatch removes what is there of the file, which is told once more.
    CHECK(stepper.words_at(20, LatchGone{}).empty());
    stepper.at(21, LatchCleared{});
    CHECK(stepper.words_at(40, stepper.states({"c.service"}, "loaded")) == "reset");
}

TEST_CASE("stop engine: where the reset by removal cannot be, the file is put back") {
    Stepper no_bus = tripped(FileRemoval::Reset);
    no_bus.at(20, BusChanged{false});
    CHECK(no_bus.words_at(21, LatchGone{}) == "refused, restore");
    Stepper stopping(config_of({controlled("c.service")}));
    stopping.at(0, CgroupChanged{"c.service", true});
    stopping.at(0, LatchSeen{});
    CHECK(stopping.words_at(1, LatchGone{}) == "restore");
}

TEST_CASE("stop engine: a reset that systemd does not confirm ends armed, and says what is not proven") {
    Stepper silent = unmasking();
    CHECK(silent.deadline() == 30021);
    CHECK(silent.words_at(30021, TimePassed{}) == "reset with problems");
    CHECK(silent.engine().phase() == Phase::Armed);

    Stepper gone = unmasking();
    CHECK(gone.words_at(30, BusChanged{false}) == "reset with problems");

    Stepper still = unmasking();
    const Actions done = still.at(30, still.states({"c.service"}));
    REQUIRE(words(done) == "reset with problems");
    CHECK(std::get<ResetDone>(done.front()).problems == std::vector<std::string>{"c.service is still masked"});

    Stepper refused = unmasking();
    refused.at(22, BusAnswered{refused.serial(), "access denied"});
    const Actions told = refused.at(30, refused.states({"c.service"}, "loaded"));
    CHECK(std::get<ResetDone>(told.front()).problems == std::vector<std::string>{"access denied"});
}

TEST_CASE("stop engine: after a reset only the living units of a pattern are known") {
    Stepper stepper(config_of({immediate("s@*.service")}));
    stepper.at(0, BusChanged{true});
    stepper.at(0, CgroupChanged{"s@a.service", true});
    stepper.at(0, LatchSeen{});
    stepper.at(1, CgroupChanged{"s@a.service", false});
    stepper.at(2, StopFinished{"s@a.service"});
    stepper.at(3, stepper.states({"s@a.service"}));
    stepper.at(4, ResetAsked{});
    stepper.at(5, LatchCleared{});
    REQUIRE(stepper.words_at(6, stepper.states({"s@a.service"}, "loaded")) == "reset");
    CHECK(stepper.engine().report().units.empty());
    // An answer that comes late adds none either.
    stepper.at(7, StopFinished{"s@b.service"});
    stepper.at(7, StopFailed{"s@b.service", "late"});
    CHECK(stepper.engine().report().units.empty());
}
