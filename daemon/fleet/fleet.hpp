#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "core/fleet_keys.hpp"
#include "core/fleet_report.hpp"
#include "core/fleet_watch.hpp"
#include "fleet/essd_link.hpp"
#include "fleet/etcd_watches.hpp"
#include "fleet/local_latch.hpp"
#include "host/etcd_call.hpp"
#include "host/etcdctl.hpp"
#include "host/event_loop.hpp"
#include "host/loop_inbox.hpp"
#include "host/notify.hpp"
#include "host/writer_thread.hpp"

namespace ess::fleet {

/// The host's place in its fleet: carries out the fleet's orders by the local latch, and tells the fleet where the host
/// stands. Runs beside essd, which does without it.
///
/// What etcd is asked, one question after the other, most urgent first:
/// - a look at all orders, every third of loss_timeout (1 to 10 s): the second eye beside the watches, and the contact;
/// - the lease, as often: it lives as long as loss_timeout;
/// - what the host says of itself, when that has changed, and every minute.
class Fleet {
  public:
    /// `handled`: see HandledOrders; `joins`: there was no such file.
    Fleet(Config config, std::string host, HandledOrders handled, bool joins);

    /// Runs until SIGTERM or SIGINT. The caller ends the process by _exit: a thread that waits for a disk cannot be
    /// joined.
    int run();

  private:
    // Orders and loss.
    void look();
    void looked(const Result<std::string>& output);
    void carry_out(const FleetActions& actions);
    void carry_out(const CarryOutTrip& action);
    void carry_out(const LossBegan& action);
    void carry_out(const LossEnded& action);
    void carry_out(const AskReset& action);
    void carry_out(const KeepHandled& action);
    void check_contact();
    void record_order_while_tripped(const FleetTrip& trip);
    void reset_answered(const AskReset& asked, const host::ClientResult<Json>& answer);
    void keep_handled();

    // What etcd is asked.
    void ask_next();
    [[nodiscard]] Micros ask_interval() const;
    void keep_lease();
    void leased(const Result<std::string>& output);
    void publish(const std::string& key, const std::string& lease);
    void recall(const Result<std::string>& output);
    void etcd_failed(const std::string& why);

    // What is told.
    void status_is(const Json& status);
    void essd_is_gone(const std::string& why);
    void fetch_checkpoint();
    void report_changed();
    void tell_essd();
    void tell_systemd();
    void ready();

    Config config_;
    FleetKeys keys_;
    host::Etcdctl etcd_;
    host::EventLoop loop_;
    host::LoopInbox inbox_;
    host::WriterThread writer_;
    std::optional<host::Notify> notify_;  ///< while run() runs
    FleetWatch watch_;
    LocalLatch latch_;
    host::EtcdCall call_;
    EtcdWatches watches_;
    EssdLink essd_;

    std::vector<host::Source> signals_;
    host::Source ask_timer_;
    host::Source loss_timer_;
    host::Source tick_timer_;

    bool joins_;
    bool handled_due_ = false;  ///< to be kept on the disk
    bool recalled_ = false;     ///< what this host said before it was restarted
    bool ready_sent_ = false;
    std::string trouble_;  ///< why etcd did not answer; empty: it did
    std::optional<WallTime> contact_;
    Instant look_due_{};
    Instant lease_due_{};
    std::string lease_;        ///< empty: none
    bool report_due_ = false;  ///< the report has changed
    Instant report_next_{};    ///< not before
    bool known_due_ = false;   ///< and its copy that is kept
    Instant repeat_due_{};     ///< when it is put again though nothing has changed
    HostReport report_;
    std::uint64_t checkpoint_entries_ = 0;
    std::string told_;    ///< what essd was told last
    Instant tell_due_{};  ///< when it is told again though nothing has changed
    std::string shown_;   ///< the last line for systemd
};

}  // namespace ess::fleet
