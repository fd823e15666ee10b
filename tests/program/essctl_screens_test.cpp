// What people see of essctl, as a whole: the screens in tests/fixtures/screens, made of the status beside them. To
// renew those that differ: ESS_RENEW=1 build/release/tests/test_program -tc='essctl*'; read the diff before it is
// committed.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string>

#include "base/text.hpp"
#include "program/sandbox.hpp"
#include "program/screens.hpp"
#include "program/scripted_essd.hpp"

using namespace ess;
using namespace ess::test;

namespace {

/// 500 units, `wrong` of them not stopped.
Json many_units(std::size_t wrong) {
    Json status = status_fixture("tripped");
    const Json unit = status["units"][1];
    status["units"] = Json::array();
    for (std::size_t i = 0; i < 500; ++i) {
        Json one = unit;
        one["name"] = "quantum-strategy@" + std::to_string(i) + ".service";
        if (i >= 500 - wrong) one["empty"] = false;
        status["units"].push_back(one);
    }
    return status;
}

/// essctl trip, told step by step how it goes.
Ended trip_through(const std::vector<std::string>& steps, std::vector<std::string> options = {},
                   ScriptedEssd::Age age = ScriptedEssd::Age::Present) {
    std::filesystem::remove(latch);
    ScriptedEssd essd(status_fixture("armed"), age);
    std::vector<std::string> command{ESS_ESSCTL, "trip", "--reason", "x"};
    command.insert(command.end(), options.begin(), options.end());
    Process trip(command);
    REQUIRE(eventually([&] { return essd.is_asked(); }));
    for (const std::string& step : steps)
        essd.show(status_fixture(step));
    const auto code = trip.wait();
    REQUIRE(code);
    return {*code, trip.out(), trip.err(), {}};
}

}  // namespace

TEST_CASE("essctl screens: status, at each width") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    for (const auto& [name, code] : std::vector<std::pair<std::string, int>>{
             {"armed", 0}, {"tripping", 3}, {"tripped", 3}, {"four-eyes", 3}, {"partial", 3}, {"not-ready", 4}}) {
        CAPTURE(name);
        const ScriptedEssd essd(status_fixture(name));
        for (const unsigned short columns : std::vector<unsigned short>{40, 60, 80}) {
            CAPTURE(columns);
            const Ended status = on_terminal({"status"}, columns);
            CHECK(status.code == code);
            CHECK(longest_line(status.out) <= columns);
            if (columns == 80) CHECK(std::ranges::count(status.out, '\n') < 24);
            CHECK(is_as_before("status-" + name + "-" + std::to_string(columns), status.out));
        }
        const Ended piped = essctl({"status"});
        CHECK(piped.code == code);
        CHECK(is_as_before("status-" + name + "-pipe", piped.out));
    }
}

TEST_CASE("essctl screens: no width breaks a line, and none loses what is wrong") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const ScriptedEssd essd(status_fixture("partial"));
    for (unsigned short columns = 40; columns <= 100; ++columns) {
        CAPTURE(columns);
        const Ended status = on_terminal({"status", "--all"}, columns);
        CHECK(longest_line(status.out) <= columns);
        for (const char* wrong : {"STILL RUNNING", "NOT MASKED", "NOT WRITABLE", "STILL HAS"})
            CHECK(status.out.find(wrong) != std::string::npos);
    }
}

TEST_CASE("essctl screens: colours and symbols") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const ScriptedEssd essd(status_fixture("partial"));
    CHECK(is_as_before("status-partial-colour", on_terminal({"status"}, 80, {}).out));
    // A dumb terminal still has a width.
    CHECK(on_terminal({"status"}, 80, {"TERM=dumb"}).out == on_terminal({"status"}, 80).out);
}

