// Clients that nobody wants, in numbers: others are answered meanwhile, a trip is carried out, and nothing is left
// behind.
#include <doctest/doctest.h>

#include <filesystem>

#include "host/control_fixture.hpp"
#include "program/floods.hpp"

using namespace ess;
using namespace ess::test;

namespace {

std::size_t open_files(const Essd& essd) {
    const std::filesystem::directory_iterator files("/proc/" + std::to_string(essd.process.pid()) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

bool answers(uid_t uid, const std::vector<gid_t>& groups) {
    host::Wire wire = host::connect_as(uid, control, groups);
    return wire.say(host::status_text()) && wire.hear().has_value();
}

}  // namespace

TEST_CASE("floods: others are answered, a trip is carried out, and nothing is left behind") {
    for (const Flood& kind : floods) {
        CAPTURE(kind.name);
        Sandbox sandbox;
        if (!sandbox.usable() || !sandbox.has_cgroups()) return;
        Child unit;
        unit.move_to(make_cgroup("system.slice/" + governor));
        const Essd essd;
        // From here on essd opens nothing that stays open.
        REQUIRE(eventually([&] { return essd.status()->at("ledger").at("writable") == true; }));
        const std::size_t before = open_files(essd);
        Child flood([&] { flood_as_stranger(kind.body); });
        for (int i = 0; i < 5; ++i)
            CHECK(answers(operator_uid, {quantum_ess_gid}));
        CHECK(answers(0, {}));
        write_file(latch, "");
        CHECK(unit.signal_that_ends() == SIGKILL);
        CHECK(essd.comes_to("tripped"));
        CHECK(answers(operator_uid, {quantum_ess_gid}));
        const Json units = ledger_lines("trip", 1).back().at("ess").at("units");
        const auto found = std::ranges::find_if(units, [](const Json& one) { return one.at("name") == governor; });
        REQUIRE(found != units.end());
        CHECK(found->at("empty_us").get<std::int64_t>() < 2'000'000);
        flood.kill();
        CHECK(eventually([&] { return open_files(essd) <= before; }));
    }
}
