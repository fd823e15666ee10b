// Who may look and act over the control socket.
#include <doctest/doctest.h>

#include "core/config.hpp"
#include "core/config_texts.hpp"

using namespace ess;
using namespace ess::test;

TEST_CASE("config: each fault of the operators, at its place") {
    const std::vector<FaultRow> rows{
        {"control: {read: operator}", "a:2:17: control.read: \"operator\" is not known: write everyone or operators"},
        {"control: {group: [x]}", "a:2:11: control: unknown key \"group\": did you mean \"groups\"?"},
        {"control: {groups: quantum-ess}", "a:2:19: control.groups: must be a list of names, not a single value"},
        {"control: {groups: [a, a]}", "a:2:23: control.groups: \"a\" is already in line 2"},
        {"control: {groups: [\"\"]}", "a:2:20: control.groups: \"\" is not a name that a user or group can have"},
        {"control: {users: [1000]}", "a:2:19: control.users: \"1000\" is a number: write the name"},
        {"control: {users: [\"a:b\"]}", "a:2:19: control.users: \"a:b\" is not a name that a user or group can have"},
        {"control: {users: [-a]}", "a:2:19: control.users: \"-a\" is not a name that a user or group can have"},
        {"control: {users: [\"*\"]}", "a:2:19: control.users: \"*\" is not a name that a user or group can have"},
        {"control: {users: [\"a\\nb\"]}", "a:2:19: control.users: \"a b\" is not a name that a user or group can have"},
    };
    for (const FaultRow& row : rows) {
        CAPTURE(row.text);
        CHECK(faults_of(read({"units: [x]\n" + row.text + "\n"})) == row.fault + "\n");
    }
}

TEST_CASE("config: the first file's operators replace the default, drop-ins add to them, and none is a choice") {
    const std::string units = "units: [x]\n";
    CHECK(read({units + "control: {groups: []}\n"}).config.control.groups.empty());
    CHECK(read({units + "control:\n"}).config.control.groups == Config{}.control.groups);
    const auto merged = read({units + "control: {groups: [a]}\n", "control: {groups: [b, a], users: [c]}\n"});
    CHECK(faults_of(merged) == "");
    CHECK(merged.config.control.groups == std::vector<std::string>{"a", "b"});
    CHECK(merged.config.control.users == std::vector<std::string>{"c"});
    const auto added = read({units, "control: {groups: [b]}\n"});
    CHECK(added.config.control.groups == std::vector<std::string>{"quantum-ess", "b"});
}
