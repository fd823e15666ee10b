#include "host/signoff.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "base/file.hpp"
#include "host/command_output.hpp"
#include "scratch_directory.hpp"

using namespace ess;
using namespace ess::host;

namespace {

constexpr const char* statement = "ess-signoff/v1\norigin x\n";

/// Two people with keys, of whom the file knows the first.
class Signers {
  public:
    Signers() : usable_(std::filesystem::exists("/usr/bin/ssh-keygen")) {
        if (!usable_) std::puts("skip: ssh-keygen is not installed");
        if (!usable_) return;
        for (const char* name : {"bob", "eve"})
            REQUIRE(command_output(
                {{"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key(name)}, std::chrono::seconds(20), 1000}));
        allow("bob ", "");
    }

    [[nodiscard]] bool usable() const { return usable_; }
    [[nodiscard]] std::string key(const std::string& name) const { return scratch_.file(name); }
    [[nodiscard]] std::string allowed() const { return scratch_.file("allowed_signers"); }
    void allow(const std::string& names, const std::string& options) const {
        const auto public_key = read_file(key("bob.pub"), 1000);
        REQUIRE(public_key);
        std::ofstream(allowed()) << names << options << *public_key;
    }
    [[nodiscard]] std::string sign(const std::string& text, const std::string& who) const {
        const auto signature = sign_statement(text, key(who));
        REQUIRE(signature);
        return *signature;
    }
    [[nodiscard]] bool verifies(const std::string& text, const std::string& signature, const std::string& who,
                                WallTime time = wall_now()) const {
        return verify_signoff(text, signature, who, time, allowed()).has_value();
    }

  private:
    test::ScratchDirectory scratch_;
    bool usable_;
};

}  // namespace

TEST_CASE("sign-off: a signature is of this person, under this statement") {
    const Signers signers;
    if (!signers.usable()) return;
    const std::string signature = signers.sign(statement, "bob");
    CHECK(find_signer(signature, wall_now(), signers.allowed()) == std::string("bob"));
    CHECK(signers.verifies(statement, signature, "bob"));
    CHECK_FALSE(signers.verifies(std::string(statement) + " ", signature, "bob"));
    CHECK_FALSE(signers.verifies(statement, signature, "eve"));
    CHECK_FALSE(signers.verifies(statement, "", "bob"));
    CHECK_FALSE(signers.verifies(statement, std::string(1 << 20, 'x'), "bob"));
    CHECK_FALSE(signers.verifies(statement, signature, "b*"));
    CHECK_FALSE(signers.verifies(statement, signature, "-I"));
    const std::string unknown = signers.sign(statement, "eve");
    CHECK_FALSE(find_signer(unknown, wall_now(), signers.allowed()));
    CHECK_FALSE(signers.verifies(statement, unknown, "bob"));
    CHECK_FALSE(sign_statement(statement, signers.key("nobody")));
}

TEST_CASE("sign-off: a key counts within its time, as UTC has it") {
    const Signers signers;
    if (!signers.usable()) return;
    const std::string signature = signers.sign(statement, "bob");
    signers.allow("bob ", "valid-after=\"20260128120000Z\",valid-before=\"20260128130000Z\" ");
    CHECK_FALSE(signers.verifies(statement, signature, "bob", *from_rfc3339("2026-01-28T11:59:59Z")));
    CHECK(signers.verifies(statement, signature, "bob", *from_rfc3339("2026-01-28T12:00:01.5Z")));
    CHECK_FALSE(signers.verifies(statement, signature, "bob", *from_rfc3339("2026-01-28T13:00:01Z")));
}

TEST_CASE("sign-off: a key that stands for many, or for something else") {
    const Signers signers;
    if (!signers.usable()) return;
    const std::string signature = signers.sign(statement, "bob");
    signers.allow("*@desk,bob ", "");
    CHECK_FALSE(find_signer(signature, wall_now(), signers.allowed()));
    signers.allow("bob ", "namespaces=\"git\" ");
    CHECK_FALSE(signers.verifies(statement, signature, "bob"));
    signers.allow("bob ", "namespaces=\"quantum-ess-signoff\" ");
    CHECK(signers.verifies(statement, signature, "bob"));
    // A signature for git is none for the ledger.
    const test::ScratchDirectory scratch;
    std::ofstream(scratch.file("text")) << statement;
    REQUIRE(
        command_output({{"ssh-keygen", "-q", "-Y", "sign", "-f", signers.key("bob"), "-n", "git", scratch.file("text")},
                        std::chrono::seconds(20),
                        1000}));
    CHECK_FALSE(signers.verifies(statement, *read_file(scratch.file("text.sig"), 10000), "bob"));
}
