// The operators' command: what it prints, what it answers to scripts.
#include <doctest/doctest.h>

#include <filesystem>
#include <iterator>
#include <string>

#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

namespace fs = std::filesystem;
using namespace std::string_literals;

namespace {

bool has_escapes(const std::string& text) {
    return text.find('\x1b') != std::string::npos;
}

Ended status_on_a_terminal(std::vector<std::string> environment = {}) {
    return run(Start{{ESS_ESSCTL, "status"}, std::move(environment), {}, true});
}

}  // namespace

TEST_CASE("essctl: --help and --version") {
    const Ended help = essctl({"--help"});
    CHECK(help.code == 0);
    for (const char* verb : {"status", "trip", "reset", "check-config"}) {
        CAPTURE(verb);
        CHECK(help.out.find(verb) != std::string::npos);
        const Ended of_verb = essctl({verb, "--help"});
        CHECK(of_verb.code == 0);
        CHECK_FALSE(of_verb.out.empty());
    }
    CHECK(essctl({"--version"}).out.starts_with("essctl "));
}

TEST_CASE("essctl: wrong usage is 2, and nothing was done") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{},
                                                      {"explode"},
                                                      {"status", "--no-such-option"},
                                                      {"status", "trip"},
                                                      {"trip", "--reason"},
                                                      {"trip", "--raeson", "x"},
                                                      {"reset"},
                                                      {"reset", "--reason"}}) {
        const Ended wrong = essctl(arguments);
        CHECK(wrong.code == 2);
        CHECK_FALSE(wrong.err.empty());
    }
    CHECK_FALSE(exists(latch));
}

TEST_CASE("essctl: status with essd down is 4 and says what to do") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    for (const char* option : {"status", "--json"}) {
        const Ended down = option == std::string("--json") ? essctl({"status", "--json"}) : essctl({"status"});
        CHECK(down.code == 4);
        CHECK(down.out.empty());
        CHECK(down.err.find("essd is not running") != std::string::npos);
        CHECK(down.err.find("systemctl start essd") != std::string::npos);
        CHECK(down.took < 5s);
    }
}

TEST_CASE("essctl: status is 4 while not ready, and 3 while tripped, in both forms") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    const Ended not_ready = essctl({"status"});
    CHECK(not_ready.code == 4);
    CHECK(not_ready.out.find("NOT READY") != std::string::npos);
    CHECK(not_ready.out.find(governor) != std::string::npos);
    CHECK(essctl({"status", "--json"}).code == 4);
    write_file(latch, "spread\tof \x1b[31mdesk 4");
    CHECK(essd.comes_to("tripped"));
    const Ended tripped = essctl({"status"});
    CHECK(tripped.code == 3);
    CHECK(tripped.out.find("TRIPPED") != std::string::npos);
    CHECK_FALSE(has_escapes(tripped.out));
    const Ended json = essctl({"status", "--json"});
    CHECK(json.code == 3);
    const auto parsed = parse_json(json.out);
    REQUIRE(parsed);
    CHECK(parsed->at("state") == "tripped");
}

TEST_CASE("essctl: colours are for terminals, and only if wanted") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    CHECK(has_escapes(status_on_a_terminal().out));
    CHECK_FALSE(has_escapes(status_on_a_terminal({"NO_COLOR=1"}).out));
    CHECK_FALSE(has_escapes(status_on_a_terminal({"TERM=dumb"}).out));
    const Ended piped = essctl({"status"});
    CHECK_FALSE(has_escapes(piped.out + piped.err));
    CHECK(piped.out.find("●") == std::string::npos);
}

TEST_CASE("essctl: trip follows the stop, and is not fine while masks are missing") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    const Ended trip = essctl({"trip", "--reason", "drill of the desk"});
    CHECK(trip.code == 1);
    CHECK(trip.out.find("the latch is set") != std::string::npos);
    CHECK(trip.out.find("TRIPPED") != std::string::npos);
    CHECK(exists(latch));
    const auto lines = ledger_lines("trip", 1);
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].at("entry").at("notes").get<std::string>().find("drill of the desk") != std::string::npos);
    CHECK(lines[0].at("ess").at("trigger") == "essctl");
}

TEST_CASE("essctl: activate is trip; a second trip is as good") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    CHECK(essctl({"activate", "--reason", "first", "--no-wait"}).code == 0);
    CHECK(essd.comes_to("tripped"));
    CHECK(ledger_lines("trip", 1).size() == 1);
    const std::string content = read_whole(latch);
    const Ended again = essctl({"trip", "--reason", "second", "--no-wait"});
    CHECK(again.code == 0);
    CHECK(again.out == "Emergency stop: the latch is set already.\n");
    CHECK(read_whole(latch) == content);
    CHECK(fs::is_regular_file(latch));
    // Nothing is left beside the latch.
    CHECK(std::distance(fs::directory_iterator("/run/quantum"), fs::directory_iterator()) == 1);
}

TEST_CASE("essctl: trip without essd sets the latch, and says that nobody confirms the stop") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Ended trip = essctl({"trip", "--reason", "nobody there"});
    CHECK(trip.code == 4);
    CHECK(exists(latch));
    CHECK(read_whole(latch).find("nobody there") != std::string::npos);
    CHECK(trip.err.find("the latch is set") != std::string::npos);
    CHECK(trip.err.find("nobody confirms the stop") != std::string::npos);
    CHECK(trip.err.find("essd is not running") != std::string::npos);
    CHECK(trip.took < 30s);
}

TEST_CASE("essctl: trip does without a directory, a configuration and a reason") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    fs::remove_all("/run/quantum");
    fs::remove_all("/etc/quantum");
    CHECK(essctl({"trip", "--no-wait"}).code == 0);
    CHECK(exists(latch));
}

TEST_CASE("essctl: trip sets the latch at the path of the configuration") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(config_file, "units: [quantum-governor]\nlatch: {path: /run/other/STOP}\n");
    CHECK(essctl({"trip", "--no-wait", "--reason", "x"}).code == 0);
    CHECK(exists("/run/other/STOP"));
}

TEST_CASE("essctl: a member of the group may trip, a stranger is refused") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Ended refused = run(Start{{ESS_ESSCTL, "trip", "--no-wait"}, {}, stranger_uid, false});
    CHECK(refused.code == 5);
    CHECK(refused.err.find("quantum-ess") != std::string::npos);
    CHECK_FALSE(exists(latch));
}

TEST_CASE("essctl: a latch of binary is shown as text") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    std::string bytes(std::size_t{1} << 20U, '\x1b');
    bytes.insert(0, "\xff\x00\x1b[2J because"s);
    write_file(latch, bytes);
    CHECK(essd.comes_to("tripped"));
    CHECK(ledger_lines("trip", 1).size() == 1);
    const Ended status = essctl({"status"});
    CHECK(status.code == 3);
    CHECK(status.out.find("because") != std::string::npos);
    CHECK_FALSE(has_escapes(status.out));
}
