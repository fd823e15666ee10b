#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "core/checkpoint.hpp"

namespace ess::host {

/// A second place for the ledger's checkpoints, kept by somebody else: what was told there cannot be taken back by
/// changing the ledger's files.
struct CheckpointMirror {
    /// Tells of a checkpoint and the signed note that has it. `urgent`: on the disk at once. Never waits for long, and
    /// has no result: the checkpoint's file is what counts.
    std::function<void(const Checkpoint& checkpoint, const std::string& note, bool urgent)> send;
    /// The newest checkpoint of that origin, or with an empty one of any log of this host; nothing if there is none.
    std::function<Result<std::optional<Checkpoint>>(const std::string& origin)> newest;
};

/// The journal, by the daemon's log queue (host/journal), which never blocks: for essd.
[[nodiscard]] CheckpointMirror queued_journal_mirror();

/// The journal, waiting for it for a moment: for a command, which has no such queue.
[[nodiscard]] CheckpointMirror direct_journal_mirror();

}  // namespace ess::host
