#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/cgroup_fixture.hpp"
#include "host/loop_thread.hpp"

namespace ess::test {

/// A tree on a slice of its own, and what it told of each unit. Units that begin with "quantum-" are wanted.
struct TreeFixture {
    TestSlice slice;
    std::map<std::string, std::vector<bool>> told;  ///< of the loop's thread
    LoopThread loop;
    host::CgroupTree tree{loop.loop(), [](const std::string& unit) { return unit.starts_with("quantum-"); },
                          [this](const std::string& unit, bool populated) { told[unit].push_back(populated); }};

    TreeFixture() = default;
    TreeFixture(const TreeFixture&) = delete;
    TreeFixture& operator=(const TreeFixture&) = delete;
    ~TreeFixture() { loop.stop(); }

    void start() {
        loop.run([this] { REQUIRE(tree.start(slice.path())); });
    }
    /// Whether this is what the tree comes to have told of the unit, in all.
    [[nodiscard]] bool tells(const std::string& unit, const std::vector<bool>& what) {
        return loop.eventually([&] { return told[unit] == what; });
    }
    /// Whether this is the last that the tree comes to tell of the unit.
    [[nodiscard]] bool ends_with(const std::string& unit, bool populated) {
        return loop.eventually([&] { return !told[unit].empty() && told[unit].back() == populated; });
    }
    [[nodiscard]] Result<> kill(const std::string& unit) {
        Result<> result;
        loop.run([&] { result = tree.kill(unit); });
        return result;
    }
};

}  // namespace ess::test
