// What essctl says when it was called wrongly, or when it may not: what is wrong, and what to do.
#include <doctest/doctest.h>

#include <string>

#include "program/sandbox.hpp"
#include "program/screens.hpp"
#include "program/scripted_essd.hpp"

using namespace ess;
using namespace ess::test;

namespace {

struct Wrong {
    std::vector<std::string> words;
    std::string text;
};

}  // namespace

TEST_CASE("essctl usage: wrong words are answered with what was meant") {
    for (const Wrong& wrong : std::vector<Wrong>{
             {{}, "essctl: a verb is missing, one of: status, watch, trip"},
             {{"stauts"}, "there is no verb stauts; did you mean status?"},
             {{"activte"}, "did you mean activate?"},
             {{"qqqqqqqq"}, "there is no verb qqqqqqqq\n"},
             {{"ledger"}, "essctl ledger: a verb is missing, one of: list"},
             {{"ledger", "lsit"}, "essctl ledger: there is no verb lsit; did you mean list?"},
             {{"trip", "--raeson", "x"}, "essctl trip: there is no option --raeson; did you mean --reason?"},
             {{"trip", "--raeson=x"}, "did you mean --reason?"},
             {{"reset"}, "essctl reset: --reason is required\nExample: essctl reset --reason '"},
             {{"trip", "--reason"}, "--reason"},
             {{"approve"}, "essctl approve: ID is required\nExample: "},
             {{"watch", "--until", "amred"}, "amred"},
             {{"\x1b[2J"}, "there is no verb [2J"}}) {
        const Ended ended = essctl(wrong.words);
        CAPTURE(wrong.text);
        CAPTURE(ended.err);
        CHECK(ended.code == 2);
        CHECK(ended.out.empty());
        CHECK(ended.err.find(wrong.text) != std::string::npos);
        CHECK(ended.err.find(" --help\n") != std::string::npos);
        CHECK(ended.err.find('\x1b') == std::string::npos);
    }
}

TEST_CASE("essctl usage: each answer of essd has its exit code, and says what to do") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const std::string own = "io.quantum.EmergencyStop.";
    struct Answer {
        std::string error;
        Json parameters;
        int code;
        std::string text;
    };
    ScriptedEssd essd(status_fixture("armed"));
    for (const Answer& answer : std::vector<Answer>{
             {"org.varlink.service.PermissionDenied", Json::object(), 5, "root or a member of the group quantum-ess"},
             {"org.varlink.service.InvalidParameter", {{"parameter", "reason"}}, 2, "--reason"},
             {"org.varlink.service.InvalidParameter", {{"parameter", "operation_id"}}, 2, "ID"},
             {"org.varlink.service.MethodNotFound", {{"method", own + "Reset"}}, 1, "systemctl restart essd.service"},
             {own + "NotTripped", Json::object(), 1, "nothing is tripped"},
             {own + "Tripped", Json::object(), 3, "essctl reset --reason TEXT"},
             {own + "Refused", {{"reason", "another person has to approve it"}}, 5, "another person has to approve it"},
             {own + "Busy", {{"reason", "another reset is under way"}}, 5, "another reset is under way"},
             {own + "Failed", {{"reason", "the disk"}}, 1, "the disk"},
             {own + "New", Json::object(), 1, own + "New"},
             {own + "Refused", {{"reason", 7}}, 5, "refused"}}) {
        CAPTURE(answer.error);
        for (const char* method : {"Reset", "Approve", "Start"})
            essd.refuse(method, answer.error, answer.parameters);
        for (const std::vector<std::string>& verb : std::vector<std::vector<std::string>>{
                 {"reset", "--reason", "x"}, {"approve", "OPS-2026-01-28-002"}, {"start"}}) {
            const Ended ended = essctl(verb);
            CHECK(ended.code == answer.code);
            CHECK(ended.err.find(answer.text) != std::string::npos);
            const bool failed_start = verb.front() == "start" && answer.error == own + "Failed";
            CHECK((ended.err.find("everything is stopped again") != std::string::npos) == failed_start);
        }
    }
}

TEST_CASE("essctl usage: who lacks the right is told how to get it") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Ended stranger = run(Start{{ESS_ESSCTL, "trip", "--no-wait"}, {}, stranger_uid, false});
    CHECK(stranger.code == 5);
    CHECK(stranger.err.find("usermod -aG quantum-ess stranger") != std::string::npos);
    // One who is in the group by now, in a login that is older.
    const Ended member = run(Start{{ESS_ESSCTL, "trip", "--no-wait"}, {}, operator_uid, false});
    CHECK(member.code == 5);
    CHECK(member.err.find("operator is in the group quantum-ess, but this login is older than that: log in again") !=
          std::string::npos);
    write_file("/etc/group", "root:x:0:\n");
    const Ended nobody = run(Start{{ESS_ESSCTL, "trip", "--no-wait"}, {}, stranger_uid, false});
    CHECK(nobody.err.find("there is no group quantum-ess here") != std::string::npos);
}

TEST_CASE("essctl usage: with essd away the latch is looked at") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    CHECK(essctl({"status"}).err.find("latch") == std::string::npos);
    write_file(latch, "");
    const Ended status = essctl({"status"});
    CHECK(status.code == 4);
    CHECK(status.err.find("the latch is set (/run/quantum/ESS_ON)") != std::string::npos);
}
