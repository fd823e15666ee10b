// The kernel's side of a trip, in real cgroups: there is no bus and no PID 1 that could help.
#include <doctest/doctest.h>
#include <fcntl.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

namespace {

/// The budget of DESIGN.md: from the latch to the last process dead.
constexpr auto budget = 2s;

void ignore_everything() {
    for (int signal = 1; signal < SIGRTMIN; ++signal)
        static_cast<void>(std::signal(signal, SIG_IGN));
    for (;;)
        ::pause();
}

Json unit_of(const Json& list, const std::string& name) {
    const auto found = std::ranges::find_if(list, [&](const Json& unit) { return unit.at("name") == name; });
    REQUIRE(found != list.end());
    return *found;
}

/// Of the last trip in the ledger.
Json timeline_of(const std::string& unit) {
    const auto lines = ledger_lines("trip", 1);
    REQUIRE_FALSE(lines.empty());
    return unit_of(lines.back().at("ess").at("units"), unit);
}

}  // namespace

TEST_CASE("kill: a process that ignores SIGTERM is dead at once, and the entry has its time") {
    Sandbox sandbox;
    if (!sandbox.usable() || !sandbox.has_cgroups()) return;
    Child child(ignore_everything);
    child.move_to(make_cgroup("system.slice/" + governor));
    const Essd essd;
    CHECK(eventually([&] { return essd.has_fault("bus-down"); }));
    CHECK_FALSE(unit_of(essd.status()->at("units"), governor).at("empty").get<bool>());
    const Instant begun = monotonic_now();
    write_file(latch, "");
    CHECK(child.signal_that_ends() == SIGKILL);
    // There is nobody to ask for a controlled stop, so nothing is waited for, the grace neither.
    CHECK(monotonic_now() - begun < 1s);
    CHECK(essd.comes_to("tripped"));
    const Json unit = timeline_of(governor);
    CHECK(unit.at("was_running") == true);
    CHECK(unit.at("empty") == true);
    CHECK(unit.at("killed_us").is_number_integer());
    CHECK(unit.at("empty_us").get<std::int64_t>() >= unit.at("killed_us").get<std::int64_t>());
    CHECK(unit.at("empty_us").get<std::int64_t>() < 1'000'000);
    CHECK(unit.at("masked_us").is_null());
    CHECK(unit_of(essd.status()->at("units"), governor).at("empty") == true);
}

TEST_CASE("kill: nested cgroups, a unit in another slice, and a unit that is not allowed stays") {
    Sandbox sandbox;
    if (!sandbox.usable() || !sandbox.has_cgroups()) return;
    Child nested;
    Child sliced;
    Child innocent;
    nested.move_to(make_cgroup("system.slice/" + governor + "/worker/inner"));
    sliced.move_to(make_cgroup("trading.slice/trading-fast.slice/quantum-execution.service"));
    innocent.move_to(make_cgroup("system.slice/grafana-server.service"));
    const Essd essd;
    write_file(latch, "");
    CHECK(nested.signal_that_ends() == SIGKILL);
    CHECK(sliced.signal_that_ends() == SIGKILL);
    CHECK(essd.comes_to("tripped"));
    CHECK(innocent.signal_that_ends(10ms) == 0);
}

TEST_CASE("kill: what gets a process again while tripped loses it again, and that is on record") {
    Sandbox sandbox;
    if (!sandbox.usable() || !sandbox.has_cgroups()) return;
    const std::string cgroup = make_cgroup("system.slice/" + governor);
    const Essd essd;
    write_file(latch, "");
    CHECK(essd.comes_to("tripped"));
    for (int round = 0; round < 3; ++round) {
        Child child(ignore_everything);
        const Instant begun = monotonic_now();
        child.move_to(cgroup);
        CHECK(child.signal_that_ends() == SIGKILL);
        CHECK(monotonic_now() - begun < budget);
    }
    const auto lines = ledger_lines("refusal", 1);
    REQUIRE_FALSE(lines.empty());
    CHECK(lines.front().at("entry").at("operation_name") == "Unit stopped again");
}

TEST_CASE("kill: a unit that appears after the trip") {
    Sandbox sandbox;
    if (!sandbox.usable() || !sandbox.has_cgroups()) return;
    const Essd essd;
    write_file(latch, "");
    CHECK(essd.comes_to("tripped"));
    Child child;
    child.move_to(make_cgroup("late.slice/" + governor));
    CHECK(child.signal_that_ends(budget) == SIGKILL);
}

TEST_CASE("kill: essd was dead when the latch came, and stops what runs when it is back") {
    Sandbox sandbox;
    if (!sandbox.usable() || !sandbox.has_cgroups()) return;
    Child child(ignore_everything);
    child.move_to(make_cgroup("system.slice/" + governor));
    {
        Essd essd;
        essd.process.signal(SIGKILL);
        CHECK(essd.process.wait() == -SIGKILL);
        write_file(latch, "");
    }
    const Essd essd;
    CHECK(child.signal_that_ends(budget) == SIGKILL);
    CHECK(essd.comes_to("tripped"));
    CHECK(timeline_of(governor).at("was_running") == true);
}
