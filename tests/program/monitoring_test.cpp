// The alert rules and the dashboard that are installed: Prometheus reads them, and they ask for nothing that essd does
// not have.
#include <doctest/doctest.h>

#include <filesystem>
#include <regex>
#include <set>

#include "host/control_fixture.hpp"
#include "program/promtool.hpp"
#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

namespace {

const std::string rules = ESS_SOURCE_DIR "/packaging/prometheus/quantum-ess.rules.yaml";
const std::string rules_test = ESS_SOURCE_DIR "/tests/fixtures/prometheus/quantum-ess.rules.test.yaml";
const std::string dashboard = ESS_SOURCE_DIR "/packaging/grafana/quantum-ess.json";

/// All that the expression finds in the text; its first group.
std::vector<std::string> all_in(const std::string& text, const std::string& expression) {
    const std::regex pattern(expression);
    std::vector<std::string> found;
    for (auto at = std::sregex_iterator(text.begin(), text.end(), pattern); at != std::sregex_iterator(); ++at)
        found.push_back((*at)[1]);
    return found;
}

std::set<std::string> metrics_in(const std::string& text) {
    const auto names = all_in(text, "\\b(quantum_ess_[a-z_]+)");
    return {names.begin(), names.end()};
}

/// The queries of a dashboard, wherever they are.
void collect_queries(const Json& node, std::vector<std::string>& into) {
    if (node.is_object() && node.contains("expr")) into.push_back(node.at("expr"));
    if (!node.is_structured()) return;
    for (const Json& child : node)
        collect_queries(child, into);
}

std::vector<std::string> queries() {
    const auto json = parse_json(read_whole(dashboard));
    REQUIRE_MESSAGE(json, "the dashboard is not JSON");
    std::vector<std::string> found;
    collect_queries(*json, found);
    return found;
}

/// As Grafana does before it asks.
std::string with_variables(const std::string& query) {
    std::string text = std::regex_replace(query, std::regex("\\$__(range|rate_interval)"), "5m");
    return std::regex_replace(text, std::regex("\\$(job|instance)"), ".*");
}

/// A rules file with a rule for each query: Prometheus' checker parses them then.
std::string as_rules(const std::vector<std::string>& expressions) {
    Json list = Json::array();
    for (const std::string& expression : expressions)
        list.push_back({{"record", "q:" + std::to_string(list.size())}, {"expr", with_variables(expression)}});
    // JSON is YAML.
    return Json{{"groups", {{{"name", "dashboard"}, {"rules", list}}}}}.dump();
}

}  // namespace

TEST_CASE("monitoring: Prometheus reads the alert rules, and each fires and does not fire") {
    if (!has_promtool()) return;
    const Ended checked = promtool({"check", "rules", rules});
    CHECK_MESSAGE(checked.code == 0, (checked.out + checked.err));
    const Ended tested = promtool({"test", "rules", rules_test});
    CHECK_MESSAGE(tested.code == 0, (tested.out + tested.err));
}

TEST_CASE("monitoring: each alert is tested both ways, and says what it is and what to do") {
    const std::string text = read_whole(rules);
    const std::string tests = read_whole(rules_test);
    const auto alerts = all_in(text, "- alert: (\\w+)");
    CHECK(alerts.size() >= 10);
    for (const std::string& alert : alerts) {
        CAPTURE(alert);
        const auto outcomes = all_in(tests, "alertname: " + alert + "\\n +exp_alerts:( \\[\\])?");
        CHECK(std::ranges::count(outcomes, "") >= 1);
        CHECK(std::ranges::count(outcomes, " []") >= 1);
    }
    for (const char* part : {"summary", "description", "action", "severity"}) {
        CAPTURE(part);
        CHECK(all_in(text, std::string("[ {](") + part + "): ").size() == alerts.size());
    }
}

TEST_CASE("monitoring: Prometheus understands every query of the dashboard") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_promtool()) return;
    CHECK(queries().size() >= 15);
    const std::string file = "/run/dashboard.rules.yaml";
    write_file(file, as_rules(queries()));
    const Ended checked = promtool({"check", "rules", file});
    CHECK_MESSAGE(checked.code == 0, (checked.out + checked.err));
    // The checker is not blind.
    write_file(file, as_rules({"quantum_ess_up{"}));
    CHECK(promtool({"check", "rules", file}).code != 0);
}

TEST_CASE("monitoring: every metric that is asked for is one that essd has") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(config_file, read_whole(config_file) + "fleet: {endpoints: ['https://10.0.0.1:2379'], host: a}\n");
    const Essd essd;
    CHECK(eventually([&] { return !essd.has_fault("starting"); }));
    host::Wire fleet = host::connect_as(fleet_uid, control, {quantum_ess_gid});
    REQUIRE(fleet.say(host::call_text(
        "FleetReport", R"("parameters":{"host":"a","connected":true,"last_contact":"2026-01-28T01:59:58Z"})")));
    REQUIRE(fleet.hear());
    std::set<std::string> shown = metrics_in(essctl({"metrics"}).out);
    write_file(latch, "");
    CHECK(essd.comes_to("tripped"));
    CHECK(ledger_lines("trip", 1).size() == 1);
    const auto is_there = [&] {
        shown.merge(metrics_in(essctl({"metrics"}).out));
        return shown.contains("quantum_ess_last_stop_seconds");
    };
    CHECK(eventually(is_there));
    // Only a unit that had a process has this one: see the test of the kill.
    shown.insert("quantum_ess_unit_last_stop_seconds");
    // And only a host that was drilled these: see the scenario.
    for (const char* name : {"success", "timestamp_seconds", "max_seconds"})
        shown.insert(std::string("quantum_ess_last_drill_") + name);
    for (const std::string& file : {rules, dashboard}) {
        for (const std::string& name : metrics_in(read_whole(file))) {
            CAPTURE(name);
            CHECK(shown.contains(name));
        }
    }
}
