// Reset and check-config: what is refused, and in which words and codes.
#include <doctest/doctest.h>

#include <filesystem>

#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

TEST_CASE("reset: with essd down it is 4, and the latch stays") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(latch, "");
    const Ended reset = essctl({"reset", "--reason", "all is well"});
    CHECK(reset.code == 4);
    CHECK(reset.err.find("essd is not running") != std::string::npos);
    CHECK(exists(latch));
}

TEST_CASE("reset: an empty reason is none") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    write_file(latch, "");
    CHECK(essd.comes_to("tripped"));
    for (const std::string reason : {"", "   ", "\x1b\x01"}) {
        CAPTURE(reason);
        const Ended reset = essctl({"reset", "--reason", reason});
        CHECK(reset.code == 2);
        CHECK(reset.err.find("reason") != std::string::npos);
        CHECK(essd.state() == "tripped");
    }
    CHECK(exists(latch));
}

TEST_CASE("reset: nothing is tripped") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    const Ended reset = essctl({"reset", "--reason", "bored"});
    CHECK(reset.code == 1);
    CHECK(reset.err.find("nothing is tripped") != std::string::npos);
    CHECK(reset.out.empty());
}

// Without the bus the masks cannot be taken off; whether the latch is released then is the engine's to say. Either way
// the answer is one a script can use, the latch agrees with it, and it is on record.
TEST_CASE("reset: with no bus the answer and the latch agree") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    write_file(latch, "");
    CHECK(essd.comes_to("tripped"));
    CHECK(ledger_lines("trip", 1).size() == 1);
    const Ended reset = essctl({"deactivate", "--reason", "all is well"});
    CAPTURE(reset.err);
    CHECK(reset.took < 60s);
    if (reset.code == 0) {
        CHECK_FALSE(exists(latch));
        CHECK_FALSE(exists(latch_copy));
        CHECK(ledger_lines("reset", 1).size() == 1);
        CHECK(essd.state() == "not-ready");
    } else {
        CHECK(reset.code == 5);
        CHECK(reset.err.find("bus") != std::string::npos);
        CHECK(exists(latch));
        CHECK(exists(latch_copy));
        CHECK(ledger_lines("refusal", 1).size() == 1);
        CHECK(essd.state() == "tripped");
    }
}

TEST_CASE("check-config: the installed one") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Ended good = essctl({"check-config"});
    CHECK(good.code == 0);
    CHECK(good.out.find("quantum-governor.service") != std::string::npos);
    CHECK(good.out.find("immediate") != std::string::npos);
    CHECK(good.err.empty());
    write_file(config_file, "units: [quantum-governor, sshd]\nlatsch: {}\n");
    const Ended bad = essctl({"check-config"});
    CHECK(bad.code == 1);
    CHECK(bad.out.empty());
    CHECK(bad.err.find(config_file + ":1:27: ") != std::string::npos);
    CHECK(bad.err.find(config_file + ":2:1: ") != std::string::npos);
    std::filesystem::remove(config_file);
    CHECK(essctl({"check-config"}).code == 1);
}

TEST_CASE("check-config: listed files, in their order, in place of the installed one") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(config_file, "broken: [\n");
    write_file("/run/a.yaml", "units: [quantum-a]\n");
    write_file("/run/b.yaml", "units: [quantum-b]\n");
    const Ended good = essctl({"check-config", "/run/a.yaml", "/run/b.yaml"});
    CHECK(good.code == 0);
    CHECK(good.out.find("quantum-a.service") < good.out.find("quantum-b.service"));
    const Ended missing = essctl({"check-config", "/run/a.yaml", "/run/none.yaml"});
    CHECK(missing.code == 1);
    CHECK(missing.err.find("/run/none.yaml") != std::string::npos);
    CHECK(essctl({"check-config", "/run"}).code == 1);
}

TEST_CASE("check-config: it says the same as essd") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(config_file, "units:\n  - quantum-governor\n  - quantum-governor\nstop: {budget: 3}\n");
    const Ended check = essctl({"check-config"});
    const Ended daemon = run({ESS_ESSD});
    CHECK(check.code == 1);
    CHECK(daemon.code == 78);
    REQUIRE_FALSE(check.err.empty());
    for (std::size_t at = 0; at < check.err.size();) {
        const std::size_t end = check.err.find('\n', at);
        const std::string line = check.err.substr(at, end - at);
        CAPTURE(line);
        CHECK(daemon.err.find(line) != std::string::npos);
        at = end + 1;
    }
}
