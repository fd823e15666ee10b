#include "core/ledger_log.hpp"

#include <doctest/doctest.h>

#include <string>

#include "ed25519_keys.hpp"

using namespace ess;

namespace {

struct Signer {
    explicit Signer(const std::string& origin)
        : key(Ed25519PrivateKey::generate()), vkey(*VerifierKey::make(origin, key.public_key())) {}
    Ed25519PrivateKey key;
    VerifierKey vkey;
};

LedgerLine line(LedgerKind kind, std::uint64_t seq, Json ess = nullptr, Json entry = Json::object()) {
    LedgerLine made;
    made.kind = kind;
    made.seq = seq;
    made.ess = std::move(ess);
    made.entry = std::move(entry);
    return made;
}

LedgerLine opening(const Signer& signer, LedgerKind kind = LedgerKind::Genesis, std::uint64_t seq = 1) {
    return line(kind, seq, {{"log", log_object(signer.vkey)}});
}

LedgerLine signoff(const char* id, const char* person) {
    return line(LedgerKind::Signoff, 9, nullptr, {{"operation_id", id}, {"approved_by", person}});
}

}  // namespace

TEST_CASE("ledger log: the origin is of the host, and can be a key's name") {
    CHECK(log_origin("host-1.example", "\x01\xAB\xCD\xEF") == "host-1.example/quantum-ess/01abcdef");
    CHECK(log_origin("a b+c\n", "1234") == "a-b-c-/quantum-ess/31323334");
    CHECK(log_origin("", "1234") == "localhost/quantum-ess/31323334");
}

TEST_CASE("ledger log: an opening line proves its log") {
    const Signer signer("host/log");
    CHECK(opened_log(opening(signer)) == signer.vkey);
    CHECK(opened_log(opening(signer, LedgerKind::Breach)) == signer.vkey);
    CHECK_FALSE(opened_log(opening(signer, LedgerKind::Append)));
    CHECK_FALSE(opened_log(line(LedgerKind::Genesis, 1)));
    CHECK_FALSE(opened_log(line(LedgerKind::Genesis, 1, {{"log", "text"}})));
    Json other = log_object(signer.vkey);
    other["origin"] = "host/other";
    CHECK_FALSE(opened_log(line(LedgerKind::Genesis, 1, {{"log", other}})));
}

TEST_CASE("ledger log: a key hands over to the next") {
    const Signer first("host/log");
    const Signer second("host/log");
    const Json change = key_change(first.vkey, second.vkey, first.key);
    CHECK(key_statement(first.vkey, second.vkey) ==
          "ess-key/v1\norigin host/log\nold_vkey " + first.vkey.text() + "\nnew_vkey " + second.vkey.text() + "\n");
    CHECK(changed_key(line(LedgerKind::Key, 2, change), first.vkey) == second.vkey);

    CHECK_FALSE(changed_key(line(LedgerKind::Append, 2, change), first.vkey));
    CHECK_FALSE(changed_key(line(LedgerKind::Key, 2, change), second.vkey));
    CHECK_FALSE(changed_key(line(LedgerKind::Key, 2), first.vkey));
    // Signed by the key that wants to take over.
    CHECK_FALSE(changed_key(line(LedgerKind::Key, 2, key_change(first.vkey, second.vkey, second.key)), first.vkey));
    const Signer stranger("host/other");
    CHECK_FALSE(changed_key(line(LedgerKind::Key, 2, key_change(first.vkey, stranger.vkey, first.key)), first.vkey));
}

TEST_CASE("ledger log: the lines go by") {
    const Signer first("host/log");
    const Signer second("host/log");
    const Signer third("host/new");
    LedgerLog log;
    CHECK_FALSE(log.key());
    REQUIRE(log.take(opening(first), "1"));
    REQUIRE(log.take(line(LedgerKind::Trip, 2), "2"));
    REQUIRE(log.take(line(LedgerKind::Key, 3, key_change(first.vkey, second.vkey, first.key)), "3"));
    CHECK(log.key() == second.vkey);
    CHECK(log.old_key() == first.vkey);
    CHECK(log.first_seq() == 1);
    REQUIRE(log.take(line(LedgerKind::Trip, 4), "4"));
    CHECK_FALSE(log.old_key());
    MerkleTree tree;
    for (const char* leaf : {"1", "2", "3", "4"})
        tree.append(leaf);
    CHECK(log.tree().root() == tree.root());

    REQUIRE(log.take(opening(third, LedgerKind::Breach, 5), "5"));
    CHECK(log.key() == third.vkey);
    CHECK(log.first_seq() == 5);
    CHECK(log.tree().size() == 1);
}

