// A person's signature under an entry, with real keys and the real ssh-keygen.
#include <doctest/doctest.h>

#include <string>

#include "program/ledger_fixture.hpp"

using namespace ess;
using namespace ess::test;

namespace {

constexpr const char* allowed = "/run/allowed_signers";
constexpr const char* keygen = "/usr/bin/ssh-keygen";

bool has_keygen() {
    const bool installed = exists(keygen);
    if (!installed) std::puts("skip: ssh-keygen is not installed");
    return installed;
}

std::string make_key(const std::string& name, const std::string& passphrase = "") {
    const std::string path = "/run/" + name;
    REQUIRE(run({keygen, "-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", path}).code == 0);
    return path;
}

/// A line of allowed_signers.
std::string signer(const std::string& principal, const std::string& key, const std::string& options = "") {
    return principal + " " + options + (options.empty() ? "" : " ") + read_whole(key + ".pub");
}

Ended sign_off(const std::string& id, const std::string& key) {
    return essctl({"sign-off", id, "--key", key, "--allowed-signers", allowed, "--directory", other_ledger});
}

}  // namespace

TEST_CASE("sign-off: another person's signature is under the entry, and verifies with ssh-keygen alone") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_keygen()) return;
    const std::string id = append_operation({"--requested-by", "alice"});
    const std::string bob = make_key("bob");
    write_file(allowed, signer("bob@desk", bob, "namespaces=\"quantum-ess-signoff\""));
    const Ended done = sign_off(id, bob);
    REQUIRE_MESSAGE(done.code == 0, done.err);
    const Json shown = shown_operation(id);
    CHECK(shown.at("signoffs").at(0).at("approved_by") == "bob@desk");
    CHECK(essctl({"ledger", "show", id, "--directory", other_ledger}).says("signed off"));
    Json line;
    const std::string segment = other_ledger + "/" + shown.at("ledger").at("segment").get<std::string>();
    const std::string text = read_whole(segment);
    const std::size_t last = text.rfind('\n', text.size() - 2) + 1;
    line = *parse_json(text.substr(last, text.size() - last - 1));
    CHECK(line.at("kind") == "signoff");
    CHECK(line.at("ess").at("recorded_by") == "root");
    write_file("/run/statement", line.at("ess").at("statement"));
    write_file("/run/signature", line.at("ess").at("signature"));
    CHECK(run({"/bin/sh", "-c",
               std::string(keygen) + " -Y verify -f " + allowed +
                   " -I bob@desk -n quantum-ess-signoff -s /run/signature </run/statement"})
              .code == 0);
    CHECK(line.at("ess")
              .at("statement")
              .get<std::string>()
              .find("entry_sha256 " + shown.at("ledger").at("hash").get<std::string>() + "\n") != std::string::npos);
}

TEST_CASE("sign-off: who asked for it, or signed before, is refused") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_keygen()) return;
    const std::string id = append_operation({"--requested-by", "alice"});
    const std::string own = append_operation({"--requested-by", "SELF"});
    const std::string alice = make_key("alice");
    const std::string bob = make_key("bob");
    const std::string root = make_key("root");
    write_file(allowed, signer("alice@desk", alice) + signer("bob@desk", bob) + signer("root", root));
    const Ended requester = sign_off(id, alice);
    CHECK(requester.code == 5);
    CHECK(requester.says("another person"));
    // SELF is the one who recorded it.
    CHECK(sign_off(own, root).code == 5);
    CHECK_FALSE(shown_operation(id).contains("signoffs"));
    CHECK(sign_off(id, bob).code == 0);
    const Ended again = sign_off(id, bob);
    CHECK(again.code == 5);
    CHECK(again.says("already"));
    CHECK(shown_operation(id).at("signoffs").size() == 1);
}

TEST_CASE("sign-off: a key that is not allowed, not any more, or for something else") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_keygen()) return;
    const std::string id = append_operation({"--requested-by", "alice"});
    const std::string bob = make_key("bob");
    const Ended missing = sign_off(id, bob);
    CHECK(missing.code == 5);
    CHECK(missing.says(std::string("add this line to ") + allowed));
    CHECK(missing.says(read_whole(bob + ".pub").substr(0, 60)));
    for (const char* options : {"namespaces=\"git\"", "valid-before=\"20200101\"", "valid-after=\"22000101\""}) {
        CAPTURE(options);
        write_file(allowed, signer("bob", bob, options));
        CHECK(sign_off(id, bob).code == 5);
    }
    // One key for everybody names nobody.
    write_file(allowed, signer("*@desk", bob));
    CHECK(sign_off(id, bob).code == 5);
    CHECK_FALSE(shown_operation(id).contains("signoffs"));
}

TEST_CASE("sign-off: without a key, an entry or a signed ledger") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_keygen()) return;
    const std::string id = append_operation();
    CHECK(sign_off(id, "/run/none").code == 1);
    CHECK(sign_off("OPS-2020-01-01-001", "/run/none").code == 1);
    CHECK(essctl({"sign-off", id}).code == 2);
    // The passphrase is asked for on the terminal; there is none here.
    const std::string locked = make_key("locked", "secret word");
    CHECK(sign_off(id, locked).code == 1);
    CHECK_FALSE(shown_operation(id).contains("signoffs"));
}
