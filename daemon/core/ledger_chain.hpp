#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/sha256.hpp"
#include "core/checkpoint.hpp"
#include "core/ledger_line.hpp"
#include "core/ledger_log.hpp"
#include "core/ledger_verdict.hpp"
#include "core/merkle_tree.hpp"
#include "core/signed_note.hpp"

namespace ess {

/// A key of a log, from one of its lines on.
struct LogKey {
    VerifierKey key;
    std::uint64_t at = 0;               ///< which line of the log begins its time, counted from 1
    std::optional<VerifierKey> before;  ///< the key that signed the change
};

/// A log as its lines tell of it.
struct LogSeen {
    std::string origin;
    std::uint64_t lines = 0;
    std::vector<LogKey> keys;  ///< oldest first; none if the opening line names none

    /// Whether the log's keys at the checkpoint's size signed the note: one key, or two at the line that changed it.
    /// Returns the newer one.
    [[nodiscard]] Result<VerifierKey> check_signature(const SignedNote& note, std::uint64_t size) const;
};

/// What lies between two lines that count.
enum class LedgerGap {
    None,
    Bytes,   ///< bytes that are no lines
    Breach,  ///< the end of a segment that a breach line has told of
};

/// Checks the lines that count while they go by: seq and prev, the logs that they open, the keys that they change, and
/// the roots that were asked for. Memory grows with the logs and keys alone.
class LedgerChain {
  public:
    /// The root of that log at that size will be asked for. Call before the first line.
    void want_root(const std::string& origin, std::uint64_t size) { wanted_.push_back({origin, size, {}}); }

    /// `place` says where the line is: "2026-01.001.jsonl byte 0".
    void take(const LedgerLine& line, std::string_view bytes, const std::string& place, LedgerGap gap,
              LedgerVerdict& verdict);

    [[nodiscard]] std::uint64_t lines() const { return counted_; }
    [[nodiscard]] const std::vector<LogSeen>& logs() const { return logs_; }
    /// The newest log of that name, or null.
    [[nodiscard]] const LogSeen* find_log(const std::string& origin) const;
    /// Nothing if the log had fewer lines, or if it was not wanted.
    [[nodiscard]] std::optional<Sha256Digest> root(const std::string& origin, std::uint64_t size) const;

  private:
    struct Wanted {
        std::string origin;
        std::uint64_t size = 0;
        std::optional<Sha256Digest> root;
    };
    void check_place(const LedgerLine& line, const std::string& place, LedgerGap gap, LedgerVerdict& verdict) const;
    void open_log(const LedgerLine& line, const std::string& place, LedgerVerdict& verdict);
    void change_key(const LedgerLine& line, LedgerVerdict& verdict);
    void grow(std::string_view bytes);

    std::vector<Wanted> wanted_;
    std::vector<LogSeen> logs_;
    MerkleTree tree_;
    std::uint64_t counted_ = 0;
    std::uint64_t seq_ = 0;
    std::string hash_{ledger_zero_hash};
};

}  // namespace ess
