// essctl drill, told by a scripted essd how it goes; what essd does is for the system tier.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "program/sandbox.hpp"
#include "program/screens.hpp"
#include "program/scripted_essd.hpp"

using namespace ess;
using namespace ess::test;

namespace {

const std::string interface = "io.quantum.EmergencyStop.";

Json round(int number, const std::string& phase = "", const std::string& why = "") {
    Json told{
        {"round", number}, {"category", number % 2 == 1 ? 0 : 1}, {"stop_ms", nullptr}, {"phase", phase}, {"why", why}};
    if (phase.empty()) told["stop_ms"] = 1.887;
    return {{"round", told}};
}

Json failed_result() {
    Json result = status_fixture("drill-good");
    result["outcome"] = "PARTIAL";
    result["failures"] = 1;
    result["asked"] = 10;
    result["failure_bound_95"] = 0.7514;
    result["failed"] = {{{"round", 4}, {"category", 1}, {"phase", "masked"}, {"why", "the canary is not masked"}}};
    result["ended"] = "who asked for it has gone";
    return result;
}

}  // namespace

TEST_CASE("essctl drill: a good one, round by round, at each width") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    ScriptedEssd essd(status_fixture("armed"));
    essd.stream("Drill", {round(1), round(2), round(3), round(4)});
    essd.answer("Drill", {{"result", status_fixture("drill-good")}});
    for (const unsigned short columns : std::vector<unsigned short>{40, 60, 80}) {
        CAPTURE(columns);
        const Ended drill = on_terminal({"drill", "--rounds", "4"}, columns);
        CHECK(drill.code == 0);
        CHECK(longest_line(drill.out) <= columns);
        CHECK(is_as_before("drill-good-" + std::to_string(columns), drill.out));
    }
    const Ended many = essctl({"drill", "--rounds", "100"});
    CHECK(many.out.find("round 1,") == std::string::npos);
}

TEST_CASE("essctl drill: a round that failed is told in any case, and ends it with 1") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    ScriptedEssd essd(status_fixture("armed"));
    essd.stream("Drill", {round(1), round(2), round(3), round(4, "masked", "the canary is not masked")});
    essd.answer("Drill", {{"result", failed_result()}});
    const Ended drill = on_terminal({"drill", "--rounds", "100"}, 80);
    CHECK(drill.code == 1);
    CHECK(is_as_before("drill-failed-80", drill.out));
}

TEST_CASE("essctl drill: --json is the result of the reply") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    ScriptedEssd essd(status_fixture("armed"));
    essd.stream("Drill", {round(1)});
    essd.answer("Drill", {{"result", status_fixture("drill-good")}});
    const Ended good = essctl({"drill", "--json"});
    CHECK(good.code == 0);
    CHECK(good.err.empty());
    CHECK(parse_json(good.out) == status_fixture("drill-good"));
    Json unrecorded = status_fixture("drill-good");
    unrecorded["operation_id"] = "";
    essd.answer("Drill", {{"result", unrecorded}});
    const Ended kept = essctl({"drill", "--json"});
    CHECK(kept.code == 1);
    CHECK(kept.err.find("the ledger cannot be written") != std::string::npos);
    CHECK(parse_json(kept.out) == unrecorded);
}

TEST_CASE("essctl drill: who is refused learns why") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    CHECK(essctl({"drill"}).code == 4);  // nobody listens
    for (const char* rounds : {"0", "10001", "x"}) {
        CAPTURE(rounds);
        CHECK(essctl({"drill", "--rounds", rounds}).code == 2);
    }
    CHECK(essctl({"drill", "--yes"}).code == 2);  // that is for --live
    ScriptedEssd essd(status_fixture("armed"));
    CHECK(essctl({"drill", "--live"}).code == 2);  // nobody can be asked
    CHECK_FALSE(std::filesystem::exists(latch));
    struct Case {
        const char* error;
        Json parameters;
        int code;
        const char* said;
    };
    for (const Case& given : std::vector<Case>{
             {"Tripped", Json::object(), 3, "the stop is in force"},
             {"NotReady", {{"reason", "no guard for x.service"}}, 4, "not ready: no guard for x.service"},
             {"Busy", {{"reason", "a drill is under way"}}, 5, "a drill is under way"},
         }) {
        CAPTURE(given.error);
        essd.refuse("Drill", interface + given.error, given.parameters);
        const Ended refused = essctl({"drill", "--json"});
        CHECK(refused.code == given.code);
        CHECK(refused.out.empty());
        CHECK(refused.err.find(given.said) != std::string::npos);
    }
}

TEST_CASE("essd: a stop that might fail is not drilled, and a drill is for operators") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    // There is no systemd in the sandbox.
    const Essd essd;
    CHECK(eventually([&] { return essd.has_fault("bus-down"); }));
    const Ended drill = essctl({"drill"});
    CHECK(drill.code == 4);
    CHECK(drill.err.find("not ready: ") != std::string::npos);
}
