// What is found when a ledger is opened: the last table of packaging/docs/LEDGER_FORMAT.md, row by row.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "signed_fixture.hpp"

using namespace ess::test;
using ess::Json;
using ess::LedgerKind;
using ess::LedgerLine;
using ess::host::OtherKey;

namespace fs = std::filesystem;

namespace {

/// Cuts whole lines off the end of the segment.
void cut_lines(const std::string& path, int lines) {
    std::string bytes = bytes_of(path);
    for (int i = 0; i < lines; ++i)
        bytes.erase(bytes.rfind('\n', bytes.size() - 2) + 1);
    put_bytes(path, bytes);
}

/// The ledger has told a breach and goes on in a new log; it stays red until two people have signed it off.
void check_breach(SignedHost& host, const std::string& kinds, const std::string& why) {
    const std::string old_note = fs::exists(host.ledger("checkpoint")) ? host.note() : "";
    const std::string old_origin = host.journal.kept.back().origin;
    const std::string january_before = bytes_of(host.ledger(january_file));
    auto ledger = host.open();
    CHECK(ledger->trouble().empty());
    CHECK(host.kinds() == kinds);
    CHECK(host.is_signed());
    CHECK(bytes_of(host.ledger(january_file)) == january_before);
    const LedgerLine breach = host.lines().back();
    REQUIRE(breach.kind == LedgerKind::Breach);
    CHECK_MESSAGE(breach.ess["reason"].get<std::string>().find(why) != std::string::npos, breach.ess.dump());
    CHECK(breach.ess["checkpoint"] == old_note);
    CHECK(breach.ess["found"] == Json{{"entries", breach.seq - 1}, {"head", breach.prev}});
    CHECK(breach.ess["log"]["origin"] != old_origin);
    REQUIRE(ledger->breaches().size() == 1);
    CHECK(ledger->breaches()[0].seq == breach.seq);

    const std::string id = ledger->breaches()[0].operation_id;
    for (const char* person : {"alice", "alice", "bob"}) {
        CHECK(ledger->breaches().size() == 1);
        ledger.reset();
        ledger = host.open();
        auto signoff = draft(january, LedgerKind::Signoff);
        signoff.entry = {{"operation_id", id}, {"approved_by", person}};
        REQUIRE(ledger->append(signoff));
    }
    CHECK(ledger->breaches().empty());
    CHECK(host.is_signed());
}

constexpr const char* three = "genesis trip trip";

}  // namespace

TEST_CASE("opening: in order, nothing is written") {
    SignedHost host;
    host.make(2);
    const std::string bytes = bytes_of(host.ledger(january_file));
    const std::string note = host.note();
    CHECK(host.open()->breaches().empty());
    CHECK(bytes_of(host.ledger(january_file)) == bytes);
    CHECK(host.note() == note);
    CHECK(segments_in(host.ledger()).size() == 1);
}

TEST_CASE("opening: the log's first line without a checkpoint is a crash between two steps") {
    SignedHost host;
    host.make(0);
    fs::remove(host.ledger("checkpoint"));
    CHECK(host.open()->breaches().empty());
    CHECK(host.kinds() == "genesis");
    CHECK(host.is_signed());
}

TEST_CASE("opening: the same after a breach, whose old checkpoint is still there") {
    SignedHost host;
    host.make(2);
    const std::string old_note = host.note();
    cut_lines(host.ledger(january_file), 1);
    static_cast<void>(host.open());
    REQUIRE(host.kinds() == "genesis trip breach");
    SUBCASE("still the old one") {
        put_bytes(host.ledger("checkpoint"), old_note);
        CHECK(host.open()->breaches().size() == 1);
        CHECK(host.kinds() == "genesis trip breach");
    }
    SUBCASE("none") {
        fs::remove(host.ledger("checkpoint"));
        CHECK(host.open()->breaches().size() == 1);
        CHECK(host.kinds() == "genesis trip breach");
    }
    SUBCASE("another") {
        std::string other = old_note;
        other[other.size() - 5] = other[other.size() - 5] == 'A' ? 'B' : 'A';
        put_bytes(host.ledger("checkpoint"), other);
        CHECK(host.open()->breaches().size() == 2);
    }
    CHECK(host.is_signed());
}

