#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "core/config.hpp"
#include "core/metrics.hpp"
#include "core/reset_approval.hpp"
#include "core/start_sequence.hpp"
#include "core/status.hpp"
#include "core/stop_engine.hpp"
#include "core/token_bucket.hpp"
#include "core/unit_relations.hpp"
#include "core/unit_state.hpp"
#include "essd/access.hpp"
#include "essd/drill.hpp"
#include "essd/fleet_link.hpp"
#include "essd/ledger_reader.hpp"
#include "essd/metrics_file.hpp"
#include "essd/readiness.hpp"
#include "essd/recorder.hpp"
#include "essd/self_check.hpp"
#include "essd/trip_followers.hpp"
#include "essd/unit_actions.hpp"
#include "essd/watchers.hpp"
#include "host/cgroup_tree.hpp"
#include "host/config_watch.hpp"
#include "host/control_socket.hpp"
#include "host/event_loop.hpp"
#include "host/latch_watch.hpp"
#include "host/loop_inbox.hpp"
#include "host/notify.hpp"
#include "host/unit_control.hpp"
#include "host/writer_thread.hpp"

namespace ess::essd {

/// The daemon: owns everything, turns what the sources say into events for the engine, and carries out its actions.
class Daemon {
  public:
    /// `control`: the listening socket.
    Daemon(Config config, Fd control, const Access& access);

    /// Runs until SIGTERM or SIGINT. Returns the exit code. The caller ends the process by _exit: threads that wait for
    /// a hanging bus or disk cannot be joined.
    int run();

  private:
    void start();
    void tick();
    void seen();
    void first_chance_is_over();
    void finish_release();
    void stop(int signal);

    // Events: one at a time, whatever happens while the actions of the one before are carried out.
    void tell(Event event);
    void carry_out(const KillUnit& action);
    void carry_out(const StopUnit& action);
    void carry_out(const MaskUnits& action);
    void carry_out(const UnmaskUnits& action);
    void carry_out(const Reload& action);
    void carry_out(const ReadStates& action);
    void carry_out(const PersistLatch& action);
    void carry_out(const RestoreLatch& action);
    void carry_out(const ClearLatch& action);
    void carry_out(const TripBegun& action);
    void carry_out(const TripSettled& action);
    void carry_out(const UnitCameBack& action);
    void carry_out(const ResetDone& action);
    void carry_out(const ResetRefused& action);
    void tell_of(const std::string& unit, Event event);

    // What is shown.
    void bus_is(bool up, const std::string& why);
    void ledger_is(const LedgerNews& news);
    void show_warning(const std::string& code, const std::string& text);
    void read_unit_states();
    void look_for_watchers();
    void keep_memory_small();
    struct RelationsReading;
    void read_relations(const std::function<void()>& done);
    void read_more_relations(const std::shared_ptr<RelationsReading>& reading);
    void keep_relations(const std::string& unit, UnitRelations read, const std::vector<std::string>& allowed);
    void was_loaded(const std::string& unit);
    void note_pulled_down(const std::string& unit);
    void check_drill();
    void show();
    void rehearsed();
    [[nodiscard]] State state() const;
    [[nodiscard]] Status status() const;
    [[nodiscard]] std::vector<std::string> unit_names() const;
    [[nodiscard]] bool is_allowed(const std::string& unit) const;

    // The control socket's methods.
    void serve();
    void on_status(const host::ControlRequest& request, host::CallReply reply);
    void on_watch(const host::ControlRequest& request, host::CallReply reply);
    void on_check(const host::ControlRequest& request, host::CallReply reply);
    void on_trip(const host::ControlRequest& request, host::CallReply reply);
    void on_reset(const host::ControlRequest& request, host::CallReply reply);
    void on_start(const host::ControlRequest& request, host::CallReply reply);
    void on_drill(const host::ControlRequest& request, host::CallReply reply);
    void answer_status();
    [[nodiscard]] bool may_ask_for_states() const;
    void answer_reset(const std::string& operation_id);
    void on_ledger_head(const host::ControlRequest& request, host::CallReply reply);
    void on_ledger_read(const host::ControlRequest& request, host::CallReply reply);
    void on_append(const host::ControlRequest& request, host::CallReply reply);
    void on_fleet_report(const host::ControlRequest& request, host::CallReply reply);
    void look_at_fleet();
    void on_rotate_key(const host::ControlRequest& request, host::CallReply reply);
    void refuse(host::CallReply& reply, const std::string& what, const std::string& why, const Requester& who);
    void record_refusal(const std::string& what, const std::string& why, const Requester& who);

