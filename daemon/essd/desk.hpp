#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "core/entries.hpp"
#include "core/report.hpp"
#include "essd/recorder.hpp"
#include "host/config_hash_files.hpp"
#include "host/signed_ledger.hpp"

namespace ess::essd {

/// The recorder's state on the writer thread. Nothing here is touched by another thread; news goes out by `post`.
class Recorder::Desk {
  public:
    using Post = std::function<void(std::function<void()>)>;

    Desk(Config config, const Spokesmen& spokesmen, const host::ConfigWatch& watch, Callbacks given, Post post);

    void open();
    void latch_seen(WallTime when, const TripReport& begun);
    void trip_settled(TripReport report);
    void clear_latch(const Cleared& done);
    void reset_done(const ResetOrder& order, const std::vector<std::string>& problems, const UnitStates& states,
                    const Recorded& done);
    void happened(LedgerKind kind, const EventText& event, const Requester& who, const Recorded& done);
    void retry();
    /// Whether the ledger is still where it was opened.
    void look_at_ledger();
    void identify(const Requester& who, const std::function<void(const std::string&)>& done);
    void append_order(const AppendOrder& order, const std::function<void(const AppendAnswer&)>& done);
    void rotate_key(const Requester& who, const std::function<void(const std::string&, const std::string&)>& done);
    void look_at_configuration();
    void farewell();
    /// What people read: the reports of trips, OPS_CHANGELOG.md. `done` gets how long that took.
    void write_readings(const std::function<void(Micros)>& done);

    /// For the loop: entries that wait to be written.
    Callbacks callbacks;

  private:
    void open_ledger();
    [[nodiscard]] bool has_ledger();
    void keep_last_good();
    void note(const LedgerLine& line);
    void note_report(const LedgerLine& line, LedgerKind kind, const Json& ess);
    void find_missing_reports(std::set<std::string> due_before);
    void forget_lost(const std::vector<Report>& found);
    void write_reports();
    void write_changelog();
    void write_failed(const std::string& why);
    void recognise_entry();
    void read_content();
    void note_configuration(const LedgerLine& line);
    void mark_running();
    [[nodiscard]] AppendAnswer carry_out(const AppendOrder& order);
    void tell_entry(const host::LedgerDraft& draft, const host::LedgerReceipt& receipt) const;
    void record_configuration(bool while_down);
    [[nodiscard]] bool is_expected(bool while_down) const;
    void tell_ledger();
    void tell_latch();
    void write_copy();
    void trip_recorded(const std::string& operation_id);
    void refresh_stamp();
    [[nodiscard]] std::string write_proof(const Json& timeline, Json& entry) const;
    /// The operation_id, or empty if the entry has to wait.
    std::string append(LedgerKind kind, Json entry, Json timeline, WallTime now);
    void keep_waiting(host::LedgerDraft draft);
    void write_waiting();
    void find_waiting();
    bool append_waiting();
    [[nodiscard]] Result<> check_signoff(const host::LedgerDraft& draft) const;

    Config config_;
    Spokesmen spokesmen_;
    const host::ConfigWatch& watch_;
    Post post_;
    std::unique_ptr<host::SignedLedger> ledger_;
    std::deque<host::LedgerDraft> waiting_;
    std::string trouble_;
    std::optional<OperationSummary> last_operation_;
    std::optional<DrillSummary> last_drill_;
    std::optional<WallTime> began_;  ///< the ledger's first entry
    std::vector<std::string> ran_before_;
    LedgerFigures figures_;
    bool newest_is_trip_ = false;   ///< no reset came after it
    std::string newest_trip_seen_;  ///< latch_seen of the newest trip in the ledger
    EntryStamp stamp_;
    std::string known_hash_;  ///< the configuration's, as the ledger knows it
    /// A change of the configuration outside of the maintenance windows, until it is undone or signed off.
    struct UnexpectedChange {
        std::string operation_id;
        std::string from;
        std::string to;
    };
    std::optional<UnexpectedChange> unexpected_change_;
    std::string watch_trouble_;
    std::string changelog_trouble_;
    std::vector<std::string> trip_entries_;  ///< ids of the newest trip's entries: it may have been completed
    std::set<std::string> reports_due_;      ///< ids
    std::string reports_trouble_;
    std::optional<LatchCopy> copy_;
    bool persisted_ = false;
    bool copy_missing_ = false;  ///< the copy on the disk is not what it should be
    std::string trip_id_;        ///< of the trip that is in force or was released last
};

}  // namespace ess::essd
