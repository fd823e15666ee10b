#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace ess {

/// What a line of the ledger records.
enum class LedgerKind {
    Genesis,        ///< the first line of a ledger
    Trip,           ///< a stop
    Reset,          ///< a release of the latch
    Recovery,       ///< what was found behind the last whole line of a segment: a write that did not end
    Breach,         ///< damage anywhere else: loss or tampering
    Late,           ///< an entry that could not be written when it happened
    Start,          ///< units started after a reset
    Approval,       ///< the second person of a four-eyes reset
    Drill,          ///< an exercise of the stop
    Refusal,        ///< a request that was refused
    Configuration,  ///< the configuration hash changed
    Crash,          ///< the daemon started after it had not ended in order
    Append,         ///< an operator's entry
    Amend,          ///< an addition to an earlier entry
    Signoff,        ///< a person's signature under an entry
    Key,            ///< a change of the signing key
};

[[nodiscard]] std::string_view to_text(LedgerKind kind);
[[nodiscard]] std::optional<LedgerKind> ledger_kind_from(std::string_view text);

/// Longest line without its newline: bundles of the tlog-tiles form give an entry's length in 16 bits.
inline constexpr std::size_t ledger_line_limit = 65535;

/// `prev` of the first line.
inline constexpr std::string_view ledger_zero_hash = "0000000000000000000000000000000000000000000000000000000000000000";

/// One line of the ledger (DESIGN.md 7.1). On disk it is one JSON object with sorted ASCII keys and no white space;
/// numbers are integers within ±(2^53-1), so every reader sees the same value, and the bytes equal RFC 8785's form.
struct LedgerLine {
    LedgerKind kind = LedgerKind::Append;
    Json entry = Json::object();  ///< the fields of the operators' format, operation_id to notes, and config_hash
    Json ess;                     ///< a stop's timeline, or what a kind adds; null: the line has none
    WallTime time{};              ///< when it was recorded, which for a late entry is not when it happened
    std::string boot_id;          ///< 32 hexadecimal digits
    std::uint64_t seq = 0;        ///< counted from 1, so the newest one is the number of entries
    std::string prev{ledger_zero_hash};  ///< ledger_hash() of the line before
};

/// The line without its newline. Fails for what its reader would refuse: a fraction, a key outside ASCII, bytes that
/// are not UTF-8, nesting past json_depth_limit, too long a line.
[[nodiscard]] Result<std::string> format_ledger_line(const LedgerLine& line);

/// Reads a line without its newline. Only bytes that format_ledger_line() makes are read: duplicate or unknown keys,
/// another version, another spelling of the same value, are refused.
[[nodiscard]] Result<LedgerLine> parse_ledger_line(std::string_view text);

/// SHA-256 of the line without its newline, 64 lower-case hexadecimal digits: the next line's `prev`.
[[nodiscard]] std::string ledger_hash(std::string_view line);

}  // namespace ess
