#include "host/ledger_verify.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "ledger/made_ledger.hpp"

using namespace ess::test;
using ess::LedgerCheck;
using ess::LedgerProof;
using ess::LedgerVerdict;
using ess::host::LedgerAnchors;

namespace {

constexpr const char* first_file = "2026-01.001.jsonl";

LedgerAnchors all_anchors(const MadeLedger& made, const std::string& checkpoint = "0000beef-2") {
    LedgerAnchors anchors;
    anchors.key_file = made.kept("first.vkey");
    anchors.checkpoint_file = made.kept(checkpoint);
    if (!made.allowed_signers().empty()) anchors.allowed_signers = made.allowed_signers();
    return anchors;
}

LedgerVerdict verify(const MadeLedger& made) {
    return ess::host::verify_ledger(made.directory(), all_anchors(made));
}

LedgerProof proof(const MadeLedger& made) {
    return verify(made).proof();
}

struct Change {
    const char* what;
    std::function<void(std::vector<std::string>&)> apply;
};

}  // namespace

TEST_CASE("ledgers in order are proven") {
    for (const char* scenario :
         {"tiny", "plain", "months", "recovery", "rotation", "rotations", "signoffs", "unsigned_recovered"}) {
        CAPTURE(scenario);
        const MadeLedger made(scenario);
        const LedgerVerdict verdict = verify(made);
        CHECK_MESSAGE(verdict.proof() == LedgerProof::Proven, verdict.text());
    }
}

TEST_CASE("what is wrong is told by its own check") {
    struct Row {
        const char* scenario;
        LedgerCheck check;
        const char* text;
    };
    for (const Row& row : std::vector<Row>{
             {"breach", LedgerCheck::Signoffs, "the breach at seq 5 is signed off by 0 of 2 people"},
             {"settled_by_one", LedgerCheck::Signoffs, "signed off by 1 of 2 people"},
             {"settled_by_one_key", LedgerCheck::Signoffs, "signed off by 1 of 2 people"},
             {"settled_by_one_name", LedgerCheck::Signoffs, "signed off by 1 of 2 people"},
             {"lost", LedgerCheck::Signoffs, "the breach at seq 3 is signed off by 0 of 2 people"},
             {"rotation_by_new_key_alone", LedgerCheck::Signature, "not signed by "},
             {"rotation_unsigned", LedgerCheck::Signature, "the change of the key is not proven"},
             {"foreign_key", LedgerCheck::Signature, "not signed by "},
             {"signoff_namespace", LedgerCheck::Signoffs, "no good signature"},
             {"signoff_expired", LedgerCheck::Signoffs, "no good signature"},
             {"signoff_unknown", LedgerCheck::Signoffs, "no good signature"},
             {"signoff_by_requester", LedgerCheck::Signoffs, "the signer requested it"},
             {"signoff_by_requester_elsewhere", LedgerCheck::Signoffs, "the signer requested it"},
             {"signoff_by_recorder", LedgerCheck::Signoffs, "the signer requested it"},
             {"signoff_behind_nul", LedgerCheck::Signoffs, "no good signature"},
             {"signoff_twice", LedgerCheck::Signoffs, "the signer has signed it off before"},
             {"signoff_edited", LedgerCheck::Signoffs, "the statement is not that of an entry before it"},
             {"signoff_of_other_entry", LedgerCheck::Signoffs, "the statement is not that of an entry before it"},
         }) {
        const MadeLedger made(row.scenario);
        LedgerAnchors anchors = all_anchors(made, "0000beef-1");
        const LedgerVerdict verdict = ess::host::verify_ledger(made.directory(), anchors);
        CAPTURE(row.scenario);
        CAPTURE(verdict.text());
        CHECK(verdict.proof(row.check) == LedgerProof::Wrong);
        CHECK(verdict.text().find(row.text) != std::string::npos);
        for (const LedgerCheck other : {LedgerCheck::Chain, LedgerCheck::Root, LedgerCheck::Signature,
                                        LedgerCheck::Truncation, LedgerCheck::Signoffs}) {
            if (other != row.check) CHECK(verdict.proof(other) != LedgerProof::Wrong);
        }
    }
}

