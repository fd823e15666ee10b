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
class People {
  public:
    People() : usable_(std::filesystem::exists("/usr/bin/ssh-keygen")) {
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
    const People people;
    if (!people.usable()) return;
    const std::string signature = people.sign(statement, "bob");
    CHECK(find_signer(signature, wall_now(), people.allowed()) == std::string("bob"));
    CHECK(people.verifies(statement, signature, "bob"));
    CHECK_FALSE(people.verifies(std::string(statement) + " ", signature, "bob"));
    CHECK_FALSE(people.verifies(statement, signature, "eve"));
    CHECK_FALSE(people.verifies(statement, "", "bob"));
    CHECK_FALSE(people.verifies(statement, std::string(1 << 20, 'x'), "bob"));
    CHECK_FALSE(people.verifies(statement, signature, "b*"));
    CHECK_FALSE(people.verifies(statement, signature, "-I"));
    CHECK_FALSE(people.verifies(statement, signature, std::string("bob\0", 4)));
    const std::string unknown = people.sign(statement, "eve");
    CHECK_FALSE(find_signer(unknown, wall_now(), people.allowed()));
    CHECK_FALSE(people.verifies(statement, unknown, "bob"));
    CHECK_FALSE(sign_statement(statement, people.key("nobody")));
}

TEST_CASE("sign-off: a key counts within its time, as UTC has it") {
    const People people;
    if (!people.usable()) return;
    const std::string signature = people.sign(statement, "bob");
    people.allow("bob ", "valid-after=\"20260128120000Z\",valid-before=\"20260128130000Z\" ");
    CHECK_FALSE(people.verifies(statement, signature, "bob", *from_rfc3339("2026-01-28T11:59:59Z")));
    CHECK(people.verifies(statement, signature, "bob", *from_rfc3339("2026-01-28T12:00:01.5Z")));
    CHECK_FALSE(people.verifies(statement, signature, "bob", *from_rfc3339("2026-01-28T13:00:01Z")));
}

TEST_CASE("sign-off: a key that stands for many, or for something else") {
    const People people;
    if (!people.usable()) return;
    const std::string signature = people.sign(statement, "bob");
    people.allow("*@desk,bob ", "");
    CHECK_FALSE(find_signer(signature, wall_now(), people.allowed()));
    people.allow("bob ", "namespaces=\"git\" ");
    CHECK_FALSE(people.verifies(statement, signature, "bob"));
    people.allow("bob ", "namespaces=\"quantum-ess-signoff\" ");
    CHECK(people.verifies(statement, signature, "bob"));
    // A signature for git is none for the ledger.
    const test::ScratchDirectory scratch;
    std::ofstream(scratch.file("text")) << statement;
    REQUIRE(
        command_output({{"ssh-keygen", "-q", "-Y", "sign", "-f", people.key("bob"), "-n", "git", scratch.file("text")},
                        std::chrono::seconds(20),
                        1000}));
    CHECK_FALSE(people.verifies(statement, *read_file(scratch.file("text.sig"), 10000), "bob"));
}
