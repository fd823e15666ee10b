#include "core/guard.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/paths.hpp"
#include "core/unit_name.hpp"

using namespace ess;

namespace {

Config config_with(const std::vector<std::string>& rules) {
    Config config;
    for (const std::string& rule : rules)
        config.units.push_back({rule, StopCategory::Controlled, std::chrono::seconds(1)});
    return config;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// The lines of a drop-in that set `key`.
std::vector<std::string> settings(const std::string& text, const std::string& key) {
    std::vector<std::string> found;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        const std::string line = text.substr(at, end - at);
        if (line.starts_with(key + "=")) found.push_back(line.substr(key.size() + 1));
        at = end + 1;
    }
    return found;
}

/// The configuration that its last good text stands for.
Config read_back(const Config& config) {
    const ConfigReading reading = read_config(std::vector<ConfigSource>{{"last-good.yaml", last_good_text(config)}});
    for (const ConfigFault& fault : reading.faults)
        FAIL_CHECK(to_text(fault));
    return reading.config;
}

std::vector<std::string> names_of(const Config& config) {
    std::vector<std::string> names;
    for (const UnitRule& rule : config.units)
        names.push_back(rule.name);
    return names;
}

}  // namespace

TEST_CASE("guard: the assertions name both latch paths, and dangling links too") {
    const std::string text = guard_dropin(config_with({"a.service"}), "a.service");
    CHECK(text.ends_with("\n"));
    CHECK(settings(text, "AssertPathExists") ==
          std::vector<std::string>{"!/run/quantum/ESS_ON", "!/var/lib/quantum-ess/latched"});
    CHECK(settings(text, "AssertPathIsSymbolicLink") ==
          std::vector<std::string>{"!/run/quantum/ESS_ON", "!/var/lib/quantum-ess/latched"});
    CHECK(settings(text, "Wants") == std::vector<std::string>{"essd.service"});
    CHECK(settings(text, "RequiresMountsFor") == std::vector<std::string>{"/var/lib/quantum-ess"});
    // An order after essd would keep a killed essd from coming back while a unit stops.
    CHECK(settings(text, "After").empty());
    CHECK(text.find("[Unit]") < text.find("Assert"));
    CHECK(text.find("Assert") < text.find("[Service]"));
}

TEST_CASE("guard: the conditions run outside the unit's sandbox and look at both paths") {
    const std::string text = guard_dropin(config_with({"a.service"}), "a.service");
    const std::vector<std::string> conditions = settings(text, "ExecCondition");
    REQUIRE(conditions.size() == 2);
    for (const std::string& condition : conditions)
        CHECK(condition.starts_with("+/bin/sh -c '"));
    CHECK(conditions[0].ends_with("\"/run/quantum/ESS_ON\" \"/var/lib/quantum-ess/latched\""));
    CHECK(has(conditions[0], "[ -e \"$$latch\" ] || [ -L \"$$latch\" ]"));
    CHECK(conditions[1].ends_with(std::string("\"") + paths::armed + "\""));
    // A "$" that the shell is to see is written "$$": there is no other.
    for (const std::string& condition : conditions) {
        std::string rest = condition;
        for (std::size_t at = 0; (at = rest.find("$$", at)) != std::string::npos;)
            rest.erase(at, 2);
        CHECK_FALSE(has(rest, "$"));
        CHECK_FALSE(has(rest, "%"));
    }
}

TEST_CASE("guard: without the interlock a unit may start with essd down") {
    Config config = config_with({"a.service"});
    config.interlock = Interlock::None;
    const std::string text = guard_dropin(config, "a.service");
    CHECK(settings(text, "ExecCondition").size() == 1);
    CHECK_FALSE(has(text, paths::armed));
}

TEST_CASE(
    "guard: with a fleet a trading unit starts behind the question to it, and needs no answer; the canary does not "
    "ask") {
    Config config = config_with({"a.service"});
    CHECK(settings(guard_dropin(config, "a.service"), "After").empty());
    config.fleet.endpoints = {"https://10.0.0.1:2379"};
    const std::string text = guard_dropin(config, "a.service");
    CHECK(settings(text, "After") == std::vector<std::string>{"quantum-ess-fleet.service"});
    CHECK_FALSE(has(text, "Requires=quantum-ess-fleet"));
    CHECK_FALSE(has(text, "Wants=quantum-ess-fleet"));
    const Guard guard = make_guard(config, false, {});
    for (const GuardFile& file : guard.dropins)
        CHECK(has(file.content, "quantum-ess-fleet") == (file.path.find("canary") == std::string::npos));
    CHECK(guard.dropins.size() == 2);
}

