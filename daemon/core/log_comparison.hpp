#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "core/checkpoint.hpp"
#include "core/ledger_log.hpp"

namespace ess {

/// The newest log as its lines are, when a ledger is opened.
struct FoundLog {
    LedgerLog log;
    LedgerKind opening = LedgerKind::Genesis;  ///< the kind of its first line
    std::string old_note;                      ///< `ess.checkpoint` of a breach line: the note of the log before
    std::string fault;                         ///< what is wrong in one of its lines, by LedgerLog::take()
};

/// The log at an earlier size, read again.
using LogAt = std::function<Result<LedgerLog>(std::uint64_t size)>;

/// What a comparison shows. The rules are those of the last table of packaging/docs/LEDGER_FORMAT.md.
struct LogFinding {
    std::string breach;              ///< loss or tampering: in which way. Empty: there is none
    std::uint64_t signed_lines = 0;  ///< the checkpoint's size, 0 if it has none yet
};

/// `note`: the bytes of the checkpoint's file, if it is there. Fails when the lines cannot be read again.
[[nodiscard]] Result<LogFinding> compare_with_checkpoint(const FoundLog& found, const std::optional<std::string>& note,
                                                         const LogAt& log_at);

/// `mirrored`: the newest checkpoint of the same origin that somebody else has kept.
[[nodiscard]] Result<LogFinding> compare_with_mirror(const FoundLog& found, const Checkpoint& mirrored,
                                                     const LogAt& log_at);

}  // namespace ess
