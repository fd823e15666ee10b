#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "core/checkpoint.hpp"
#include "core/ledger_verdict.hpp"

namespace ess::host {

/// What the auditor brings. Only what comes from outside the host proves anything against its root.
struct LedgerAnchors {
    std::optional<std::string> key_file;         ///< PEM or verifier key: the first of a log or a later one
    std::optional<std::string> checkpoint_file;  ///< a checkpoint that was kept, of the newest log or an older one
    /// The newest checkpoint in the host's journal, of whichever log: CheckpointMirror::newest with an empty origin.
    /// Not set: the journal is not asked.
    std::function<Result<std::optional<Checkpoint>>()> journal;
    std::optional<std::string> allowed_signers;  ///< default: paths of the contract
};

/// Called now and then while lines go by, with their number so far.
using VerifyProgress = std::function<void(std::uint64_t lines)>;

/// Checks a ledger by packaging/docs/LEDGER_FORMAT.md, reading its files alone: essd may be down, or write meanwhile.
/// What cannot be read, or is not there, is a finding; never "OK". Memory is flat in the number of lines; it grows with
/// segments, breaches, keys and sign-offs. Blocks on the disk, and on ssh-keygen once per sign-off.
[[nodiscard]] LedgerVerdict verify_ledger(const std::string& directory, const LedgerAnchors& anchors,
                                          const VerifyProgress& progress = {});

}  // namespace ess::host
