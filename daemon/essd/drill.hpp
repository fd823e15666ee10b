#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/drill.hpp"
#include "core/stop_engine.hpp"
#include "essd/recorder.hpp"
#include "essd/unit_actions.hpp"
#include "host/beat_file.hpp"
#include "host/cgroup_tree.hpp"
#include "host/event_loop.hpp"
#include "host/latch_watch.hpp"
#include "host/loop_inbox.hpp"
#include "host/unit_control.hpp"
#include "host/varlink_connection.hpp"
#include "host/writer_thread.hpp"

namespace ess::essd {

/// The drill: rounds of a whole stop on the canary, by the code of a trip on the loop of a trip: a watch on a latch of
/// its own, an engine whose allow-list is the canary alone, the same kernel and systemd calls. Only then is what it
/// shows true of a trip. Of each round:
///
///   Tidying   | what an earlier drill left is taken back: latch, mask, a canary that runs
///   Starting  | the canary is started, and is waited for until it beats and the kernel has told of it
///   Latching  | a thread makes the latch; the watch has to see it
///   Stopping  | the engine's own phases, to the mask read back
///   Resetting | the engine's reset: the latch goes, the mask goes
///
/// Left out, on purpose: Reload, which would bring into force what an operator has changed and not reloaded yet, and
/// keeps PID 1 busy while a trip may need it (the canary's file is in /usr/lib, so that its mask holds without; the
/// guard's own work at a Reload is for `essctl check`); the disk, which no stop waits for; and the slow look at the
/// latch, which would hide an inotify that has gone blind.
///
/// A trip ends it at once; nothing here can hold one up: all of it works at the clients' priority, but for what the
/// kernel and the latch's watch say of the canary, and the times of thousands of rounds are counted by a thread.
class Drill {
  public:
    using Record = std::function<void(const EventText& event, const Requester& who, Recorder::Recorded done)>;

    /// `config` and all others outlive this.
    Drill(const Config& config, host::EventLoop& loop, host::LoopInbox& inbox, host::CgroupTree& cgroups,
          host::UnitControl& units, gid_t latch_group, Record record);
    Drill(const Drill&) = delete;
    Drill& operator=(const Drill&) = delete;
    ~Drill();

    [[nodiscard]] bool is_running() const { return run_ != nullptr; }
    void begin(const Requester& who, std::uint32_t rounds, bool wants_more, host::CallReply reply);
    /// A trip has begun: the drill is over, and is recorded as what it is.
    void give_way();

    /// What happened to the canary, or to the bus.
    void tell(const Event& event);
    void canary_is(bool populated);

  private:
    enum class Phase { Tidying, Starting, Latching, Stopping, Resetting, Between, Recording };
    struct Run;

    void begin_round();
    void look();
    void start_canary();
    void make_latch();
    void seen();
    void step(const Event& event);
    void carry_out(const Action& action);
    void settled(const TripReport& report);
    void reset_done(const ResetDone& action);
    void fail(const std::string& phase, const std::string& why);
    void end_round();
    void next();
    void finish();
    void silence_canary();
    void end_stray();
    void record(DrillReport report, const Requester& who);
    void counted(const EventText& event, const Json& result, const Requester& who, std::uint64_t number);
    void answer(const std::string& operation_id);
    void tell_round(const DrillRound& round) const;
    void wait(Phase phase, Micros patience);

    const Config& config_;
    host::EventLoop& loop_;
    host::LoopInbox& inbox_;
    host::CgroupTree& cgroups_;
    host::UnitControl& units_;
    gid_t latch_group_;
    Record record_;
    host::WriterThread thread_;  ///< makes the latches, and counts
    host::Source look_timer_;
    host::Source engine_timer_;
    bool populated_ = false;    ///< the canary's cgroup, by the kernel's word
    std::uint64_t number_ = 0;  ///< of the engine; what answers an earlier one is void
    std::unique_ptr<Run> run_;
};

}  // namespace ess::essd