    /// Replies that wait for the writer thread stay here, on the loop's; what travels is their number.
    [[nodiscard]] std::uint64_t keep(host::CallReply reply);
    [[nodiscard]] host::CallReply take(std::uint64_t number);

    // The metrics.
    [[nodiscard]] MetricsSnapshot figures() const;
    void on_metrics(const host::ControlRequest& request, host::CallReply reply);
    void keep_metrics_file();
    void ask_for_figures();
    void show_figures();

    // The second person of a reset.
    void ask_second_person(const ResetOrder& order, host::CallReply reply);
    void on_approve(const host::ControlRequest& request, host::CallReply reply);
    void approve(const std::string& operation_id, const std::string& name, const Requester& who, host::CallReply reply);
    void approval_expired();

    // The controlled start.
    void step_start(const StartSequence::Step& step);
    void tell_started_units();
    void start_failed(const std::string& why);
    void end_start(Outcome outcome, const std::string& why);
    [[nodiscard]] std::vector<std::string> startable_units() const;

    struct PendingStart {
        Requester who;
        bool wants_more = false;
        StartSequence sequence;
        host::CallReply reply;
        std::size_t told = 0;  ///< units that the caller was told of
    };
    struct PendingReset {
        ResetOrder order;
        std::optional<host::CallReply> reply;
    };

    Config config_;
    host::EventLoop loop_;
    host::LoopInbox inbox_;
    host::WriterThread writer_;
    std::optional<host::Notify> notify_;  ///< while run() runs
    StopEngine engine_;
    Readiness readiness_;
    host::ConfigWatch config_watch_;
    Spokesmen spokesmen_;
    Recorder recorder_;
    MetricsFile metrics_file_;
    host::CgroupTree cgroups_;
    host::LatchWatch latch_;
    host::UnitControl units_;
    UnitActions unit_actions_;
    Drill drill_;
    SelfCheck self_check_;
    host::ControlSocket control_;
    Watchers watchers_;
    TripFollowers trip_followers_;
    LedgerReader ledger_reader_;
    FleetLink fleet_;

    std::vector<host::Source> signals_;
    host::Source deadline_;
    host::Source slow_look_;
    host::Source first_chance_;
    host::Source status_patience_;
    host::Source figures_patience_;
    host::Source start_timer_;
    host::Source poll_timer_;
    host::Source relations_timer_;
    host::Source approval_timer_;

    std::deque<Event> events_;
    bool telling_ = false;
    bool waiting_for_bus_ = true;        ///< the first moments, in which a latch that is there waits for the bus
    std::optional<Instant> seen_early_;  ///< when it was seen in those
    bool release_found_ = false;         ///< a reset that an essd before this one has not finished
    bool ready_sent_ = false;
    bool ledger_known_ = false;
    bool unit_states_known_ = false;
    bool relations_known_ = false;
    Instant started_{};
    WallTime started_at_{};
    unsigned ticks_ = 0;
    std::size_t settled_memory_ = 0;  ///< resident when memory was given back last

    LatchInfo latch_info_;
    LedgerNews ledger_;
    std::string config_hash_;
    UnitStates unit_states_;
    std::map<std::string, UnitRelations> relations_;  ///< of the units that have any
    std::set<std::string> other_units_;  ///< beside the allow-list, that were loaded and may hang together with it
    bool relations_due_ = false;
    std::set<std::string> pulled_down_;  ///< units beside the allow-list that systemd stopped in this trip
    std::string shown_;                  ///< the last status line
    std::vector<host::CallReply> status_waiters_;
    std::string status_reply_;  ///< as it goes on the wire; empty when something may have changed
    Instant status_asked_{};    ///< when systemd was last asked for one
    std::vector<host::CallReply> figures_waiters_;
    bool asking_for_figures_ = false;
    bool figures_for_file_ = false;  ///< the metrics' file waits for them as well
    Counters counters_;
    std::map<std::uint64_t, host::CallReply> kept_replies_;
    std::uint64_t last_reply_ = 0;
    std::optional<PendingReset> reset_;
    std::optional<PendingStart> start_;
    ResetApproval approval_;
    ResetOrder approval_order_;  ///< what waits in approval_
    WallTime approval_expires_{};
    bool asking_approval_ = false;  ///< its entry is being written
    TokenBucket refusals_;          ///< entries of refusals, which outsiders can cause
    std::size_t refusals_left_out_ = 0;
};

}  // namespace ess::essd
