#include "host/signed_ledger.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "signed_fixture.hpp"

using namespace ess::test;
using ess::Json;
using ess::LedgerKind;
using ess::host::OtherKey;

namespace fs = std::filesystem;

namespace {

mode_t mode_of(const std::string& path) {
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    return info.st_mode & 07777U;
}

}  // namespace

TEST_CASE("signed ledger: what a killed writer left of a checkpoint is cleared away, and nothing else") {
    SignedHost host;
    CHECK(host.open()->trouble().empty());
    for (const char* name : {".checkpoint.4711", ".log.vkey.4711", "notes.txt"})
        std::ofstream(host.ledger(name)) << "x";
    CHECK(host.open()->trouble().empty());
    CHECK_FALSE(fs::exists(host.ledger(".checkpoint.4711")));
    CHECK_FALSE(fs::exists(host.ledger(".log.vkey.4711")));
    CHECK(fs::exists(host.ledger("notes.txt")));
    CHECK(fs::exists(host.ledger("checkpoint")));
}

TEST_CASE("signed ledger: begins with its log, and signs after each line") {
    SignedHost host;
    {
        auto ledger = host.open();
        CHECK(ledger->trouble().empty());
        CHECK(host.kinds() == "genesis");
        CHECK(host.is_signed());
        const auto genesis = host.lines().at(0);
        CHECK(genesis.entry == Json::object());
        CHECK(genesis.ess["log"]["vkey"] == ledger->log_key()->text());
        auto read_only = draft();
        read_only.entry["risk_class"] = "READ_ONLY";
        REQUIRE(ledger->append(read_only));
        CHECK(host.is_signed());
        CHECK(ledger->append(draft())->seq == 3);
        CHECK(host.is_signed());
    }
    REQUIRE(host.journal.kept.size() == 3);
    CHECK(host.journal.kept.back().size == 3);
    CHECK(host.journal.urgent == std::vector<bool>{true, false, true});
    CHECK((mode_of(host.ledger()) & 0777U) == 0750);
    CHECK(mode_of(host.ledger(january_file)) == 0640);
    CHECK(mode_of(host.key()) == 0600);
    CHECK(mode_of(fs::path(host.key()).parent_path()) == 0700);
    CHECK(bytes_of(host.ledger("log.pub.pem")).starts_with("-----BEGIN PUBLIC KEY-----"));

    auto again = host.open();
    CHECK(host.kinds() == "genesis trip trip");
    CHECK(again->breaches().empty());
    CHECK(again->append(draft())->operation_id == "OPS-2026-01-28-003");
    CHECK(host.is_signed());
}

TEST_CASE("signed ledger: its own lines are its own") {
    SignedHost host;
    auto ledger = host.open();
    for (const auto kind : {LedgerKind::Genesis, LedgerKind::Breach, LedgerKind::Key})
        CHECK_FALSE(ledger->append(draft(january, kind)));
    CHECK(ledger->append(draft(january, LedgerKind::Append)));
}

TEST_CASE("signed ledger: one writer") {
    SignedHost host;
    const auto first = host.open();
    const auto second = SignedLedger::open(host.options());
    REQUIRE_FALSE(second);
    CHECK(second.error().text.find("another process writes this ledger") != std::string::npos);
}

TEST_CASE("signed ledger: an operation is found with what was added to it") {
    SignedHost host;
    auto ledger = host.open();
    const std::string id = ledger->append(draft())->operation_id;
    auto amendment = draft(january, LedgerKind::Amend);
    amendment.entry = {{"operation_id", id}, {"outcome", "ROLLBACK"}};
    REQUIRE(ledger->append(amendment));
    auto by_hand = draft(january, LedgerKind::Append);
    by_hand.entry["operation_id"] = "by hand";
    REQUIRE(ledger->append(by_hand));
    const auto found = ledger->find(id);
    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->outcome() == "ROLLBACK");
    CHECK((*found)->seq == 2);
    CHECK(*ledger->find("by hand"));
    CHECK_FALSE(*ledger->find("OPS-2026-01-28-099"));
    CHECK_FALSE(*ledger->find("by nobody"));
}

