#include "core/signers.hpp"

#include <doctest/doctest.h>

#include "base/base64.hpp"

using namespace ess;

namespace {

std::string ssh_string(const std::string& text) {
    return std::string("\0\0\0", 3) + static_cast<char>(text.size()) + text;
}

std::string armored(const std::string& blob) {
    return "-----BEGIN SSH SIGNATURE-----\n" + to_base64(blob).insert(8, "\n") + "\n-----END SSH SIGNATURE-----\n";
}

}  // namespace

TEST_CASE("signers: a name with and without its host is one person") {
    CHECK(is_same_person("alice", "Alice"));
    CHECK(is_same_person("alice", "alice@desk"));
    CHECK(is_same_person("alice@desk", "ALICE@Desk"));
    CHECK_FALSE(is_same_person("alice@desk", "alice@other"));
    CHECK_FALSE(is_same_person("alice", "bob"));
    CHECK_FALSE(is_same_person("alice", std::string("alice\0", 6)));
}

TEST_CASE("signers: a name is one that ssh-keygen takes for itself") {
    for (const char* good : {"alice", "alice@desk.example", "\xc3\xa4nne", "a-b.c_d+e"})
        CHECK_MESSAGE(is_plain_name(good), good);
    // Up to a NUL it would be another name, and sign for somebody else.
    CHECK_FALSE(is_plain_name(std::string("alice\0", 6)));
    CHECK_FALSE(is_plain_name(std::string("alice\0bob", 9)));
    for (const char* bad :
         {"", "-alice", "al*", "al?ce", "!alice", "alice,bob", "alice bob", "alice\n", "a\"b", "a\x7f"})
        CHECK_FALSE_MESSAGE(is_plain_name(bad), bad);
}

TEST_CASE("signers: the key that an armored signature names") {
    const std::string begin("SSHSIG\0\0\0\1", 10);
    const std::string key = ssh_string("ssh-ed25519") + ssh_string("0123");
    CHECK(signature_key(armored(begin + ssh_string(key) + ssh_string("namespace"))) == key);
    CHECK(signature_key(armored(begin + std::string("\xff\xff\xff\xff", 4) + key)).empty());
    CHECK(signature_key(armored(begin + "ab")).empty());
    CHECK(signature_key(armored("SSHSIX" + begin.substr(6) + ssh_string(key))).empty());
    CHECK(signature_key(to_base64(begin + ssh_string(key))).empty());
    CHECK(signature_key("-----BEGIN SSH SIGNATURE-----\n???\n-----END SSH SIGNATURE-----\n").empty());
    CHECK(signature_key("").empty());
}

TEST_CASE("signers: two people are two names with two keys") {
    Signers signers;
    CHECK(signers.people() == 0);
    signers.add("bob", "key of bob");
    signers.add("Bob@desk", "another key");
    CHECK(signers.has("BOB"));
    CHECK_FALSE(signers.has("rob"));
    CHECK(signers.people() == 1);
    signers.add("rob", "key of bob");
    CHECK(signers.people() == 1);
    signers.add("carol", "key of carol");
    CHECK(signers.people() == 2);
}