TEST_CASE("essctl screens: of many units those that are not as they should be come first") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    ScriptedEssd essd(many_units(0));
    const Ended well = on_terminal({"status"}, 80);
    CHECK(std::ranges::count(well.out, '\n') < 24);
    CHECK(is_as_before("status-many-80", well.out));
    essd.show(many_units(3));
    const Ended three = on_terminal({"status"}, 80);
    CHECK(std::ranges::count(three.out, '\n') < 24);
    CHECK(is_as_before("status-many-three-80", three.out));
    essd.show(many_units(100));
    CHECK(is_as_before("status-many-hundred-pipe", essctl({"status"}).out));
    const Ended all = essctl({"status", "--all"});
    for (std::size_t i = 0; i < 500; ++i)
        CHECK(all.out.find("quantum-strategy@" + std::to_string(i) + ".service ") != std::string::npos);
}

TEST_CASE("essctl screens: what comes from outside is shown as text") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    Json status = status_fixture("tripped");
    const std::string nasty = "\x1b]0;owned\x07\x1b[2J\r\n\u202Eevil\u0085\x7f";
    status["latch"]["reason"] = nasty;
    status["latch"]["requested_by"] = nasty;
    status["config_hash"] = nasty;
    status["units"][0]["name"] = nasty;
    status["units"][1]["active_state"] = nasty;
    status["last_operation"]["operation_id"] = nasty;
    status["faults"] = Json::array({{{"code", nasty}, {"severity", nasty}, {"text", nasty}}});
    ScriptedEssd essd(status);
    essd.refuse("Reset", "io.quantum.EmergencyStop.Refused", {{"reason", nasty}});
    for (const std::vector<std::string>& verb :
         {std::vector<std::string>{"status"}, {"reset", "--reason", "x"}, {"watch", "--timeout", "100ms"}}) {
        const Ended said = essctl(verb);
        const std::string text = said.out + said.err;
        CHECK(text.find("evil") != std::string::npos);
        for (const char* control : {"\x1b", "\x07", "\r", "\u202E", "\u0085", "\x7f"})
            CHECK(text.find(control) == std::string::npos);
    }
}

TEST_CASE("essctl screens: a status of an essd that knows less or says odd things is shown as far as it goes") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    for (const Json& odd : {Json::object(), Json{{"state", 7}, {"units", "none"}}, Json{{"state", "dozing"}},
                            Json{{"state", "armed"}, {"ready", true}, {"units", Json::array({Json::object(), 4})}}}) {
        CAPTURE(odd.dump());
        const ScriptedEssd essd(odd);
        const Ended status = essctl({"status"});
        CHECK((status.code == 0 || status.code == 4));
        CHECK_FALSE(status.out.empty());
        CHECK(status.err.empty());
    }
}

TEST_CASE("essctl screens: trip shows each unit fall, and then how it went") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Ended well = trip_through({"tripping", "tripped"});
    CHECK(well.code == 0);
    CHECK(is_as_before("trip-tripped", well.out));
    const Ended partly = trip_through({"tripping", "partial"});
    CHECK(partly.code == 1);
    CHECK(is_as_before("trip-partial", partly.out));
    const Ended json = trip_through({"tripping", "tripped"}, {"--json"});
    CHECK(json.code == 0);
    CHECK(parse_json(json.out) == status_fixture("tripped"));
}

TEST_CASE("essctl screens: trip with an essd that is older than Watch") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Ended trip = trip_through({"tripped"}, {}, ScriptedEssd::Age::BeforeWatch);
    CHECK(trip.code == 0);
    CHECK(trip.out.find("1003.4 ms  stopped  quantum-ai-engine.service") != std::string::npos);
}

TEST_CASE("essctl screens: watch in a pipe, a line for each change") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    ScriptedEssd essd(status_fixture("armed"));
    Process watch({ESS_ESSCTL, "watch", "--until", "tripped", "--timeout", "1min"});
    REQUIRE(eventually([&] { return essd.is_asked(); }));
    essd.show(status_fixture("tripping"));
    essd.show(status_fixture("tripped"));
    CHECK(watch.wait() == 0);
    std::string text;
    std::istringstream lines(watch.out());
    for (std::string line; std::getline(lines, line);) {
        REQUIRE(line.size() > 24);
        CHECK(from_rfc3339(line.substr(0, 24)));
        text += line.substr(24) + "\n";
    }
    CHECK(is_as_before("watch-trip", text));
}
