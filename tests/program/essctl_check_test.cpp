// essctl check: what it prints, by fixed answers and by the real essd, and what it sees without one.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <future>
#include <string>
#include <vector>

#include "core/check_fixture.hpp"
#include "program/sandbox.hpp"
#include "program/screens.hpp"
#include "program/scripted_essd.hpp"

using namespace ess;
using namespace ess::test;

namespace {

Json report_of(const CheckFacts& facts) {
    Json report = to_json(check(facts), "essd");
    report["version"] = "0";
    return report;
}

/// What has a bit of everything: errors, a warning about several units, notes, long texts.
CheckFacts spoiled_facts() {
    CheckFacts facts = good_facts();
    HostFacts& host = *facts.host;
    for (const std::string name : {"quantum-a", "quantum-b", "quantum-c", "quantum-d", "quantum-e", "quantum-f"}) {
        const std::string unit = name + ".service";
        host.config.units.push_back({unit, StopCategory::Controlled, 1s});
        facts.systemd.units[unit] = good_service(unit);
        facts.systemd.units[unit].state = {"not-found", "inactive", "dead"};
    }
    facts.running = host.config;
    for (const UnitRule& rule : host.config.units)
        host.dropins[rule.name] = guard_dropin(host.config, rule.name);
    host.dropins.erase(checked_unit);
    host.generator.kind = GeneratorFacts::Kind::NotExecutable;
    host.latch_directory.mode = 01777;
    UnitFacts& unit = facts.systemd.units[checked_unit];
    unit.fate = SignalFate::Ignored;
    unit.relations.triggered_by = {"quantum-governor.timer"};
    unit.relations.pulls_down = {"grafana-server.service", "quantum-dashboard-with-a-rather-long-name.service"};
    return facts;
}

Json find(const Json& report, const std::string& code) {
    for (const Json& found : report.at("findings")) {
        if (found.at("code") == code) return found;
    }
    return nullptr;
}

Json read_report(const Ended& ended) {
    const auto json = parse_json(ended.out);
    REQUIRE_MESSAGE(json, ended.out << ended.err);
    return *json;
}

}  // namespace

TEST_CASE("essctl check: the screens, and their exit codes") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    struct Screen {
        std::string name;
        CheckFacts facts;
        int code;
    };
    CheckFacts noted = good_facts();
    noted.systemd.units[checked_unit].fate = SignalFate::Ignored;
    CheckFacts tripped = good_facts();
    tripped.host->latch = tripped.host->copy = true;
    tripped.systemd.units[checked_unit].state.load = "masked";
    for (const Screen& screen : {Screen{"check-good", good_facts(), 0}, Screen{"check-notes", noted, 0},
                                 Screen{"check-tripped", tripped, 0}, Screen{"check-errors", spoiled_facts(), 1}}) {
        CAPTURE(screen.name);
        ScriptedEssd essd;
        essd.answer("Check", report_of(screen.facts));
        const Ended ended = essctl({"check"});
        CHECK(ended.code == screen.code);
        CHECK(ended.err.empty());
        CHECK(is_as_before(screen.name, ended.out));
        const Ended narrow = on_terminal({"check"}, 60);
        // A path that is longer is not broken, so that it can be copied.
        if (screen.name != "check-errors") CHECK(longest_line(narrow.out) <= 60);
        CHECK(is_as_before(screen.name + "-60", narrow.out));
        CHECK(on_terminal({"check"}, 80).out == ended.out);
    }
}

TEST_CASE("essctl check: --json is the answer itself") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Json report = report_of(spoiled_facts());
    ScriptedEssd essd;
    essd.answer("Check", report);
    const Ended ended = essctl({"check", "--json"});
    CHECK(ended.code == 1);
    CHECK(read_report(ended) == report);
}

