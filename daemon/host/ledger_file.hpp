#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "core/ledger_line.hpp"
#include "core/operation.hpp"
#include "core/operation_number.hpp"
#include "host/ledger_scan.hpp"

namespace ess::host {

/// What is to be recorded. `operation_id`, `seq` and `prev` are given by the ledger.
struct LedgerDraft {
    LedgerKind kind = LedgerKind::Append;
    Json entry = Json::object();  ///< an operation_id in it is kept
    Json ess;
    WallTime time{};
};

/// Given once the line is durable.
struct LedgerReceipt {
    std::string operation_id;
    std::uint64_t seq = 0;
    std::string hash;
};

struct LedgerOptions {
    std::string directory;
    /// Each line of the chain while the ledger is opened: for what is derived from all lines (the checkpoint's tree).
    LedgerVisitor replayed;
    /// Each line after it is durable, before append() returns: for the checkpoint and the mirror in the journal. Called
    /// for the recovery and breach lines too, which the ledger writes by itself.
    LedgerVisitor appended;
    /// The fields that every entry has (hostname, config_hash, ...), for the entries that the ledger writes by itself.
    std::function<Json()> stamp;
    /// What `ess` of a genesis or breach line has besides what was found: the log that begins there. Without it the
    /// ledger has no genesis line. Called right before the line is written, for each attempt.
    std::function<Json(LedgerKind)> opening = {};
    /// The group that may read the directory and the segments.
    std::optional<gid_t> group = {};
};

/// The ledger's files (DESIGN.md 7.1): append-only segments of lines, one writer. All of it blocks on the disk: for the
/// writer thread. What is once written is never changed and never cut: damage is reported by the next line instead.
class LedgerFile {
  public:
    /// Takes the writer's lock, reads everything, and checks the chain. Makes the directory (0750) if it is not there.
    /// Fails when another writer has it, or when the directory cannot be read or written. Damage is not a failure.
    [[nodiscard]] static Result<LedgerFile> open(LedgerOptions options);

    /// Writes one line: a single write(2), then fdatasync, and only then returns. First come the recovery or breach
    /// lines for damage that is not reported yet, in a segment of their own. After a failure the entry is not in the
    /// ledger, whatever lies in the file, and the segment is never written again. The caller keeps the draft.
    [[nodiscard]] Result<LedgerReceipt> append(const LedgerDraft& draft);

    /// Writes what comes before the next entry, and nothing if there is no such thing: the genesis line, the recovery
    /// and breach lines.
    [[nodiscard]] Result<> settle(WallTime time);

    /// Takes note of loss or tampering that only a checkpoint shows. The next segment tells of it: as a breach of the
    /// newest damage that is not reported yet, or as one of no file.
    void add_breach(const std::string& reason);

    /// The operation with this id, with what later lines add to it; nothing if there is none. Reads the ledger, unless
    /// the id's number says that it is new.
    [[nodiscard]] Result<std::optional<Operation>> find(std::string_view operation_id) const;

    /// Reads the lines of the chain again, oldest first.
    [[nodiscard]] Result<> for_each(const LedgerVisitor& visitor) const;

    /// Whether its path leads to another directory now, or to none: what is appended would be where nobody looks.
    [[nodiscard]] bool is_displaced() const;

    [[nodiscard]] const LedgerHead& head() const { return head_; }
    /// Damage that the next append() will report.
    [[nodiscard]] const std::vector<LedgerDamage>& unreported() const { return unreported_; }

  private:
    LedgerFile(LedgerOptions options, Fd directory, Fd lock, std::string boot_id);

    Result<> load();
    Result<> prepare_segment(WallTime time);
    Result<> open_newest();
    [[nodiscard]] bool is_intact();
    Result<> create_segment(const std::string& month);
    Result<> write_genesis(WallTime time);
    Result<> report_damage(WallTime time);
    Result<LedgerReceipt> write_line(const LedgerDraft& draft);
    Result<> put(std::string_view bytes);
    void give_up_segment(const std::string& reason);

    LedgerOptions options_;
    Fd directory_;
    Fd lock_;
    std::string boot_id_;
    OperationNumbers numbers_;
    LedgerHead head_;
    std::vector<LedgerDamage> unreported_;
    std::optional<LedgerSegment> newest_;  ///< the last file in the order
    std::uint64_t newest_bytes_ = 0;       ///< its lines; the file may be longer when a write failed
    bool newest_closed_ = false;           ///< damaged or given up: never written again
    Fd segment_;                           ///< the newest file, once it was opened for writing
};

}  // namespace ess::host
