// Trip over the socket, and who may.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <map>

#include "host/control_fixture.hpp"
#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;
using host::call_text;
using host::connect_as;
using host::Wire;

namespace {

const std::string interface = "io.quantum.EmergencyStop.";

std::string trip_call(const Json& parameters, const std::string& flag = "") {
    return call_text("Trip", (flag.empty() ? "" : "\"" + flag + "\":true,") + R"("parameters":)" + parameters.dump());
}

Wire connect_operator() {
    return connect_as(operator_uid, control, {quantum_ess_gid});
}

Json trip_line() {
    const auto lines = ledger_lines("trip", 1);
    REQUIRE_FALSE(lines.empty());
    return lines.back();
}

}  // namespace

TEST_CASE("socket trip: an operator's, under the operator's own name") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    Wire wire = connect_operator();
    REQUIRE(wire.say(trip_call({{"reason", "runaway\norders"}, {"requested_by", "the boss"}})));
    const auto reply = wire.hear();
    REQUIRE(reply);
    CHECK(*reply == Json{{"parameters", {{"existed", false}}}});
    CHECK(essd.state() != "armed");
    struct stat info {};
    REQUIRE(::lstat(latch.c_str(), &info) == 0);
    CHECK(info.st_uid == operator_uid);
    const Json line = trip_line();
    CHECK(line.at("entry").at("requested_by") == "operator");
    CHECK(line.at("entry").at("notes").get<std::string>().find("runaway orders") != std::string::npos);
    CHECK(line.at("ess").at("trigger") == "socket");

    // That it was demanded once more shows in the file's time.
    const std::array<timespec, 2> long_ago{};
    REQUIRE(::utimensat(AT_FDCWD, latch.c_str(), long_ago.data(), AT_SYMLINK_NOFOLLOW) == 0);
    REQUIRE(wire.say(trip_call({{"reason", "another"}})));
    CHECK((*wire.hear())["parameters"]["existed"] == true);
    CHECK(essd.status()->at("latch").at("reason") == "runaway orders");
    REQUIRE(::lstat(latch.c_str(), &info) == 0);
    CHECK(info.st_mtim.tv_sec > 0);
}

TEST_CASE("socket trip: root is believed who is behind it, and a client that vanishes has tripped") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    {
        const Wire wire(control);
        REQUIRE(wire.say(trip_call({{"reason", "risk limit"}, {"requested_by", "alice"}}, "oneway")));
    }
    CHECK(essd.comes_to("tripped"));
    CHECK(trip_line().at("entry").at("requested_by") == "alice");
}

TEST_CASE("socket trip: not without a reason, and not by a stranger") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    Wire wire(control);
    for (const Json& parameters :
         {Json::object(), Json{{"reason", " \n"}}, Json{{"reason", 1}}, Json{{"reason", "r"}, {"when", "now"}}}) {
        REQUIRE(wire.say(trip_call(parameters)));
        CHECK(wire.hear_error() == "org.varlink.service.InvalidParameter");
    }
    Wire stranger = connect_as(stranger_uid, control);
    REQUIRE(stranger.say(trip_call({{"reason", "mine"}})));
    CHECK(stranger.hear_error() == "org.varlink.service.PermissionDenied");
    CHECK(ledger_lines("refusal", 1).size() == 1);
    CHECK_FALSE(exists(latch));
    CHECK(ledger_lines("trip", 0).empty());
}

TEST_CASE("socket trip: with more, each unit as it falls, and the outcome") {
    Sandbox sandbox;
    if (!sandbox.usable() || !sandbox.has_cgroups()) return;
    const Child first;
    const Child second;
    first.move_to(make_cgroup("system.slice/" + governor));
    second.move_to(make_cgroup("system.slice/quantum-execution.service"));
    const Essd essd;
    Wire wire = connect_operator();
    REQUIRE(wire.say(trip_call({{"reason", "r"}}, "more")));
    std::map<std::string, int> fallen;
    for (;;) {
        const auto reply = wire.hear();
        REQUIRE(reply);
        const Json& told = reply->at("parameters");
        if (!reply->contains("continues")) {
            // There is no bus in here.
            CHECK(told == Json{{"existed", false}, {"outcome", "PARTIAL"}});
            break;
        }
        CHECK(told.at("stop_us").is_number_integer());
        ++fallen[told.at("unit").get<std::string>()];
    }
    CHECK(fallen == std::map<std::string, int>{{governor, 1}, {"quantum-execution.service", 1}});
    // Who asks once more is told of the same trip.
    REQUIRE(wire.say(trip_call({{"reason", "r"}}, "more")));
    CHECK(wire.hear()->at("continues") == true);
    CHECK(wire.hear()->at("continues") == true);
    CHECK(wire.hear()->at("parameters") == Json{{"existed", true}, {"outcome", "PARTIAL"}});
}

TEST_CASE("socket trip: a latch that cannot be made is no reason not to stop") {
    Sandbox sandbox;
    if (!sandbox.usable() || !sandbox.has_cgroups()) return;
    Child child;
    child.move_to(make_cgroup("system.slice/" + governor));
    const Essd essd;
    sandbox.mount_tmpfs("/run/quantum", "ro");
    Wire wire(control);
    REQUIRE(wire.say(trip_call({{"reason", "r"}})));
    CHECK(wire.hear_error().empty());
    CHECK(child.signal_that_ends() == SIGKILL);
    CHECK(essd.comes_to("tripped"));
    CHECK(eventually([] { return exists(latch_copy); }));  // from the writer thread
}

TEST_CASE("socket access: by the configuration, and a name that does not exist is granted nothing") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(config_file, read_whole(config_file) +
                                "control: {read: operators, groups: [traders], users: [stranger, nobody-knows]}\n");
    const Essd essd;
    const auto status = essd.status();
    REQUIRE(status);
    const Json faults = status->at("faults");
    const auto fault = std::ranges::find_if(faults, [](const Json& one) { return one.at("code") == "control-access"; });
    REQUIRE(fault != faults.end());
    CHECK(fault->at("severity") == "warning");
    for (const char* name : {"group traders", "user nobody-knows"}) {
        CHECK(fault->at("text").get<std::string>().find(std::string("there is no ") + name) != std::string::npos);
    }
    Wire member = connect_operator();
    for (const std::string& call : {host::status_text(), trip_call({{"reason", "r"}}), call_text("LedgerHead"),
                                    call_text("Watch", R"("more":true)")}) {
        REQUIRE(member.say(call));
        CHECK(member.hear_error() == "org.varlink.service.PermissionDenied");
    }
    CHECK_FALSE(exists(latch));
    Wire named = connect_as(stranger_uid, control);
    REQUIRE(named.say(trip_call({{"reason", "r"}})));
    CHECK(named.hear_error().empty());
    CHECK(essd.comes_to("tripped"));
}
