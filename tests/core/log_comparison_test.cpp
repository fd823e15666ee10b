#include "core/log_comparison.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "ed25519_keys.hpp"

using namespace ess;

namespace {

/// A log of four lines, the third of which changes the key.
struct SmallLog {
    SmallLog() {
        take(LedgerKind::Genesis, {{"log", log_object(old_vkey)}});
        take(LedgerKind::Trip, nullptr);
        take(LedgerKind::Key, key_change(old_vkey, new_vkey, old_key));
    }
    void take(LedgerKind kind, const Json& ess) {
        LedgerLine line;
        line.kind = kind;
        line.seq = states.size() + 1;
        line.ess = ess;
        REQUIRE(found.log.take(line, std::to_string(line.seq)));
        states.push_back(found.log);
    }
    [[nodiscard]] std::string note(std::size_t size, const std::vector<const Ed25519PrivateKey*>& keys) const {
        const Checkpoint checkpoint = checkpoint_of(old_vkey.name(), states[size - 1].tree());
        SignedNote made{checkpoint.body(), {}};
        for (const Ed25519PrivateKey* key : keys)
            made.signatures.push_back(*sign_note(made.body, checkpoint.origin, *key));
        return made.text();
    }
    [[nodiscard]] LogFinding compare(const std::optional<std::string>& text) const {
        const auto finding = compare_with_checkpoint(
            found, text, [this](std::uint64_t size) -> Result<LedgerLog> { return states[size - 1]; });
        REQUIRE(finding);
        return *finding;
    }

    Ed25519PrivateKey old_key = Ed25519PrivateKey::generate();
    Ed25519PrivateKey new_key = Ed25519PrivateKey::generate();
    VerifierKey old_vkey = *VerifierKey::make("host/log", old_key.public_key());
    VerifierKey new_vkey = *VerifierKey::make("host/log", new_key.public_key());
    FoundLog found;
    std::vector<LedgerLog> states;
};

}  // namespace

TEST_CASE("comparison: a checkpoint counts with the keys of its size") {
    SmallLog log;
    CHECK(log.compare(log.note(3, {&log.old_key, &log.new_key})).signed_lines == 3);
    CHECK(log.compare(log.note(2, {&log.old_key})).signed_lines == 2);
    CHECK(log.compare(log.note(1, {&log.old_key})).signed_lines == 1);
    // Over the key line both have to sign; before it and behind it one alone.
    CHECK_FALSE(log.compare(log.note(3, {&log.new_key})).breach.empty());
    CHECK_FALSE(log.compare(log.note(3, {&log.old_key})).breach.empty());
    CHECK_FALSE(log.compare(log.note(2, {&log.new_key})).breach.empty());
    log.take(LedgerKind::Trip, nullptr);
    CHECK(log.compare(log.note(4, {&log.new_key})).signed_lines == 4);
    CHECK_FALSE(log.compare(log.note(4, {&log.old_key})).breach.empty());
}

TEST_CASE("comparison: every flipped bit, and every cut, of the checkpoint is a breach") {
    const SmallLog log;
    const std::string note = log.note(3, {&log.old_key, &log.new_key});
    REQUIRE(log.compare(note).breach.empty());
    for (std::size_t bit = 0; bit < note.size() * 8; ++bit) {
        CAPTURE(bit);
        std::string flipped = note;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        CHECK_FALSE(log.compare(flipped).breach.empty());
    }
    for (std::size_t size = 0; size < note.size(); ++size) {
        CAPTURE(size);
        CHECK_FALSE(log.compare(note.substr(0, size)).breach.empty());
    }
    CHECK_FALSE(log.compare(std::nullopt).breach.empty());
}
