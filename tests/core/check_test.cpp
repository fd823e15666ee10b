#include "core/check.hpp"

#include <doctest/doctest.h>

#include <set>
#include <vector>

#include "base/file.hpp"
#include "core/check_cases.hpp"
#include "core/essd_unit.hpp"
#include "core/interface_types.hpp"

using namespace ess;
using namespace ess::test;
using Severity = Finding::Severity;

namespace {

void run_case(const Case& given) {
    CAPTURE(given.what);
    CheckFacts facts = good_facts();
    given.spoil(facts);
    const CheckReport report = check(facts);
    CHECK(codes_of(report) == given.code);
    const auto found = finding(report, given.code);
    REQUIRE(found);
    CHECK(found->severity == given.severity);
    CHECK(found->subject == given.subject);
    CHECK_FALSE(found->text.empty());
    CHECK(found->remedy.find(given.remedy) != std::string::npos);
    CHECK(report.ok() == (given.severity != Severity::Error));
}

std::vector<Case> all_cases() {
    std::vector<Case> all;
    for (const auto& cases :
         {essd_cases(), drill_cases(), latch_cases(), host_cases(), guard_cases(), unit_cases(), ending_cases()})
        all.insert(all.end(), cases.begin(), cases.end());
    return all;
}

std::string source(const std::string& path) {
    const auto text = read_file(std::string(ESS_SOURCE_DIR "/") + path, 1U << 20U);
    REQUIRE_MESSAGE(text, path);
    return *text;
}

}  // namespace

TEST_CASE("check: nothing to find on a good host") {
    const CheckReport report = check(good_facts());
    CHECK(codes_of(report).empty());
    CHECK(report.ok());
    CHECK_FALSE(report.tripped);
    CHECK(report.systemd == "252");
}

TEST_CASE("check: each thing that is wrong is found, by its own code and no other") {
    for (const Case& given : all_cases())
        run_case(given);
}

TEST_CASE("check: without essd nothing is said of what only essd knows") {
    CheckFacts facts = good_facts();
    facts.essd = CheckFacts::Essd::Down;
    facts.running.reset();
    facts.systemd.essd_process.reset();
    CHECK(codes_of(check(facts)) == "essd-down");
}

TEST_CASE("check: errors come first, then warnings, then notes") {
    CheckFacts facts = good_facts();
    unit(facts).fate = SignalFate::Ignored;
    facts.host->room->bytes = 0;
    facts.host->generator.kind = GeneratorFacts::Kind::Missing;
    CHECK(codes_of(check(facts)) == "generator disk-low ignores-stop-signal");
}

TEST_CASE("check: a fault of essd that a rule has found is not told twice") {
    CheckFacts facts = good_facts();
    facts.host->dropins.clear();
    facts.faults = {{"guard-missing", Fault::Severity::Error, "no guard for " + checked_unit}};
    CHECK(codes_of(check(facts)) == "guard-missing");
}

TEST_CASE("check: what a stop pulls down is followed through other units, and told without those that are allowed") {
    CheckFacts facts = good_facts();
    facts.host->config.units.push_back({"allowed.service", StopCategory::Controlled, 1s});
    facts.host->config.protected_units = {"grafana-server.service"};
    facts.running = facts.host->config;
    facts.host->dropins["allowed.service"] = guard_dropin(facts.host->config, "allowed.service");
    facts.systemd.units["allowed.service"] = good_service("allowed.service");
    unit(facts).relations.pulls_down = {"allowed.service", "a.service"};
    facts.systemd.units["a.service"] = good_service("a.service");
    unit(facts, "a.service").relations.pulls_down = {"grafana-server.service", checked_unit};
    const CheckReport report = check(facts);
    CHECK(codes_of(report) == "pulls-down");
    const auto found = finding(report, "pulls-down");
    REQUIRE(found);
    CHECK(found->text.find("a.service, grafana-server.service") != std::string::npos);
    CHECK(found->text.find("allowed.service") == std::string::npos);
    CHECK(found->text.find("protected: grafana-server.service") != std::string::npos);
}

TEST_CASE("check: targets and allowed units that start a unit are not worth a note") {
    CheckFacts facts = good_facts();
    unit(facts).started_by = {"multi-user.target", checked_unit};
    CHECK(codes_of(check(facts)).empty());
}

TEST_CASE("check: while tripped, masked units are as they should be") {
    CheckFacts facts = good_facts();
    facts.host->latch = facts.host->copy = true;
    unit(facts).state.load = "masked";
    unit(facts).condition_words.clear();
    const CheckReport report = check(facts);
    CHECK(codes_of(report) == "tripped");
    CHECK(report.tripped);
}

TEST_CASE("check: a latch without its copy, and a copy without its latch") {
    CheckFacts facts = good_facts();
    facts.host->latch = true;
    CHECK(finding(check(facts), "latch-disagrees")->subject == paths::latch_copy);
    facts.host->latch = false;
    facts.host->copy = true;
    CHECK(finding(check(facts), "latch-disagrees")->subject == "/run/quantum/ESS_ON");
}