TEST_CASE("essctl check: colours on a terminal, and nothing of the answer steers it") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    Json report = report_of(spoiled_facts());
    report["findings"][0]["text"] = "evil \x1b[2J\a text";
    ScriptedEssd essd;
    essd.answer("Check", report);
    const Ended ended = run(Start{{ESS_ESSCTL, "check"}, {"TERM=xterm"}, {}, true});
    CHECK(ended.code == 1);
    CHECK(ended.out.find("\x1b[1;31m") != std::string::npos);
    CHECK(ended.out.find("\x1b[2J") == std::string::npos);
    CHECK(ended.out.find('\a') == std::string::npos);
    const Ended plain = run(Start{{ESS_ESSCTL, "check"}, {"TERM=xterm", "NO_COLOR=1"}, {}, true});
    CHECK(plain.out.find('\x1b') == std::string::npos);
}

TEST_CASE("essctl check: not while a stop is under way") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    ScriptedEssd essd;
    essd.refuse("Check", "io.quantum.EmergencyStop.Busy", {{"reason", "a stop is under way"}});
    const Ended ended = essctl({"check"});
    CHECK(ended.code == 5);
    CHECK(ended.err.find("a stop is under way") != std::string::npos);
}

TEST_CASE("essctl check: an essd of another version is no reason not to look") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    ScriptedEssd essd;
    essd.refuse("Check", "org.varlink.service.MethodNotFound", Json::object());
    const Ended ended = essctl({"check", "--json"});
    const Json report = read_report(ended);
    CHECK(ended.code == 1);
    CHECK(report.at("looked_by") == "essctl");
    CHECK(find(report, "essd-down").is_null());
    CHECK(find(report, "essd-silent").is_null());
}

TEST_CASE("essctl check: with essd and the bus down it says so, and what it sees all the same; exit 4") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    ::chmod("/run/quantum", 0777);
    const Ended ended = essctl({"check", "--json"});
    const Json report = read_report(ended);
    CHECK(ended.code == 4);
    CHECK(report.at("looked_by") == "essctl");
    CHECK(find(report, "essd-down").at("severity") == "error");
    CHECK(find(report, "systemd-silent").at("severity") == "error");
    CHECK(find(report, "generator").at("severity") == "error");
    CHECK(find(report, "guard-missing").at("subject") == checked_unit);
    CHECK(find(report, "latch-directory-mode").at("subject") == "/run/quantum");
    CHECK(report.at("units").size() == 2);
    CHECK(essctl({"check"}).out.starts_with("A STOP MIGHT FAIL"));
    CHECK(essctl({"check"}).code == 4);
}

TEST_CASE("essctl check: a stranger may ask; essd does the looking, and tells what it runs with") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    write_file(config_file, "units: [quantum-governor]\n");
    const Ended ended = run(Start{{ESS_ESSCTL, "check", "--json"}, {}, stranger_uid, false});
    const Json report = read_report(ended);
    CHECK(ended.code == 1);
    CHECK(report.at("looked_by") == "essd");
    CHECK(find(report, "config-stale").at("severity") == "error");
    CHECK(find(report, "systemd-silent").at("severity") == "error");
    CHECK(find(report, "not-seen").is_null());
}

TEST_CASE("essctl check: many who ask at once all get an answer") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    std::vector<std::future<Ended>> asked;
    for (int i = 0; i < 8; ++i)
        asked.push_back(std::async(std::launch::async, [] { return essctl({"check", "--json"}); }));
    for (auto& one : asked)
        CHECK(read_report(one.get()).at("looked_by") == "essd");
}

TEST_CASE("essctl check: a FIFO in the configuration's place hangs nobody") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    std::filesystem::remove(config_file);
    REQUIRE(::mkfifo(config_file.c_str(), 0600) == 0);
    const Ended ended = essctl({"check", "--json"});
    CHECK(ended.code == 1);
    CHECK(find(read_report(ended), "config-invalid").at("severity") == "error");
    CHECK(read_report(ended).at("units").size() == 2);
}