TEST_CASE("opening: lines behind the checkpoint are signed, and it is recorded") {
    SignedHost host;
    host.make(1);
    const std::string note = host.note();
    host.make(3);
    put_bytes(host.ledger("checkpoint"), note);
    host.journal.kept.resize(2);
    CHECK(host.open()->breaches().empty());
    CHECK(host.kinds() == "genesis trip trip trip trip recovery");
    CHECK(host.lines().back().ess == Json{{"unsigned", {{"from", 3}, {"to", 5}}}});
    CHECK(host.is_signed());
    // And that once.
    CHECK(host.open()->head().entries == 6);
}

TEST_CASE("opening: a torn write is a recovery, in a new segment") {
    SignedHost host;
    host.make(2);
    const std::string bytes = bytes_of(host.ledger(january_file)) + "{\"boot_id\":\"01";
    put_bytes(host.ledger(january_file), bytes);
    CHECK(host.open()->breaches().empty());
    CHECK(host.kinds() == "genesis trip trip recovery");
    CHECK(host.lines().back().ess["file"] == january_file);
    CHECK(bytes_of(host.ledger(january_file)) == bytes);
    CHECK(host.is_signed());
    CHECK(host.open()->head().entries == 4);
}

TEST_CASE("opening: a first write that did not end") {
    SignedHost host;
    host.make(0);
    fs::remove(host.ledger("checkpoint"));
    host.journal.kept.clear();
    fs::resize_file(host.ledger(january_file), 30);
    CHECK(host.open()->breaches().empty());
    CHECK(host.kinds() == "genesis recovery");
    CHECK(host.is_signed());
    CHECK(host.open()->head().entries == 2);
}

TEST_CASE("opening: fewer lines than the checkpoint") {
    SignedHost host;
    host.make(3);
    host.journal.kept.resize(1);
    cut_lines(host.ledger(january_file), 1);
    check_breach(host, "genesis trip trip breach", "while a checkpoint is of 4");
}

TEST_CASE("opening: the newest line cut, not whole: the torn bytes are the breach") {
    SignedHost host;
    host.make(3);
    fs::resize_file(host.ledger(january_file), fs::file_size(host.ledger(january_file)) - 1);
    {
        auto ledger = host.open();
        REQUIRE(ledger->breaches().size() == 1);
    }
    CHECK(host.kinds() == "genesis trip trip breach");
    CHECK(host.lines().back().ess["file"] == january_file);
    CHECK(host.open()->head().entries == 4);
}

TEST_CASE("opening: fewer lines than the journal knows of") {
    SignedHost host;
    host.make(2);
    const std::string note = host.note();
    host.make(1);
    cut_lines(host.ledger(january_file), 1);
    put_bytes(host.ledger("checkpoint"), note);
    check_breach(host, "genesis trip trip breach", "in the journal: 3 lines, while a checkpoint is of 4");
}

TEST_CASE("opening: other lines than the journal knows of") {
    SignedHost host;
    host.make(2);
    SUBCASE("at the end") {
        host.journal.kept.back().root[0] ^= 1;
    }
    SUBCASE("before it") {
        host.journal.kept.pop_back();
        host.journal.kept.back().root[31] ^= 1;
    }
    check_breach(host, "genesis trip trip breach", "not those that a checkpoint in the journal is of");
}

TEST_CASE("opening: another newest line than the checkpoint's") {
    SignedHost host;
    host.make(2);
    host.journal.kept.resize(1);
    std::string bytes = bytes_of(host.ledger(january_file));
    bytes.replace(bytes.rfind("ESS trip"), 8, "ESS tr1p");
    put_bytes(host.ledger(january_file), bytes);
    check_breach(host, "genesis trip trip breach", "not those that the checkpoint is of");
}

