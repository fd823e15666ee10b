#include "core/signed_note.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/base64.hpp"
#include "ed25519_keys.hpp"

using namespace ess;
using ess::test::key_from_seed;

namespace {

// The example of golang.org/x/mod/sumdb/note, from which C2SP's signed-note comes.
constexpr const char* peter = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr const char* peter_private = "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const std::string peter_text =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const std::string peter_signature =
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
const std::string peter_note = peter_text + "\n" + peter_signature;

Ed25519PrivateKey peter_key() {
    return key_from_seed(from_base64(peter_private)->substr(1));
}

VerifierKey verifier(const std::string& text) {
    auto key = VerifierKey::parse(text);
    REQUIRE_MESSAGE(key, text);
    return std::move(*key);
}

Result<> check(const std::string& text, const std::string& vkey = peter) {
    const auto note = parse_note(text);
    REQUIRE_MESSAGE(note, (note ? "" : note.error().text));
    return verify_note(*note, verifier(vkey));
}

}  // namespace

TEST_CASE("verifier key: its parts, and one spelling") {
    const VerifierKey key = verifier(peter);
    CHECK(key.name() == "PeterNeumann");
    CHECK(key.id() == "\xC7\x4F\x20\xA3");
    CHECK(key.text() == peter);
    CHECK(key == *VerifierKey::make("PeterNeumann", peter_key().public_key()));
    // The key of signed-note's own example; its base64 has no plus, that of the next one has.
    CHECK(VerifierKey::parse("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"));
    CHECK(VerifierKey::parse("TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6"));
}

TEST_CASE("verifier key: others are refused") {
    const std::string key = "ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    for (const std::string& text : std::vector<std::string>{
             std::string(), "PeterNeumann", "PeterNeumann+c74f20a3", "+c74f20a3+" + key, "PeterNeumann+c74f20a4+" + key,
             "PeterNeumann+C74F20A3+" + key, "Peter Neumann+c74f20a3+" + key, "PeterNeumann+c74f20a3+" + key + "A",
             "PeterNeumann+c74f20a3+" + key + "\n", "PeterNeumann+173116ae+Z" + key.substr(1), "PeterNeumann+c74f20a3+",
             "PeterNeumann+c74f20a3+AQ=="}) {
        CAPTURE(text);
        CHECK_FALSE(VerifierKey::parse(text));
    }
    for (const char* name : {"", "a b", "a+b", "a\tb", "a\nb", "a\u00A0b", "a\u2003b", "a\u3000", "\xFF"}) {
        CAPTURE(name);
        CHECK_FALSE(VerifierKey::make(name, peter_key().public_key()));
    }
}

TEST_CASE("signed note: the example is verified, and signed to the same bytes") {
    CHECK(check(peter_note));
    const auto signature = sign_note(peter_text, "PeterNeumann", peter_key());
    REQUIRE(signature);
    CHECK(SignedNote{peter_text, {*signature}}.text() == peter_note);
    CHECK(parse_note(peter_note)->text() == peter_note);
    CHECK(parse_note(peter_note)->body == peter_text);
}

TEST_CASE("signed note: an empty line in the text, and several signatures") {
    const std::string body = "one\n\ntwo\n";
    const auto mine = sign_note(body, "mine", Ed25519PrivateKey::generate());
    const auto his = sign_note(body, "PeterNeumann", peter_key());
    const std::string text = SignedNote{body, {*mine, *his}}.text();
    REQUIRE(parse_note(text));
    CHECK(parse_note(text)->body == body);
    CHECK(parse_note(text)->signatures.size() == 2);
    CHECK(check(text));
}

TEST_CASE("signed note: changed text, a bad signature of a known key, no signature of it") {
    std::string changed = peter_note;
    changed[0] = 'i';
    CHECK_FALSE(check(changed));
    const auto bad = sign_note("other\n", "PeterNeumann", peter_key());
    const auto good = sign_note(peter_text, "PeterNeumann", peter_key());
    CHECK_FALSE(check(SignedNote{peter_text, {*good, *bad}}.text()));
    CHECK_FALSE(check(SignedNote{peter_text, {*bad, *good}}.text()));
    // Of the same name with another id, and the other way round, it is an unknown key.
    const auto other = sign_note(peter_text, "PeterNeumann", Ed25519PrivateKey::generate());
    CHECK_FALSE(check(SignedNote{peter_text, {*other}}.text()));
    CHECK(check(SignedNote{peter_text, {*other, *good}}.text()));
    CHECK(check(SignedNote{peter_text, {{"Mallory", good->key_id, "x"}, *good}}.text()));
}

TEST_CASE("signed note: any other form is refused") {
    const std::string line = peter_signature;
    const std::string text = peter_text;
    for (const std::string& note : {std::string(),
                                    std::string("\n"),
                                    std::string("\n\n"),
                                    text,
                                    text + "\n",
                                    text + line,
                                    text + "\n" + line + "\n",
                                    text + "\n" + line + "behind\n",
                                    text + "\n" + line.substr(0, line.size() - 1),
                                    text + "\n" + line + line.substr(1),
                                    "\r\n" + peter_note,
                                    text + "\r\n" + line,
                                    std::string(1, '\0') + peter_note,
                                    "\x1b[2J" + peter_note,
                                    "\tx" + peter_note,
                                    "\xFF" + peter_note,
                                    text + "\n- PeterNeumann " + line.substr(17),
                                    text + "\n— PeterNeumann\n",
                                    text + "\n— PeterNeumann \n",
                                    text + "\n— PeterNeumann AAAA\n",
                                    text + "\n— PeterNeumann AAAAAA==\n",
                                    text + "\n—  AAAAAAAA\n",
                                    text + "\n— Peter+Neumann AAAAAAAA\n",
                                    text + "\n— PeterNeumann  AAAAAAAA\n",
                                    std::string(note_limit, 'a') + peter_note}) {
        CAPTURE(note.substr(0, 300));
        CHECK_FALSE(parse_note(note));
    }
    CHECK_FALSE(sign_note("no newline", "name", peter_key()));
    CHECK_FALSE(sign_note("tab\t\n", "name", peter_key()));
    CHECK_FALSE(sign_note("text\n", "a name", peter_key()));
}