TEST_CASE("signed ledger: a clock that jumps back to an earlier month and day") {
    SignedHost host;
    auto ledger = host.open();
    CHECK(ledger->append(draft("2026-02-01T00:00:00Z"))->operation_id == "OPS-2026-02-01-001");
    CHECK(ledger->append(draft("2026-01-28T00:00:00Z"))->operation_id == "OPS-2026-01-28-001");
    CHECK(ledger->append(draft("2026-02-01T00:00:00Z"))->operation_id == "OPS-2026-02-01-002");
    CHECK(host.is_signed());
    CHECK(segments_in(host.ledger()).size() == 2);
}

TEST_CASE("signed ledger: the checkpoint fails, the line does not") {
    SignedHost host;
    auto ledger = host.open();
    // A directory in its place takes no file.
    fs::rename(host.ledger("checkpoint"), host.ledger("kept"));
    fs::create_directory(host.ledger("checkpoint"));
    CHECK(ledger->append(draft()));
    CHECK(ledger->trouble().find("checkpoint") != std::string::npos);
    CHECK(host.kinds() == "genesis trip");
    CHECK(host.journal.kept.size() == 1);
    ledger->retry();
    CHECK_FALSE(ledger->trouble().empty());
    fs::remove(host.ledger("checkpoint"));
    SUBCASE("tried again") {
        ledger->retry();
        CHECK(ledger->trouble().empty());
        CHECK(host.is_signed());
    }
    SUBCASE("with the next line") {
        CHECK(ledger->append(draft()));
        CHECK(ledger->trouble().empty());
        CHECK(host.is_signed());
    }
    SUBCASE("the writer ends before that") {
        fs::rename(host.ledger("kept"), host.ledger("checkpoint"));
        ledger.reset();
        ledger = host.open();
        CHECK(host.kinds() == "genesis trip recovery");
        CHECK(host.lines()[2].ess == Json{{"unsigned", {{"from", 2}, {"to", 2}}}});
        CHECK(host.is_signed());
        CHECK(ledger->breaches().empty());
    }
}

TEST_CASE("signing key: a credential is used in place of the file") {
    SignedHost host;
    const ScratchDirectory credentials;
    const auto key = ess::Ed25519PrivateKey::generate();
    put_bytes(credentials.file("ledger.pem"), key.pem());
    fs::permissions(credentials.file("ledger.pem"), fs::perms::owner_read);
    ::setenv("CREDENTIALS_DIRECTORY", credentials.path().c_str(), 1);
    host.make(1);
    {
        auto ledger = host.open();
        const auto refused = ledger->rotate_key("alice");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().text.find("credential") != std::string::npos);
    }
    ::unsetenv("CREDENTIALS_DIRECTORY");
    CHECK_FALSE(fs::exists(host.key()));
    CHECK(host.is_signed());
    CHECK(ess::VerifierKey::parse(host.lines()[0].ess["log"]["vkey"].get<std::string>())->key() == key.public_key());
    // A command does not have the credential, and must not begin another log for that.
    const auto command = SignedLedger::open(host.options(OtherKey::Refuse));
    REQUIRE_FALSE(command);
    CHECK(command.error().text.find("essd") != std::string::npos);
    CHECK(host.kinds() == "genesis trip");
    CHECK_FALSE(fs::exists(host.key()));
}

TEST_CASE("signing key: what others may read, and what is no key, is refused") {
    SignedHost host;
    host.make(1);
    SUBCASE("readable") {
        fs::permissions(host.key(), fs::perms::others_read, fs::perm_options::add);
    }
    SUBCASE("of the group") {
        fs::permissions(host.key(), fs::perms::group_write, fs::perm_options::add);
    }
    SUBCASE("a link") {
        fs::rename(host.key(), host.key(".there"));
        fs::create_symlink(host.key(".there"), host.key());
    }
    SUBCASE("cut") {
        fs::resize_file(host.key(), 40);
    }
    SUBCASE("empty") {
        fs::resize_file(host.key(), 0);
    }
    const std::string before = bytes_of(host.ledger(january_file));
    const auto refused = SignedLedger::open(host.options());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().text.find("ledger.pem") != std::string::npos);
    CHECK(bytes_of(host.ledger(january_file)) == before);
}