TEST_CASE("check: a configuration that cannot be read is checked as essd runs with it, or as it was last good") {
    CheckFacts facts = good_facts();
    facts.host->config_faults = {{"ess.yaml", 1, 1, "no"}, {"ess.yaml", 2, 1, "nor this"}};
    facts.host->config.units.clear();
    const CheckReport by_running = check(facts);
    CHECK(codes_of(by_running) == "config-invalid");
    CHECK(by_running.units.size() == 1);
    CHECK(finding(by_running, "config-invalid")->text.find("1 more") != std::string::npos);
    facts.running.reset();
    CHECK(check(facts).units.empty());
}

TEST_CASE("check: a pattern stands for what it covers, and a template alone is enough") {
    CheckFacts facts = good_facts();
    const std::string rule = "s@*.service";
    facts.host->config.units = {{rule, StopCategory::Controlled, 1s}};
    facts.running = facts.host->config;
    facts.host->dropins[rule] = guard_dropin(facts.host->config, rule);
    facts.systemd.found[rule] = {"s@.service"};
    CHECK(codes_of(check(facts)).empty());
    facts.systemd.found[rule] = {"s@.service", "s@a.service"};
    facts.systemd.units["s@a.service"] = good_service("s@a.service");
    unit(facts, "s@a.service").condition_words.clear();
    const CheckReport report = check(facts);
    CHECK(codes_of(report) == "guard-not-loaded");
    REQUIRE(report.units.size() == 1);
    CHECK(report.units[0]["name"] == "s@a.service");
    CHECK(report.units[0]["rule"] == rule);
}

TEST_CASE("check: units that are no services are guarded by assertions") {
    CheckFacts facts = good_facts();
    facts.host->config.units = {{"orders.socket", StopCategory::Controlled, 1s}};
    facts.running = facts.host->config;
    facts.host->dropins["orders.socket"] = guard_dropin(facts.host->config, "orders.socket");
    UnitFacts socket;
    socket.name = "orders.socket";
    socket.state.load = "loaded";
    facts.systemd.units["orders.socket"] = socket;
    CHECK(codes_of(check(facts)) == "guard-not-loaded");
    unit(facts, "orders.socket").asserted_absent = {"/run/quantum/ESS_ON", paths::latch_copy};
    CHECK(codes_of(check(facts)).empty());
}

TEST_CASE("check: a drop-in that systemd has read, or one of the same name that ranks higher, needs no reload") {
    CheckFacts facts = good_facts();
    facts.host->unit_dropins[checked_unit + ".d"] = {"/lib/systemd/system/" + checked_unit + ".d/a.conf"};
    unit(facts).dropins.emplace_back("/etc/systemd/system/" + checked_unit + ".d/a.conf");
    CHECK(codes_of(check(facts)).empty());
}

TEST_CASE("check: what the grace leaves room for is not worth a note") {
    CheckFacts facts = good_facts();
    unit(facts).has_stop_command = true;
    unit(facts).stop_timeout = 1s;
    CHECK(codes_of(check(facts)).empty());
    unit(facts).stop_timeout = 1s + Micros(1);
    CHECK(codes_of(check(facts)) == "stop-command-cut-off");
}

TEST_CASE("check: the reply is as the interface declares it, whatever is wrong or unknown") {
    const Fields reply = fields_after(interface(), "method Check() -> (");
    check_struct(to_json(check(good_facts()), "essd"), reply);
    for (const Case& given : all_cases()) {
        CAPTURE(given.what);
        CheckFacts facts = good_facts();
        given.spoil(facts);
        check_struct(to_json(check(facts), "essctl"), reply);
    }
}

TEST_CASE("check: every code is documented") {
    const std::string document = source("packaging/docs/CHECK.md");
    std::set<std::string> codes{"latch-disagrees"};
    for (const Case& given : all_cases())
        codes.insert(given.code);
    for (const std::string& code : codes) {
        CAPTURE(code);
        const bool of_essd = code == "latch" || code == "config-changed";
        CHECK((of_essd || document.find("| `" + code + "` |") != std::string::npos));
    }
}

TEST_CASE("check: what essd is expected to run with is what its unit is shipped with") {
    const std::string shipped = source("units/essd.service");
    const auto has = [&](const std::string& line) { return shipped.find("\n" + line + "\n") != std::string::npos; };
    CHECK(has("CPUSchedulingPolicy=fifo"));
    CHECK(has("CPUSchedulingPriority=" + std::to_string(essd_unit::priority)));
    CHECK(has("OOMScoreAdjust=" + std::to_string(essd_unit::oom_score_adjust)));
    CHECK(has("LimitMEMLOCK=infinity"));
    CHECK(has("WatchdogSec=5s"));
    CHECK(has(std::string("Restart=") + essd_unit::restart));
    CHECK(has(std::string("OnFailure=") + essd_unit::last_resort));
}