TEST_CASE("what is not proven is never proven") {
    const MadeLedger plain("plain");
    LedgerAnchors anchors = all_anchors(plain);
    SUBCASE("no key from outside") {
        anchors.key_file.reset();
        const auto verdict = ess::host::verify_ledger(plain.directory(), anchors);
        CHECK(verdict.proof(LedgerCheck::Signature) == LedgerProof::NotProven);
        CHECK(verdict.proof() == LedgerProof::NotProven);
    }
    SUBCASE("no anchor from outside") {
        anchors.checkpoint_file.reset();
        const auto verdict = ess::host::verify_ledger(plain.directory(), anchors);
        CHECK(verdict.proof(LedgerCheck::Truncation) == LedgerProof::NotProven);
        CHECK(verdict.proof() == LedgerProof::NotProven);
    }
    SUBCASE("no journal") {
        anchors.journal = [] { return ess::failure("journal: none"); };
        CHECK(ess::host::verify_ledger(plain.directory(), anchors).proof() == LedgerProof::NotProven);
    }
    SUBCASE("an empty journal") {
        anchors.journal = [] { return std::optional<ess::Checkpoint>(); };
        CHECK(ess::host::verify_ledger(plain.directory(), anchors).proof() == LedgerProof::NotProven);
    }
    SUBCASE("nobody is there to say who may sign off") {
        const MadeLedger signed_off("signoffs");
        anchors = all_anchors(signed_off);
        anchors.allowed_signers = "/nowhere";
        CHECK(ess::host::verify_ledger(signed_off.directory(), anchors).proof() == LedgerProof::Wrong);
    }
    SUBCASE("ends between the steps of a write") {
        for (const char* scenario : {"torn", "unsigned"})
            CHECK(proof(MadeLedger(scenario)) == LedgerProof::NotProven);
    }
    SUBCASE("lines before the gap of a settled breach") {
        const MadeLedger settled("settled");
        anchors = all_anchors(settled, "0000beef-1");
        const auto verdict = ess::host::verify_ledger(settled.directory(), anchors);
        CHECK_MESSAGE(verdict.proof(LedgerCheck::Signoffs) == LedgerProof::Proven, verdict.text());
        CHECK(verdict.proof(LedgerCheck::Chain) == LedgerProof::NotProven);
        CHECK(verdict.proof() == LedgerProof::NotProven);
    }
}

TEST_CASE("what is not there, or not readable, is wrong") {
    const MadeLedger made("plain");
    LedgerAnchors anchors = all_anchors(made);
    const auto is_wrong = [&] {
        CHECK(ess::host::verify_ledger(made.directory(), anchors).proof() == LedgerProof::Wrong);
    };
    SUBCASE("no directory") {
        std::filesystem::remove_all(made.directory());
        is_wrong();
    }
    SUBCASE("no segment") {
        std::filesystem::remove(made.file(first_file));
        is_wrong();
    }
    SUBCASE("an empty segment") {
        put_file(made.file(first_file), "");
        is_wrong();
    }
    SUBCASE("a segment that is a link") {
        std::filesystem::rename(made.file(first_file), made.kept("segment"));
        std::filesystem::create_symlink(made.kept("segment"), made.file(first_file));
        is_wrong();
    }
    SUBCASE("no checkpoint") {
        std::filesystem::remove(made.file("checkpoint"));
        is_wrong();
    }
    SUBCASE("a checkpoint that is a directory") {
        std::filesystem::remove(made.file("checkpoint"));
        std::filesystem::create_directory(made.file("checkpoint"));
        is_wrong();
    }
    SUBCASE("no such key") {
        anchors.key_file = made.kept("nothing");
        is_wrong();
    }
    SUBCASE("no such kept checkpoint") {
        anchors.checkpoint_file = made.kept("nothing");
        is_wrong();
    }
}

