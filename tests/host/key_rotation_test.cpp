// The change of the signing key, and each moment at which it can end early.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "signed_fixture.hpp"

using namespace ess::test;
using ess::LedgerKind;

namespace fs = std::filesystem;

namespace {

/// The files of a host as they are at one moment.
struct Moment {
    explicit Moment(const SignedHost& host) : copy(scratch.file("state")) {
        fs::copy(host.state(), copy, fs::copy_options::recursive);
    }
    void restore(const SignedHost& host, const std::string& file) const {
        fs::copy_file(copy + "/" + file, host.state() + "/" + file, fs::copy_options::overwrite_existing);
    }
    ScratchDirectory scratch;
    std::string copy;
};

/// Before and after a rotation, from which every moment between can be put together.
struct Rotated {
    Rotated() {
        host.make(1);
        before.emplace(host);
        auto ledger = host.open();
        const auto vkey = ledger->rotate_key("alice");
        REQUIRE_MESSAGE(vkey, (vkey ? std::string() : vkey.error().text));
        new_vkey = *vkey;
        next_key = bytes_of(host.key());
    }
    void put_next() const {
        put_bytes(host.key(".next"), next_key);
        fs::permissions(host.key(".next"), fs::perms::owner_read | fs::perms::owner_write);
    }

    SignedHost host;
    std::optional<Moment> before;
    std::string new_vkey;
    std::string next_key;
};

void check_goes_on(Rotated& rotated, const std::string& kinds) {
    SignedHost& host = rotated.host;
    auto ledger = host.open();
    CHECK(ledger->trouble().empty());
    CHECK(ledger->breaches().empty());
    CHECK(host.kinds() == kinds);
    CHECK(host.is_signed());
    CHECK(ledger->append(draft()));
    CHECK(host.is_signed());
    CHECK_FALSE(fs::exists(host.key(".next")));
    ledger.reset();
    CHECK(host.open()->breaches().empty());
}

}  // namespace

TEST_CASE("rotation: the next checkpoint is signed by both keys, each one after it by the new one") {
    Rotated rotated;
    SignedHost& host = rotated.host;
    CHECK(host.kinds() == "genesis trip key");
    CHECK(host.is_signed());
    CHECK(ess::parse_note(host.note())->signatures.size() == 2);
    CHECK(bytes_of(host.ledger("log.vkey")) == rotated.new_vkey + "\n");
    CHECK_FALSE(fs::exists(host.key(".next")));
    CHECK(host.lines()[2].entry["requested_by"] == "alice");
    // Opened between: both signatures are still wanted, and found.
    check_goes_on(rotated, "genesis trip key");
    CHECK(ess::parse_note(host.note())->signatures.size() == 1);
}

TEST_CASE("rotation: twice in one run") {
    SignedHost host;
    auto ledger = host.open();
    const std::string first = ledger->log_key()->text();
    REQUIRE(ledger->rotate_key("alice"));
    REQUIRE(ledger->rotate_key("alice"));
    CHECK(ledger->append(draft()));
    CHECK(host.is_signed());
    CHECK(ledger->log_key()->text() != first);
    ledger.reset();
    CHECK(host.open()->breaches().empty());
}

TEST_CASE("rotation: it ended after the next key was put down") {
    Rotated rotated;
    for (const char* file :
         {"ledger/2026-01.001.jsonl", "ledger/checkpoint", "ledger/log.vkey", "ledger/log.pub.pem", "keys/ledger.pem"})
        rotated.before->restore(rotated.host, file);
    rotated.put_next();
    rotated.host.journal.kept.pop_back();
    check_goes_on(rotated, "genesis trip");
}

TEST_CASE("rotation: it ended after the key line") {
    Rotated rotated;
    for (const char* file : {"ledger/checkpoint", "ledger/log.vkey", "ledger/log.pub.pem", "keys/ledger.pem"})
        rotated.before->restore(rotated.host, file);
    rotated.put_next();
    rotated.host.journal.kept.pop_back();
    check_goes_on(rotated, "genesis trip key recovery");
}

TEST_CASE("rotation: it ended after the checkpoint") {
    Rotated rotated;
    for (const char* file : {"ledger/log.vkey", "ledger/log.pub.pem", "keys/ledger.pem"})
        rotated.before->restore(rotated.host, file);
    rotated.put_next();
    check_goes_on(rotated, "genesis trip key");
}

TEST_CASE("rotation: it ended before the public key was written") {
    Rotated rotated;
    for (const char* file : {"ledger/log.vkey", "ledger/log.pub.pem"})
        rotated.before->restore(rotated.host, file);
    check_goes_on(rotated, "genesis trip key");
}

TEST_CASE("rotation: the next key cannot be put down, so nothing changes") {
    SignedHost host;
    auto ledger = host.open();
    fs::create_directory(host.key(".next"));
    CHECK_FALSE(ledger->rotate_key("alice"));
    CHECK(host.kinds() == "genesis");
    fs::remove(host.key(".next"));
    CHECK(ledger->rotate_key("alice"));
    CHECK(host.is_signed());
}

TEST_CASE("rotation: not before the checkpoint is current") {
    SignedHost host;
    auto ledger = host.open();
    fs::remove(host.ledger("checkpoint"));
    fs::create_directory(host.ledger("checkpoint"));
    REQUIRE(ledger->append(draft()));
    const auto refused = ledger->rotate_key("alice");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.find("checkpoint") != std::string::npos);
    CHECK(host.kinds() == "genesis trip");
    CHECK_FALSE(fs::exists(host.key(".next")));
}

TEST_CASE("rotation: the checkpoint after it comes late") {
    SignedHost host;
    auto ledger = host.open();
    // The line is durable; the directory that takes the checkpoint's place refuses what should go there.
    auto options = host.options();
    ledger.reset();
    options.appended = [&](const ess::LedgerLine& line, std::string_view) {
        if (line.kind != LedgerKind::Key) return;
        fs::remove(host.ledger("checkpoint"));
        fs::create_directory(host.ledger("checkpoint"));
    };
    auto rotating = SignedLedger::open(options);
    REQUIRE(rotating);
    CHECK((*rotating)->rotate_key("alice"));
    CHECK_FALSE((*rotating)->trouble().empty());
    // Both keys stay until both have signed.
    CHECK(fs::exists(host.key(".next")));
    fs::remove(host.ledger("checkpoint"));
    (*rotating)->retry();
    CHECK((*rotating)->trouble().empty());
    CHECK(host.is_signed());
    CHECK(ess::parse_note(host.note())->signatures.size() == 2);
    CHECK_FALSE(fs::exists(host.key(".next")));
}
