#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/config.hpp"
#include "core/entries.hpp"
#include "core/latch_text.hpp"
#include "core/ledger_line.hpp"
#include "core/metrics.hpp"
#include "core/status.hpp"
#include "core/trip_report.hpp"
#include "host/config_watch.hpp"
#include "host/loop_inbox.hpp"
#include "host/writer_thread.hpp"

namespace ess::essd {

/// Who asked for something. The name of a uid is looked up on the writer thread, since NSS may ask a server.
struct Requester {
    std::optional<uid_t> uid;  ///< by the kernel's word; nothing if nobody knows
    std::string claimed;       ///< the person behind it, by the word of the program; believed from Spokesmen alone
};

/// Whose word counts on who is behind a request: root's, and that of quantum-ess-fleet, which hands on what operators
/// asked of the fleet.
struct Spokesmen {
    std::optional<uid_t> fleet;  ///< nothing where there is no fleet

    [[nodiscard]] bool include(uid_t uid) const { return uid == 0 || uid == fleet; }
};

/// A reset as it is recorded.
struct ResetOrder {
    Requester who;
    std::string reason;
    std::string approved_by;  ///< empty: nobody was asked
    std::string request_id;   ///< of the entry that asked for it, with four eyes
};

/// A line that somebody wants in the ledger (LedgerAppend).
struct AppendOrder {
    LedgerKind kind = LedgerKind::Append;
    Json entry;
    Json ess;
    Requester who;
};

/// What became of it.
struct AppendAnswer {
    std::string error;     ///< empty: it is durable, or was there already
    bool refused = false;  ///< the error is that it must not be written; otherwise that it could not
    std::string operation_id;
    std::uint64_t seq = 0;
    std::string hash;
    bool existed = false;
};

/// Where the ledger stands, as the loop was last told.
struct LedgerNews {
    bool writable = false;
    std::string trouble;  ///< why not
    std::uint64_t entries = 0;
    std::string head;
    std::size_t waiting = 0;        ///< entries that are kept because they could not be written
    std::string breach;             ///< loss or tampering that was found and is not signed off
    std::string unexpected_change;  ///< of the trading configuration, outside of the maintenance windows
    std::string reports_trouble;    ///< why a trip's report could not be written
    bool copy_missing = false;      ///< the latch's copy could not be written: a reboot would release the latch
    std::optional<OperationSummary> last_operation;
    std::optional<DrillSummary> last_drill;
    std::optional<WallTime> began;        ///< the ledger's first entry
    std::vector<std::string> ran_before;  ///< units that the last trip found running
    LedgerFigures figures;
};

/// Everything that the daemon puts on a disk: the ledger, the latch's copy, the proof of a trip, the last good
/// configuration. Each call returns at once and is carried out on the writer thread, in order; the callbacks come from
/// the loop. A failure is told and kept for later, never thrown away.
class Recorder {
  public:
    struct Callbacks {
        std::function<void(const LedgerNews&)> ledger;
        std::function<void(const LatchInfo&)> latch;
        /// The latch's copy is on the disk at start-up: the host was tripped when it, or essd, went down.
        std::function<void()> latch_copy_found;
        /// At start-up there is no copy, and the ledger ends with a trip that nobody has reset.
        std::function<void()> release_found;
        std::function<void(const std::string& hash16)> config_hash;
    };
    using Cleared = std::function<void(const std::string& error)>;
    /// `operation_id` is empty if the entry has to wait.
    using Recorded = std::function<void(const std::string& operation_id)>;

    /// `watch` outlives this.
    Recorder(const Config& config, const Spokesmen& spokesmen, host::WriterThread& writer, host::LoopInbox& inbox,
             const host::ConfigWatch& watch, Callbacks callbacks);
    ~Recorder();
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    /// Opens the ledger, looks for the latch's copy, hashes the configuration, keeps the allow-list for the generator.
    void open();
    /// Writes the latch's copy, reads who set the latch and why, and writes that too.
    void latch_seen(WallTime when, const TripReport& begun);
    void trip_settled(const TripReport& report);
    /// Removes the latch's copy.
    void clear_latch(Cleared done);
    void reset_done(const ResetOrder& order, const std::vector<std::string>& problems, const UnitStates& states,
                    Recorded done);
    void happened(LedgerKind kind, const EventText& event, const Requester& who, Recorded done = {});
    /// The name of who asked.
    void identify(const Requester& who, std::function<void(const std::string& name)> done);
    void append(const AppendOrder& order, std::function<void(const AppendAnswer&)> done);
    /// `vkey` is the new verifier key, or empty with an error.
    void rotate_key(const Requester& who, std::function<void(const std::string& vkey, const std::string& error)> done);
    /// Hashes the trading configuration again, and records a change.
    void look_at_configuration();
    /// essd ends in order.
    void farewell();
    /// Tries again what could not be written. Called now and then.
    void tick();

  private:
    class Desk;
    void submit(std::function<void(Desk&)> task);
    void write_readings();

    host::WriterThread& writer_;
    std::shared_ptr<Desk> desk_;
    std::deque<std::function<void()>> waiting_;  ///< found the writer's queue full
    std::size_t pending_ = 0;                    ///< entries that the desk keeps, as last told
    Instant next_try_{};
    Instant next_look_{};
    std::optional<std::uint64_t> read_entries_;  ///< how many the changelog was asked to show
    bool readings_due_ = false;
    Instant next_readings_{};
};

}  // namespace ess::essd