TEST_CASE("anchors of somebody else") {
    const MadeLedger made("plain");
    const MadeLedger other("plain");
    const MadeLedger elsewhere("lost");
    LedgerAnchors anchors = all_anchors(made);
    const auto expect_wrong = [&](LedgerCheck check) {
        const auto verdict = ess::host::verify_ledger(made.directory(), anchors);
        CHECK_MESSAGE(verdict.proof(check) == LedgerProof::Wrong, verdict.text());
    };
    SUBCASE("another key, as PEM and as verifier key") {
        anchors.key_file = other.kept("first.pem");
        expect_wrong(LedgerCheck::Signature);
        anchors.key_file = other.kept("first.vkey");
        expect_wrong(LedgerCheck::Signature);
        anchors.key_file = elsewhere.kept("last.vkey");
        expect_wrong(LedgerCheck::Signature);
    }
    SUBCASE("another log's checkpoint, kept or in place") {
        anchors.checkpoint_file = elsewhere.kept("0000cafe-1");
        expect_wrong(LedgerCheck::Truncation);
        anchors.checkpoint_file = other.kept("0000beef-2");
        expect_wrong(LedgerCheck::Truncation);
        put_file(made.file("checkpoint"), file_bytes(elsewhere.file("checkpoint")));
        expect_wrong(LedgerCheck::Root);
    }
    SUBCASE("a rollback of everything shows against a kept checkpoint, and against the journal") {
        auto lines = split_lines(file_bytes(made.file(first_file)));
        lines.resize(3);
        put_file(made.file(first_file), join_lines(lines));
        put_file(made.file("checkpoint"), file_bytes(made.kept("0000beef-3")));
        CHECK(proof(made) == LedgerProof::Proven);
        anchors.checkpoint_file = made.kept("0000beef-6");
        expect_wrong(LedgerCheck::Truncation);
        anchors.checkpoint_file.reset();
        const auto note = ess::parse_note(file_bytes(made.kept("0000beef-6")));
        const auto newest = ess::parse_checkpoint(note->body);
        anchors.journal = [&] { return std::optional(*newest); };
        expect_wrong(LedgerCheck::Truncation);
        put_file(made.file(first_file), file_bytes(other.file(first_file)));
        put_file(made.file("checkpoint"), file_bytes(other.file("checkpoint")));
        expect_wrong(LedgerCheck::Truncation);
    }
}

TEST_CASE("the keys beside the ledger have one spelling") {
    const MadeLedger made("plain");
    for (const char* name : {"log.vkey", "log.pub.pem"}) {
        const std::string whole = file_bytes(made.file(name));
        for (const std::string& other :
             {whole + "\n", whole.substr(0, whole.size() - 1), whole + whole, std::string()}) {
            put_file(made.file(name), other);
            const LedgerVerdict verdict = verify(made);
            CHECK(verdict.proof(LedgerCheck::Signature) == LedgerProof::Wrong);
            CHECK(verdict.text().find(std::string(name) + ": not a key of this log") != std::string::npos);
        }
        std::filesystem::remove(made.file(name));  // an auditor's copy may be without
        CHECK(proof(made) == LedgerProof::Proven);
        put_file(made.file(name), whole);
    }
}

TEST_CASE("a later key vouches for itself, an older one for those that it signed") {
    const MadeLedger made("rotations");
    LedgerAnchors anchors = all_anchors(made);
    for (const char* key : {"first.vkey", "first.pem", "last.vkey", "last.pem"}) {
        anchors.key_file = made.kept(key);
        CHECK(ess::host::verify_ledger(made.directory(), anchors).proof() == LedgerProof::Proven);
    }
    // The newest key is good for the older checkpoints that the auditor kept, too.
    for (int size = 1; size <= 7; ++size) {
        anchors.checkpoint_file = made.kept("0000beef-" + std::to_string(size));
        CHECK(ess::host::verify_ledger(made.directory(), anchors).proof() == LedgerProof::Proven);
    }
    // Nothing is trusted backwards.
    put_file(made.file("checkpoint"), file_bytes(made.kept("0000beef-3")));
    CHECK(ess::host::verify_ledger(made.directory(), anchors).proof(LedgerCheck::Signature) == LedgerProof::Wrong);
}

