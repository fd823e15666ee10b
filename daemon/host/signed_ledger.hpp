#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ed25519.hpp"
#include "base/result.hpp"
#include "core/ledger_log.hpp"
#include "core/log_comparison.hpp"
#include "core/operation.hpp"
#include "host/journal_mirror.hpp"
#include "host/ledger_file.hpp"
#include "host/signing_key.hpp"

namespace ess::host {

/// What to do when the signing key is not there, or is not the log's.
enum class OtherKey {
    Breach,  ///< a new log by the key that is there or is made: for essd, whose key it is
    Refuse,  ///< for a command: essd may have the key as a credential
};

struct SignedLedgerOptions {
    std::string directory;
    LedgerVisitor replayed;        ///< each line of the chain while the ledger is opened
    LedgerVisitor appended;        ///< each line after it is durable, those that the ledger writes by itself as well
    std::function<Json()> stamp;   ///< the fields that every entry has, for those entries
    CheckpointMirror mirror = {};  ///< empty: none, as for a ledger elsewhere than the installed one
    OtherKey other_key = OtherKey::Refuse;
    std::function<WallTime()> clock = wall_now;
};

/// The ledger with its keys and checkpoints (packaging/docs/LEDGER_FORMAT.md): appends, signs, and says what was found.
/// All of it blocks on the disk: for the writer thread.
class SignedLedger {
  public:
    /// Takes the writer's lock, reads everything, compares it with the checkpoint and its mirror, and writes what is
    /// to be said of that: a genesis line, recovery and breach lines. Loss and tampering are not failures. Fails when
    /// another writer has it, when the lines or the key cannot be read, and, with OtherKey::Refuse, without the log's
    /// key.
    [[nodiscard]] static Result<std::unique_ptr<SignedLedger>> open(SignedLedgerOptions options);

    SignedLedger(const SignedLedger&) = delete;
    SignedLedger& operator=(const SignedLedger&) = delete;
    ~SignedLedger() = default;

    /// LedgerFile::append(), then a checkpoint. A checkpoint that fails is no failure, since the line is durable: see
    /// trouble(). Genesis, breach and key lines are the ledger's own and refused.
    [[nodiscard]] Result<LedgerReceipt> append(const LedgerDraft& draft);

    /// Hands over to a new key, which the old one signs. Returns the new verifier key. Refused for a credential, and
    /// while the checkpoint is not current.
    [[nodiscard]] Result<std::string> rotate_key(const std::string& requested_by);

    /// The operation with this id, with what later lines add to it; nothing if there is none.
    [[nodiscard]] Result<std::optional<Operation>> find(std::string_view operation_id) const {
        return ledger_->find(operation_id);
    }
    /// Reads the lines of the chain again, oldest first.
    [[nodiscard]] Result<> for_each(const LedgerVisitor& visitor) const { return ledger_->for_each(visitor); }

    /// LedgerFile::is_displaced(): a disk was mounted over the directory, or it was replaced.
    [[nodiscard]] bool is_displaced() const { return ledger_->is_displaced(); }

    [[nodiscard]] const LedgerHead& head() const { return ledger_->head(); }
    /// Damage that could not be reported yet.
    [[nodiscard]] const std::vector<LedgerDamage>& unreported() const { return ledger_->unreported(); }
    /// Why the checkpoint is not current, or not all is said that was found; empty when nothing is outstanding. The
    /// next append() tries again, and retry() does.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    void retry();
    /// Why the mirror could not be compared when the ledger was opened; empty if it was.
    [[nodiscard]] const std::string& mirror_fault() const { return mirror_fault_; }
    /// Loss or tampering that fewer than two people have signed off.
    [[nodiscard]] const std::vector<LedgerBreach>& breaches() const { return breaches_.list(); }
    /// The key that signs; its name is the origin of the newest log. Nothing while no log could be opened.
    [[nodiscard]] const std::optional<VerifierKey>& log_key() const { return found_.log.key(); }

  private:
    struct SeqRange {
        std::uint64_t from = 0;
        std::uint64_t to = 0;
    };

    explicit SignedLedger(SignedLedgerOptions options);

    Result<> load();
    void follow(const LedgerLine& line, std::string_view bytes);
    void line_written(const LedgerLine& line, std::string_view bytes);
    Result<> choose_key();
    Result<> refuse_other_key(const std::string& reason) const;
    Result<> compare();
    Result<> compare_mirror(const LogAt& log_at);
    [[nodiscard]] Result<std::optional<std::string>> read_checkpoint() const;
    [[nodiscard]] Result<LedgerLog> log_at(std::uint64_t size) const;
    [[nodiscard]] Json opening(LedgerKind kind) const;
    Result<> settle();
    Result<> write_unsigned();
    Result<> sign(bool urgent);
    [[nodiscard]] Result<std::string> signed_note(const Checkpoint& checkpoint) const;
    Result<> publish_key() const;
    void try_to_sign(bool urgent);

    SignedLedgerOptions options_;
    SigningKeys keys_;
    std::optional<LedgerFile> ledger_;
    std::optional<Ed25519PrivateKey> key_;
    std::optional<Ed25519PrivateKey> old_key_;   ///< until both keys have signed
    std::optional<Ed25519PrivateKey> next_key_;  ///< while the line is written that hands over to it
    bool next_in_use_ = false;                   ///< key_ is still the file of the next one
    FoundLog found_;
    UnsettledBreaches breaches_;
    std::optional<SeqRange> unsigned_;  ///< lines that were found without a checkpoint, which is to be recorded
    std::string trouble_;
    std::string mirror_fault_;
};

}  // namespace ess::host