TEST_CASE("ledger log: what is not proven fails, and the line counts all the same") {
    const Signer first("host/log");
    const Signer second("host/log");
    LedgerLog log;
    CHECK_FALSE(log.take(line(LedgerKind::Trip, 1), "1"));
    CHECK(log.tree().size() == 1);
    REQUIRE(log.take(opening(first), "1"));
    CHECK_FALSE(log.take(line(LedgerKind::Key, 2, key_change(second.vkey, second.vkey, second.key)), "2"));
    CHECK(log.key() == first.vkey);
    CHECK(log.tree().size() == 2);
    CHECK_FALSE(log.take(line(LedgerKind::Breach, 3), "3"));
    CHECK_FALSE(log.key());
    CHECK_FALSE(log.take(line(LedgerKind::Key, 4, key_change(first.vkey, second.vkey, first.key)), "4"));
}

TEST_CASE("sign-off: the statement has one spelling") {
    const SignoffSubject subject{"host/log", "OPS-2026-11-22-001", 41, std::string(64, 'a')};
    const std::string text = subject.statement();
    CHECK(text == "ess-signoff/v1\norigin host/log\noperation_id OPS-2026-11-22-001\nentry_seq 41\nentry_sha256 " +
                      std::string(64, 'a') + "\ndecision approve\n");
    CHECK(parse_signoff_statement(text) == subject);
    CHECK_FALSE(parse_signoff_statement(""));
    CHECK_FALSE(parse_signoff_statement(text + "\n"));
    CHECK_FALSE(parse_signoff_statement(text.substr(0, text.size() - 1)));
    CHECK_FALSE(parse_signoff_statement("x" + text));
    for (const char* other : {"entry_seq 041", "entry_seq 41x", "entry_seq ", "entry_seq  41", "entry_seq 41 "}) {
        CAPTURE(other);
        std::string changed = text;
        changed.replace(changed.find("entry_seq 41"), 12, other);
        CHECK_FALSE(parse_signoff_statement(changed));
    }
}

TEST_CASE("a breach is not settled by one person under two names") {
    UnsettledBreaches breaches;
    LedgerLine breach =
        line(LedgerKind::Breach, 5, {{"recorded_by", "dave"}}, {{"operation_id", "OPS-1"}, {"requested_by", "SELF"}});
    breaches.take(breach);
    breaches.take(signoff("OPS-1", "alice"));
    breaches.take(signoff("OPS-1", "Alice@desk"));
    breaches.take(signoff("OPS-1", "dave@desk"));  // who recorded it
    REQUIRE(breaches.list().size() == 1);
    CHECK(breaches.list()[0].signers.people() == 1);

    // By one key: what stands before the signature itself, as ssh-keygen writes it.
    const std::string signature =
        "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQAAAARhYmNk\n-----END SSH SIGNATURE-----\n";
    for (const char* person : {"bob", "rob"}) {
        LedgerLine signed_off = signoff("OPS-2", person);
        signed_off.ess = {{"signature", signature}};
        if (breaches.list().size() == 1)
            breaches.take(line(LedgerKind::Breach, 7, nullptr, {{"operation_id", "OPS-2"}}));
        breaches.take(signed_off);
    }
    CHECK(breaches.list().size() == 2);
}

TEST_CASE("a breach is settled by two different people") {
    UnsettledBreaches breaches;
    breaches.take(line(LedgerKind::Breach, 5, nullptr, {{"operation_id", "OPS-1"}}));
    breaches.take(line(LedgerKind::Breach, 7, nullptr, {{"operation_id", "OPS-2"}}));
    breaches.take(signoff("OPS-1", "alice"));
    breaches.take(signoff("OPS-1", "alice"));
    breaches.take(signoff("OPS-1", ""));
    breaches.take(signoff("OPS-3", "bob"));
    REQUIRE(breaches.list().size() == 2);
    CHECK(breaches.list()[0].seq == 5);
    CHECK(breaches.list()[0].signers.people() == 1);
    CHECK(breaches.list()[0].signers.has("alice"));
    breaches.take(signoff("OPS-1", "bob"));
    REQUIRE(breaches.list().size() == 1);
    CHECK(breaches.list()[0].operation_id == "OPS-2");
    CHECK(breaches.list()[0].seq == 7);
}
