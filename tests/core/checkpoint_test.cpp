#include "core/checkpoint.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/base64.hpp"
#include "ed25519_keys.hpp"

using namespace ess;

namespace {

// The body of the example in C2SP tlog-checkpoint.
constexpr const char* root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
const std::string example = std::string("example.com/behind-the-sofa\n20852163\n") + root + "\n";

}  // namespace

TEST_CASE("checkpoint: read and written") {
    const auto checkpoint = parse_checkpoint(example);
    REQUIRE(checkpoint);
    CHECK(checkpoint->origin == "example.com/behind-the-sofa");
    CHECK(checkpoint->size == 20852163);
    CHECK(to_base64(bytes_of(checkpoint->root)) == root);
    CHECK(checkpoint->body() == example);
    CHECK(parse_checkpoint(example + "an extension\nand another\n") == *checkpoint);
}

TEST_CASE("checkpoint: other forms are refused") {
    const std::string tail = std::string("\n") + root + "\n";
    for (const std::string& body : std::vector<std::string>{
             std::string(), std::string("o\n1\n"), "o\n1" + tail.substr(0, tail.size() - 1), "\n1" + tail,
             "o\n01" + tail, "o\n" + tail, "o\n-1" + tail, "o\n+1" + tail, "o\n1 " + tail, "o\n1x" + tail,
             "o\n18446744073709551616" + tail, std::string("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n"),
             "o\n1\n " + std::string(root) + "\n", "o\n1" + tail + "\n", "o\n1" + tail + "\nx\n",
             "o\n1" + tail + "x"}) {
        CAPTURE(body);
        CHECK_FALSE(parse_checkpoint(body));
    }
    CHECK(parse_checkpoint("o\n0" + tail));
    CHECK(parse_checkpoint("o\n18446744073709551615" + tail));
}

TEST_CASE("checkpoint: in a note, of the log whose key it is") {
    const auto key = Ed25519PrivateKey::generate();
    MerkleTree tree;
    tree.append("line");
    const Checkpoint checkpoint = checkpoint_of("host/log", tree);
    const auto signature = sign_note(checkpoint.body(), "host/log", key);
    const std::string note = SignedNote{checkpoint.body(), {*signature}}.text();
    const auto opened = open_checkpoint(note, *VerifierKey::make("host/log", key.public_key()));
    REQUIRE(opened);
    CHECK(*opened == checkpoint);
    CHECK_FALSE(open_checkpoint(note, *VerifierKey::make("host/log", Ed25519PrivateKey::generate().public_key())));
    CHECK_FALSE(open_checkpoint(note, *VerifierKey::make("host/other", key.public_key())));

    const auto foreign = sign_note(checkpoint.body(), "host/other", key);
    const std::string under = SignedNote{checkpoint.body(), {*foreign}}.text();
    CHECK_FALSE(open_checkpoint(under, *VerifierKey::make("host/other", key.public_key())));
}
