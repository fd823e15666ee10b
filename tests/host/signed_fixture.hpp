#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/checkpoint.hpp"
#include "host/signed_ledger.hpp"
#include "small_ledger.hpp"

/// Signed ledgers, their checkpoints, and a mirror in memory.
namespace ess::test {

using host::SignedLedger;
using host::SignedLedgerOptions;

/// What a journal would keep.
struct MemoryMirror {
    std::vector<Checkpoint> kept;
    std::vector<bool> urgent;

    host::CheckpointMirror mirror() {
        return {[this](const Checkpoint& checkpoint, const std::string&, bool now) {
                    kept.push_back(checkpoint);
                    urgent.push_back(now);
                },
                [this](const std::string& origin) -> Result<std::optional<Checkpoint>> {
                    for (auto at = kept.rbegin(); at != kept.rend(); ++at) {
                        if (origin.empty() || at->origin == origin) return *at;
                    }
                    return std::nullopt;
                }};
    }
};

/// The state directory of a host: ledger and keys.
class SignedHost {
  public:
    [[nodiscard]] const std::string& state() const { return scratch_.path(); }
    [[nodiscard]] std::string ledger(const std::string& file = {}) const {
        return scratch_.file("ledger") + (file.empty() ? "" : "/" + file);
    }
    [[nodiscard]] std::string key(const std::string& ending = {}) const {
        return scratch_.file("keys/ledger.pem") + ending;
    }
    [[nodiscard]] SignedLedgerOptions options(host::OtherKey other_key = host::OtherKey::Breach) {
        SignedLedgerOptions made;
        made.directory = ledger();
        made.mirror = journal.mirror();
        made.other_key = other_key;
        made.clock = [] { return *from_rfc3339(january); };
        return made;
    }
    [[nodiscard]] std::unique_ptr<SignedLedger> open() {
        auto opened = SignedLedger::open(options());
        REQUIRE_MESSAGE(opened, (opened ? std::string() : opened.error().text));
        return std::move(*opened);
    }
    /// A ledger that was written and closed in order.
    void make(int entries) {
        auto ledger = open();
        for (int i = 0; i < entries; ++i)
            REQUIRE(ledger->append(draft()));
    }
    [[nodiscard]] std::vector<LedgerLine> lines() const {
        std::vector<LedgerLine> lines;
        REQUIRE(host::scan_ledger(ledger(), [&](const LedgerLine& line, std::string_view) { lines.push_back(line); }));
        return lines;
    }
    /// Its lines as kinds: "genesis trip trip".
    [[nodiscard]] std::string kinds() const {
        std::string text;
        for (const LedgerLine& line : lines())
            text.append(text.empty() ? "" : " ").append(to_text(line.kind));
        return text;
    }
    [[nodiscard]] std::string note() const { return bytes_of(ledger("checkpoint")); }
    /// Whether the checkpoint is of all lines of the newest log, and signed by its key or keys.
    [[nodiscard]] bool is_signed() const {
        LedgerLog log;
        REQUIRE(host::scan_ledger(ledger(), [&](const LedgerLine& line, std::string_view bytes) {
            static_cast<void>(log.take(line, bytes));
        }));
        if (!log.key()) return false;
        const auto parsed = parse_note(note());
        const auto checkpoint = open_checkpoint(note(), *log.key());
        const bool by_old = !log.old_key() || verify_note(*parsed, *log.old_key()).has_value();
        return by_old && checkpoint && *checkpoint == checkpoint_of(log.key()->name(), log.tree()) &&
               bytes_of(ledger("log.vkey")) == log.key()->text() + "\n";
    }

    MemoryMirror journal;

  private:
    ScratchDirectory scratch_;
};

}  // namespace ess::test
