// Watch, as the real daemon serves it.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "host/control_fixture.hpp"
#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

namespace {

const std::string watch_call = host::call_text("Watch", R"("more":true)");

/// The parameters of the first reply that fits; the test fails if the connection ends before.
template <class Condition>
Json heard_until(host::Wire& wire, Condition fits) {
    for (;;) {
        const auto reply = wire.hear();
        REQUIRE(reply);
        CHECK(reply->at("continues") == true);
        if (fits(reply->at("parameters"))) return reply->at("parameters");
    }
}

std::set<std::string> fields_of(const Json& object) {
    std::set<std::string> names;
    for (const auto& member : object.items())
        names.insert(member.key());
    return names;
}

std::size_t open_files(const Essd& essd) {
    const std::filesystem::directory_iterator files("/proc/" + std::to_string(essd.process.pid()) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

}  // namespace

TEST_CASE("watch: the state now, and each change of it") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    host::Wire wire(control);
    REQUIRE(wire.say(host::call_text("Watch")));
    CHECK(wire.hear_error() == "org.varlink.service.ExpectedMore");
    REQUIRE(wire.say(watch_call));
    const Json first = heard_until(wire, [](const Json&) { return true; });
    CHECK(fields_of(first) == fields_of(*essd.status()));
    CHECK(first.at("state") == "not-ready");
    CHECK(first.at("latch").at("present") == false);

    write_file(latch, "for the watchers");
    const Json tripped = heard_until(wire, [](const Json& shown) { return shown.at("last_operation").is_object(); });
    CHECK(tripped.at("state") == "tripped");
    CHECK(tripped.at("latch").at("reason") == "for the watchers");
    const Json entry = ledger_lines("trip", 1).back().at("entry");
    CHECK(tripped.at("last_operation").at("operation_id") == entry.at("operation_id"));
}

TEST_CASE("watch: each unit falls, with its time") {
    Sandbox sandbox;
    if (!sandbox.usable() || !sandbox.has_cgroups()) return;
    const Child first;
    const Child second;
    first.move_to(make_cgroup("system.slice/" + governor));
    second.move_to(make_cgroup("system.slice/quantum-execution.service"));
    const Essd essd;
    host::Wire wire(control);
    REQUIRE(wire.say(watch_call));
    const auto all = [](bool empty) {
        return [empty](const Json& shown) {
            const Json& units = shown.at("units");
            return units.size() == 2 && std::ranges::all_of(units, [&](const Json& unit) {
                       return unit.at("empty") == empty && unit.at("stop_us").is_null() != empty;
                   });
        };
    };
    heard_until(wire, all(false));
    write_file(latch, "");
    heard_until(wire, all(true));
}

TEST_CASE("watch: a watcher that vanishes leaves nothing behind") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    // From here on essd opens nothing that stays open.
    REQUIRE(eventually([&] { return essd.status()->at("ledger").at("writable") == true; }));
    host::Wire other(control);
    REQUIRE(other.say(host::status_text()));
    CHECK(other.hear());
    const std::size_t before = open_files(essd);
    for (int i = 0; i < 100; ++i) {
        host::Wire wire(control);
        REQUIRE(wire.say(watch_call));
        if (i % 2 == 0) CHECK(wire.hear());
    }
    // Fewer, if what was asked before had not been closed when they were counted.
    CHECK(eventually([&] { return open_files(essd) <= before; }));
    REQUIRE(other.say(host::status_text()));
    CHECK(other.hear());
}
