#include <doctest/doctest.h>

#include <string>

#include "base/base64.hpp"
#include "base/ed25519.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "ed25519_keys.hpp"

using namespace ess;
using ess::test::from_hex;
using ess::test::key_from_seed;
using ess::test::private_pem;

namespace {

// RFC 8032 section 7.1, tests 1 and 2.
const std::string seed_1 = from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
constexpr const char* public_1 = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
constexpr const char* signature_1 =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
    "24655141438e7a100b";
const std::string seed_2 = from_hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
constexpr const char* signature_2 =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302a"
    "eeb00d291612bb0c00";

}  // namespace

TEST_CASE("sha256: at once and in parts") {
    constexpr const char* abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";  // FIPS 180-2 B.1
    CHECK(sha256_hex("abc") == abc);
    CHECK(to_hex(bytes_of(sha256("abc"))) == abc);
    CHECK(to_hex(bytes_of(Sha256().add("a").add("").add("bc").finish())) == abc);
}

TEST_CASE("base64: the vectors of RFC 4648") {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"},
                                                           {"\xFB\xFF\xFE", "+//+"}};
    for (const auto& [bytes, text] : vectors) {
        CAPTURE(text);
        CHECK(to_base64(bytes) == text);
        CHECK(from_base64(text) == bytes);
    }
    CHECK(from_base64("AAAA") == std::string(3, '\0'));
}

TEST_CASE("base64: every other spelling is refused") {
    for (const char* text : {"Zg", "Zg=", "Zm9v=", "Zh==", "Zm9=", "Zg==\n", " Zg==", "Zg ==", "Z===", "====",
                             "Zm9vYg==Zm9v", "-__-", "Zm9\xC3", "\nZg==", "Zg==    ", "A===", "AA=A"}) {
        CAPTURE(text);
        CHECK_FALSE(from_base64(text));
    }
    CHECK_FALSE(from_base64(std::string_view("Zg=\0", 4)));
}

TEST_CASE("ed25519: the vectors of RFC 8032") {
    const auto key = key_from_seed(seed_1);
    CHECK(to_hex(key.public_key().bytes()) == public_1);
    CHECK(to_hex(key.sign("")) == signature_1);
    CHECK(key.public_key().verify("", from_hex(signature_1)));
    CHECK(to_hex(key_from_seed(seed_2).sign("r")) == signature_2);
}

TEST_CASE("ed25519: another message, another key, and every flipped bit of a signature fail") {
    const auto key = key_from_seed(seed_1);
    const std::string signature = key.sign("message");
    CHECK(key.public_key().verify("message", signature));
    CHECK_FALSE(key.public_key().verify("messagE", signature));
    CHECK_FALSE(key_from_seed(seed_2).public_key().verify("message", signature));
    CHECK_FALSE(key.public_key().verify("message", signature.substr(1)));
    CHECK_FALSE(key.public_key().verify("message", ""));
    for (std::size_t bit = 0; bit < signature.size() * 8; ++bit) {
        CAPTURE(bit);
        std::string flipped = signature;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        CHECK_FALSE(key.public_key().verify("message", flipped));
    }
}

TEST_CASE("ed25519: keys travel as PEM") {
    const auto key = Ed25519PrivateKey::generate();
    const auto again = Ed25519PrivateKey::from_pem(key.pem());
    REQUIRE(again);
    CHECK(again->public_key() == key.public_key());
    CHECK(Ed25519PrivateKey::generate().public_key() != key.public_key());
    CHECK(key_from_seed(seed_1).pem() == private_pem(seed_1));
    const auto public_key = Ed25519PublicKey::from_pem(key.public_key().pem());
    REQUIRE(public_key);
    CHECK(*public_key == key.public_key());
    CHECK(key.public_key().pem().starts_with("-----BEGIN PUBLIC KEY-----\n"));
}

TEST_CASE("ed25519: what is no such key is refused") {
    // An EC key, which OpenSSL reads as readily.
    constexpr const char* other =
        "-----BEGIN PUBLIC KEY-----\n"
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54W"
        "K84zV2sxXs7LtkBoN79R9Q==\n-----END PUBLIC KEY-----\n";
    CHECK_FALSE(Ed25519PublicKey::from_pem(other));
    CHECK_FALSE(Ed25519PublicKey::from_pem(private_pem(seed_1)));
    CHECK_FALSE(Ed25519PublicKey::from_bytes(std::string(31, 'a')));
    CHECK_FALSE(Ed25519PublicKey::from_bytes(std::string(33, 'a')));
    for (const char* text : {"", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n", "text"}) {
        CHECK_FALSE(Ed25519PrivateKey::from_pem(text));
        CHECK_FALSE(Ed25519PublicKey::from_pem(text));
    }
    CHECK_FALSE(Ed25519PrivateKey::from_pem(key_from_seed(seed_1).public_key().pem()));
}
