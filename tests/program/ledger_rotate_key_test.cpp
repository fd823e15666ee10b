// essctl ledger rotate-key without a daemon.
#include <doctest/doctest.h>

#include <filesystem>

#include "base/file.hpp"
#include "core/signed_note.hpp"
#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

TEST_CASE("rotate-key: on the files, when essd is not running") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    std::filesystem::create_directories("/var/lib/quantum-ess");
    const Ended ended = essctl({"ledger", "rotate-key", "--json"});
    REQUIRE_MESSAGE(ended.code == 0, ended.err);
    const std::string vkey = Json::parse(ended.out).at("vkey");
    CHECK(VerifierKey::parse(vkey));
    CHECK(read_whole(ledger + "/log.vkey") == vkey + "\n");
    const auto lines = ledger_lines();
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].at("kind") == "genesis");
    CHECK(lines[1].at("kind") == "key");
    CHECK(lines[1].at("ess").at("new_vkey") == vkey);
    // essd goes on with it.
    const Essd essd;
    CHECK(essd.comes_to("not-ready"));
    CHECK(eventually([&] { return essd.status()->at("ledger").at("entries") == 2; }));
    CHECK_FALSE(essd.has_fault("ledger"));
}

TEST_CASE("rotate-key: elsewhere, and who may not") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    std::filesystem::create_directories("/var/lib/quantum-ess/copy");
    const Ended ended = essctl({"ledger", "rotate-key", "--directory", "/var/lib/quantum-ess/copy/ledger"});
    CHECK_MESSAGE(ended.code == 0, ended.err);
    CHECK(exists("/var/lib/quantum-ess/copy/keys/ledger.pem"));
    CHECK_FALSE(exists("/var/lib/quantum-ess/keys/ledger.pem"));
    const Ended stranger = run(Start{{ESS_ESSCTL, "ledger", "rotate-key"}, {}, stranger_uid, false});
    CHECK(stranger.code == 5);
    CHECK(essctl({"ledger", "rotate-key", "--help"}).says("Example: essctl ledger rotate-key"));
}