TEST_CASE("opening: a line changed before the end") {
    SignedHost host;
    host.make(3);
    std::string bytes = bytes_of(host.ledger(january_file));
    bytes.replace(bytes.find("ESS trip"), 8, "ESS tr1p");
    put_bytes(host.ledger(january_file), bytes);
    check_breach(host, "genesis trip breach", "does not continue");
}

TEST_CASE("opening: no checkpoint, or one that is none") {
    SignedHost host;
    host.make(2);
    SUBCASE("missing") {
        fs::remove(host.ledger("checkpoint"));
        check_breach(host, "genesis trip trip breach", "missing");
    }
    SUBCASE("empty") {
        put_bytes(host.ledger("checkpoint"), "");
        check_breach(host, "genesis trip trip breach", "cannot be read");
    }
    SUBCASE("cut") {
        fs::resize_file(host.ledger("checkpoint"), 60);
        check_breach(host, "genesis trip trip breach", "cannot be read");
    }
    SUBCASE("another signature") {
        std::string note = host.note();
        note[note.size() - 10] = note[note.size() - 10] == 'A' ? 'B' : 'A';
        put_bytes(host.ledger("checkpoint"), note);
        check_breach(host, "genesis trip trip breach", "signature");
    }
    SUBCASE("of another log") {
        SignedHost other;
        other.make(2);
        put_bytes(host.ledger("checkpoint"), other.note());
        check_breach(host, "genesis trip trip breach", "another log");
    }
}

TEST_CASE("opening: all lines are gone") {
    SignedHost host;
    host.make(2);
    std::string why;
    SUBCASE("the checkpoint is not") {
        fs::remove(host.ledger(january_file));
        host.journal.kept.clear();
        why = "the checkpoint is of";
    }
    SUBCASE("and the checkpoint, but not the journal") {
        fs::remove_all(host.ledger());
        why = "in the journal is of";
    }
    auto ledger = host.open();
    CHECK(host.kinds() == "breach");
    CHECK(host.lines()[0].ess["reason"].get<std::string>().find(why) != std::string::npos);
    CHECK(ledger->breaches().size() == 1);
    CHECK(ledger->append(draft()));
    CHECK(host.is_signed());
}

TEST_CASE("opening: another signing key") {
    SignedHost host;
    host.make(2);
    SignedHost other;
    other.make(0);
    std::string why = "another one";
    SUBCASE("another") {
        fs::copy_file(other.key(), host.key(), fs::copy_options::overwrite_existing);
    }
    SUBCASE("none") {
        fs::remove(host.key());
        why = "not there any more";
    }
    CHECK_FALSE(SignedLedger::open(host.options(OtherKey::Refuse)));
    CHECK(host.kinds() == three);
    check_breach(host, "genesis trip trip breach", why);
}

TEST_CASE("opening: lines from before there were logs") {
    SignedHost host;
    fs::create_directories(host.ledger());
    put_bytes(host.ledger(january_file), small_ledger(2));
    auto ledger = host.open();
    CHECK(host.kinds() == "trip trip breach");
    CHECK(host.lines().back().ess["reason"].get<std::string>().find("opens a log") != std::string::npos);
    CHECK(host.is_signed());
}

TEST_CASE("opening: a breach that could not be told is told by the next line") {
    SignedHost host;
    host.make(2);
    cut_lines(host.ledger(january_file), 1);
    auto options = host.options();
    bool fail = true;
    options.stamp = [&]() -> Json { return fail ? Json{{"x", 1.5}} : Json{{"hostname", "a"}}; };
    auto ledger = SignedLedger::open(options);
    REQUIRE(ledger);
    CHECK_FALSE((*ledger)->trouble().empty());
    CHECK_FALSE((*ledger)->append(draft()));
    fail = false;
    CHECK((*ledger)->append(draft())->seq == 4);
    CHECK((*ledger)->trouble().empty());
    CHECK(host.kinds() == "genesis trip breach trip");
    CHECK(host.is_signed());
}
