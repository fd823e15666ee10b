#include "host/cgroup_tree.hpp"

#include <doctest/doctest.h>

#include "host/cgroup_tree_fixture.hpp"
#include "host/scratch_directory.hpp"

using namespace ess;
using namespace ess::test;

namespace {

constexpr const char* governor = "quantum-governor.service";

}  // namespace

TEST_CASE("cgroups: the name of a unit's directory") {
    CHECK(host::unit_of_cgroup(governor) == governor);
    CHECK(host::unit_of_cgroup("_foo.service") == "foo.service");
    CHECK(host::unit_of_cgroup("__foo.service") == "_foo.service");
    CHECK(host::unit_of_cgroup("_").empty());
    CHECK(host::unit_of_cgroup("").empty());
}

TEST_CASE("cgroups: what is no hierarchy is an error that names it") {
    ScratchDirectory scratch;
    host::EventLoop loop;
    host::CgroupTree tree(
        loop, [](const std::string&) { return true; }, [](const std::string&, bool) {});
    const auto started = tree.start(scratch.file("missing"));
    REQUIRE_FALSE(started);
    CHECK(started.error().text.find(scratch.file("missing")) != std::string::npos);
}

TEST_CASE("cgroups: what is there at the start is known at once") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    at.slice.make("quantum-empty.service");
    const Child child;
    child.move_to(at.slice.make(governor));
    at.loop.run([&] {
        REQUIRE(at.tree.start(at.slice.path()));
        CHECK(at.told[governor] == std::vector<bool>{true});
        CHECK(at.told["quantum-empty.service"].empty());
    });
}

TEST_CASE("cgroups: a unit is made, populated, emptied and removed") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    at.start();
    for (int round = 0; round < 3; ++round) {
        at.loop.run([&] { at.told.clear(); });
        const std::string path = at.slice.make(governor);
        Child child;
        child.move_to(path);
        CHECK(at.tells(governor, {true}));
        child.kill();
        CHECK(at.tells(governor, {true, false}));
        REQUIRE(::rmdir(path.c_str()) == 0);
    }
}

TEST_CASE("cgroups: of two processes the last one counts") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    at.start();
    const std::string path = at.slice.make(governor);
    Child first;
    Child second;
    first.move_to(path);
    second.move_to(path);
    CHECK(at.tells(governor, {true}));
    first.kill();
    at.loop.settle();
    CHECK(at.tells(governor, {true}));
    second.kill();
    CHECK(at.tells(governor, {true, false}));
}

TEST_CASE("cgroups: a process that moves out empties a unit") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    at.start();
    const Child child;
    child.move_to(at.slice.make(governor));
    CHECK(at.tells(governor, {true}));
    child.move_to(at.slice.make("elsewhere.service"));
    CHECK(at.tells(governor, {true, false}));
}

TEST_CASE("cgroups: slices in slices, made before and after the start") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    const Child early;
    early.move_to(at.slice.make("a.slice/a-b.slice/quantum-early.service"));
    at.start();
    CHECK(at.tells("quantum-early.service", {true}));
    Child late;
    late.move_to(at.slice.make("c.slice/c-d.slice/c-d-e.slice/quantum-late.service"));
    CHECK(at.tells("quantum-late.service", {true}));
    late.kill();
    CHECK(at.tells("quantum-late.service", {true, false}));
}

TEST_CASE("cgroups: a whole slice that is made and filled before anybody looked") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    at.start();
    const Child child;
    at.loop.run([&] { child.move_to(at.slice.make("x.slice/x-y.slice/quantum-governor.service")); });
    CHECK(at.tells(governor, {true}));
}

TEST_CASE("cgroups: a slice that is removed and made again is watched again") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    at.start();
    for (int round = 0; round < 3; ++round) {
        at.loop.run([&] { at.told.clear(); });
        const std::string path = at.slice.make("x.slice/x-y.slice/quantum-governor.service");
        Child child;
        child.move_to(path);
        CHECK(at.tells(governor, {true}));
        child.kill();
        CHECK(at.tells(governor, {true, false}));
        remove_cgroup(at.slice.path() + "/x.slice");
    }
}

TEST_CASE("cgroups: a process in a cgroup of the unit's own counts (Delegate=)") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    at.start();
    Child child;
    child.move_to(at.slice.make("quantum-governor.service/worker/inner"));
    CHECK(at.tells(governor, {true}));
    CHECK(at.kill(governor));
    CHECK(child.signal_that_ends() == SIGKILL);
    CHECK(at.tells(governor, {true, false}));
}

TEST_CASE("cgroups: a unit whose directory is removed and made again before anybody looked") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    const std::string path = at.slice.make(governor);
    at.start();
    Child child;
    at.loop.run([&] {
        REQUIRE(::rmdir(path.c_str()) == 0);
        child.move_to(at.slice.make(governor));
    });
    CHECK(at.ends_with(governor, true));
    CHECK(at.kill(governor));
    CHECK(child.signal_that_ends() == SIGKILL);
    CHECK(at.ends_with(governor, false));
}

TEST_CASE("cgroups: a unit that moves to another slice") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    at.start();
    const std::string old_path = at.slice.make("a.slice/quantum-governor.service");
    Child child;
    child.move_to(old_path);
    CHECK(at.tells(governor, {true}));
    at.loop.run([&] {
        child.move_to(at.slice.make("b.slice/quantum-governor.service"));
        REQUIRE(::rmdir(old_path.c_str()) == 0);
    });
    at.loop.settle();
    at.loop.run([&] { CHECK(at.told[governor].back()); });
    CHECK(at.kill(governor));
    CHECK(child.signal_that_ends() == SIGKILL);
    CHECK(at.ends_with(governor, false));
}

TEST_CASE("cgroups: an escaped name is the unit's") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    at.start();
    const Child child;
    child.move_to(at.slice.make("_quantum-governor.service"));
    CHECK(at.tells(governor, {true}));
    CHECK(at.kill(governor));
    CHECK(at.tells(governor, {true, false}));
}

TEST_CASE("cgroups: nobody asks about the others") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    const Child early;
    early.move_to(at.slice.make("grafana-server.service"));
    at.start();
    Child late;
    late.move_to(at.slice.make("x.slice/prometheus.service"));
    // A unit below one that is no slice belongs to another manager (user@.service).
    Child users;
    users.move_to(at.slice.make("user@1000.service/app.slice/quantum-governor.service"));
    at.loop.settle();
    at.loop.run([&] { CHECK(at.told.empty()); });
    for (const char* unit : {"grafana-server.service", "prometheus.service", governor})
        CHECK(at.kill(unit));
    CHECK(late.signal_that_ends(std::chrono::milliseconds(50)) == 0);
    CHECK(users.signal_that_ends(std::chrono::milliseconds(1)) == 0);
}

TEST_CASE("cgroups: refresh reads what the notice did not bring yet") {
    TreeFixture at;
    if (!at.slice.usable()) return;
    const std::string path = at.slice.make(governor);
    at.start();
    const Child child;
    at.loop.run([&] {
        child.move_to(path);
        at.tree.refresh(governor);
        CHECK(at.told[governor] == std::vector<bool>{true});
        child.move_to(at.slice.make("elsewhere.service"));
        at.tree.refresh(governor);
        CHECK(at.told[governor] == std::vector<bool>{true, false});
        at.tree.refresh("quantum-unknown.service");
    });
}