TEST_CASE("every flipped bit of a ledger and of its checkpoint is reported") {
    const MadeLedger made("tiny");
    REQUIRE(proof(made) == LedgerProof::Proven);
    std::size_t flips = 0;
    for (const std::string& name :
         {std::string(first_file), std::string("checkpoint"), std::string("log.pub.pem"), std::string("log.vkey")}) {
        const std::string whole = file_bytes(made.file(name));
        for (std::size_t bit = 0; bit < whole.size() * 8; ++bit, ++flips) {
            std::string flipped = whole;
            flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
            put_file(made.file(name), flipped);
            CAPTURE(name);
            CAPTURE(bit);
            REQUIRE(proof(made) == LedgerProof::Wrong);
        }
        put_file(made.file(name), whole);
    }
    MESSAGE(flips << " bits");
}

TEST_CASE("flipped bits of recovery, rotation and sign-off lines are reported") {
    for (const char* scenario : {"recovery", "rotation", "signoffs"}) {
        const MadeLedger made(scenario);
        REQUIRE(proof(made) == LedgerProof::Proven);
        for (const auto& entry : std::filesystem::directory_iterator(made.directory())) {
            const std::string path = entry.path().string();
            if (entry.path().extension() != ".jsonl") continue;
            const std::string whole = file_bytes(path);
            // Each sign-off costs two processes. Odd steps take every bit of a byte in turn.
            const std::size_t step = scenario == std::string("signoffs") ? 61 : 7;
            for (std::size_t bit = 0; bit < whole.size() * 8; bit += step) {
                std::string flipped = whole;
                flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
                put_file(path, flipped);
                CAPTURE(path);
                CAPTURE(bit);
                REQUIRE(proof(made) != LedgerProof::Proven);
            }
            put_file(path, whole);
        }
    }
}

TEST_CASE("cut at every byte of the newest segment: never proven") {
    const MadeLedger made("months");
    REQUIRE(proof(made) == LedgerProof::Proven);
    for (const char* name : {"2026-10.1000.jsonl", "2026-02.001.jsonl"}) {
        const std::string whole = file_bytes(made.file(name));
        for (std::size_t size = 0; size < whole.size(); ++size) {
            put_file(made.file(name), whole.substr(0, size));
            CAPTURE(name);
            CAPTURE(size);
            REQUIRE(verify(made).proof(LedgerCheck::Truncation) == LedgerProof::Wrong);
        }
        put_file(made.file(name), whole);
    }
}

TEST_CASE("whole lines removed, doubled or moved, segments lost or swapped") {
    const MadeLedger made("months");
    const std::string whole = file_bytes(made.file(first_file));
    const std::vector<Change> changes{
        {"the first", [](auto& lines) { lines.erase(lines.begin()); }},
        {"one in the middle", [](auto& lines) { lines.erase(lines.begin() + 1); }},
        {"the last", [](auto& lines) { lines.pop_back(); }},
        {"all", [](auto& lines) { lines.clear(); }},
        {"twice", [](auto& lines) { lines.insert(lines.begin() + 1, lines[1]); }},
        {"swapped", [](auto& lines) { std::swap(lines[1], lines[2]); }},
        {"garbage behind", [](auto& lines) { lines.emplace_back("garbage\n"); }},
    };
    for (const Change& change : changes) {
        auto lines = split_lines(whole);
        change.apply(lines);
        put_file(made.file(first_file), join_lines(lines));
        CAPTURE(change.what);
        CHECK(verify(made).proof(LedgerCheck::Chain) == LedgerProof::Wrong);
    }
    put_file(made.file(first_file), whole);
    for (const char* name : {first_file, "2026-02.001.jsonl", "2026-10.999.jsonl", "2026-10.1000.jsonl"}) {
        std::filesystem::rename(made.file(name), made.file("away"));
        CAPTURE(name);
        CHECK(proof(made) == LedgerProof::Wrong);
        std::filesystem::rename(made.file("away"), made.file(name));
    }
    const std::string february = file_bytes(made.file("2026-02.001.jsonl"));
    put_file(made.file("2026-02.001.jsonl"), whole);
    put_file(made.file(first_file), february);
    CHECK(verify(made).proof(LedgerCheck::Chain) == LedgerProof::Wrong);
}