TEST_CASE("guard: a unit that is no service has no [Service]") {
    for (const char* rule : {"a.timer", "a.socket", "a.path", "a-*.timer", "a.target"}) {
        CAPTURE(rule);
        const std::string text = guard_dropin(config_with({rule}), rule);
        CHECK_FALSE(has(text, "[Service]"));
        CHECK(settings(text, "ExecCondition").empty());
        CHECK(settings(text, "AssertPathExists").size() == 2);
    }
    CHECK(has(guard_dropin(config_with({"a@*.service"}), "a@*.service"), "[Service]"));
}

TEST_CASE("guard: a latch path with the signs of unit files") {
    Config config = config_with({"a.service"});
    config.latch.path = R"(/run/50%/a$b/"c"\d)";
    const std::string text = guard_dropin(config, "a.service");
    // Assert*= knows specifiers, but neither variables nor quotes.
    CHECK(settings(text, "AssertPathExists").front() == R"(!/run/50%%/a$b/"c"\d)");
    CHECK(has(settings(text, "ExecCondition").front(), R"(sh "/run/50%%/a$$b/\"c\"\\d" "/var)"));
}

TEST_CASE("guard: one drop-in for each rule, in the directory that systemd looks in") {
    const Config config = config_with({"a.service", "s@*.service", "q-*.service", "t.timer"});
    const Guard guard = make_guard(config, false, {"s@1.service", "q-a.service"});
    REQUIRE(guard.dropins.size() == 5);
    CHECK(guard.dropins[0].path == "a.service.d/zz-quantum-ess-guard.conf");
    CHECK(guard.dropins[1].path == "s@.service.d/zz-quantum-ess-guard.conf");
    CHECK(guard.dropins[2].path == "q-.service.d/zz-quantum-ess-guard.conf");
    CHECK(guard.dropins[3].path == "t.timer.d/zz-quantum-ess-guard.conf");
    CHECK(guard.dropins[0].content == guard_dropin(config, "a.service"));
    CHECK(guard.masks.empty());
}

TEST_CASE("guard: the canary's is that of a trading unit, for the latch of the drills, and it is never masked") {
    Config config = config_with({"a.service"});
    config.latch.path = "/run/other/STOP";
    const Guard guard = make_guard(config, true, {"quantum-ess-canary.service"});
    REQUIRE(guard.dropins.size() == 2);
    CHECK(guard.dropins[1].path == "quantum-ess-canary.service.d/zz-quantum-ess-guard.conf");
    std::string expected = guard.dropins[0].content;
    for (auto at = expected.find("/STOP"); at != std::string::npos; at = expected.find("/STOP", at + 1))
        expected.insert(at + std::string_view("/STOP").size(), ".drill");
    CHECK(guard.dropins[1].content == expected);
    CHECK(guard.masks == std::vector<std::string>{"a.service"});
}

TEST_CASE("guard: while latched, units, templates and all that exist below a prefix are masked") {
    const Config config = config_with({"a.service", "s@*.service", "q-*.service"});
    const Guard guard = make_guard(
        config, true, {"a.service", "s@1.service", "q-a.service", "q-b@1.service", "q.service", "other.service"});
    const auto masked = [&](const char* name) { return std::ranges::find(guard.masks, name) != guard.masks.end(); };
    for (const char* name : {"a.service", "s@.service", "s@1.service", "q-a.service", "q-b@1.service"}) {
        CAPTURE(name);
        CHECK(masked(name));
    }
    for (const char* name : {"q.service", "other.service", "q-.service", "q-*.service", "s@*.service"}) {
        CAPTURE(name);
        CHECK_FALSE(masked(name));
    }
    // A unit that does not exist yet is masked by its name all the same.
    CHECK(make_guard(config_with({"new.service"}), true, {}).masks == std::vector<std::string>{"new.service"});
}

TEST_CASE("guard: a mask is never a path") {
    const Guard guard = make_guard(config_with({"a.service", "s@*.service"}), true, {"s@1.service"});
    for (const std::string& mask : guard.masks)
        CHECK_FALSE(has(mask, "/"));
}

TEST_CASE("guard: the last good list reads back as what it was made of") {
    for (const Interlock interlock : {Interlock::Start, Interlock::None}) {
        Config config = config_with({"a.service", "s@*.service", "q-*.timer", "b@1:2.service"});
        config.interlock = interlock;
        config.latch.path = "/run/other-place/stop@1.on";
        const Config back = read_back(config);
        CHECK(back.latch.path == config.latch.path);
        CHECK(back.interlock == interlock);
        CHECK(names_of(back) == names_of(config));
        CHECK(guard_dropin(back, "a.service") == guard_dropin(config, "a.service"));
    }
}

TEST_CASE("guard: an escaped unit name in the last good list is the same unit when it is read back") {
    const Config config = config_with({"x\\x2dy.service"});
    CHECK(names_of(read_back(config)) == names_of(config));
}
