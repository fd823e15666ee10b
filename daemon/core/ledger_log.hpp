#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ed25519.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "core/checkpoint.hpp"
#include "core/ledger_line.hpp"
#include "core/merkle_tree.hpp"
#include "core/signed_note.hpp"
#include "core/signers.hpp"

namespace ess {

// The logs of a ledger, as packaging/docs/LEDGER_FORMAT.md has them: what the writer signs and a verifier checks. A
// log's origin is the name of its keys, so a VerifierKey stands for both.

/// "<hostname>/quantum-ess/<8 hexadecimal digits>"; `random` is 4 bytes. What is no part of a host name becomes "-".
[[nodiscard]] std::string log_origin(std::string_view hostname, std::string_view random);

/// Whether a log begins with such a line.
[[nodiscard]] bool opens_log(LedgerKind kind);

/// `ess.log` of an opening line.
[[nodiscard]] Json log_object(const VerifierKey& key);
/// The log that an opening line begins, and its first key.
[[nodiscard]] Result<VerifierKey> opened_log(const LedgerLine& line);

/// What the old key signs in a key line. Both keys have the log's origin as their name.
[[nodiscard]] std::string key_statement(const VerifierKey& old_key, const VerifierKey& new_key);
/// `ess` of a key line.
[[nodiscard]] Json key_change(const VerifierKey& old_key, const VerifierKey& new_key,
                              const Ed25519PrivateKey& old_private_key);
/// The new key of a key line. Fails when `current` is not the key that it takes over from, or did not sign it.
[[nodiscard]] Result<VerifierKey> changed_key(const LedgerLine& line, const VerifierKey& current);

/// The entry under which a person signs.
struct SignoffSubject {
    std::string origin;  ///< of the log that has the entry
    std::string operation_id;
    std::uint64_t entry_seq = 0;
    std::string entry_sha256;  ///< ledger_hash() of its line

    /// What is signed, by `ssh-keygen -Y sign` with signoff_namespace.
    [[nodiscard]] std::string statement() const;

    friend bool operator==(const SignoffSubject&, const SignoffSubject&) = default;
};
inline constexpr std::string_view signoff_namespace = "quantum-ess-signoff";
/// Nothing for any text that statement() does not make.
[[nodiscard]] std::optional<SignoffSubject> parse_signoff_statement(std::string_view text);

/// The newest log while the lines of a ledger go by.
class LedgerLog {
  public:
    /// Takes the next line of the chain; `bytes` is the line without its newline. A failure says what is wrong with
    /// it: it opens or changes a key and does not prove it, or no log was opened before it. It counts all the same.
    Result<> take(const LedgerLine& line, std::string_view bytes);

    /// Whose checkpoints count now; nothing before the first opening line.
    [[nodiscard]] const std::optional<VerifierKey>& key() const { return key_; }
    /// The key before, while the newest line is a key line: the checkpoint over it has to be signed by both.
    [[nodiscard]] const std::optional<VerifierKey>& old_key() const { return old_key_; }
    [[nodiscard]] const MerkleTree& tree() const { return tree_; }
    /// `seq` of the opening line; 0 before the first one.
    [[nodiscard]] std::uint64_t first_seq() const { return first_seq_; }

  private:
    Result<> follow_keys(const LedgerLine& line);

    std::optional<VerifierKey> key_;
    std::optional<VerifierKey> old_key_;
    MerkleTree tree_;
    std::uint64_t first_seq_ = 0;
};

struct LedgerBreach {
    std::uint64_t seq = 0;
    std::string operation_id;
    std::string requester;
    Signers signers;
};

/// The breaches that fewer than two people have signed off, while the lines of a ledger go by. Signatures are not
/// verified: whoever appends a signoff line, or verifies the ledger, does that.
class UnsettledBreaches {
  public:
    void take(const LedgerLine& line);
    [[nodiscard]] const std::vector<LedgerBreach>& list() const { return breaches_; }

  private:
    std::vector<LedgerBreach> breaches_;
};

}  // namespace ess
