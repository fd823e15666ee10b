#include "essd/daemon.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/text.hpp"
#include "core/message_id.hpp"
#include "core/paths.hpp"
#include "core/unit_name.hpp"
#include "host/journal.hpp"
#include "host/memory.hpp"

namespace ess::essd {

namespace {

namespace journal = host::journal;
using journal::Level;

/// Tasks that may wait for the disk; more wait in the recorder.
constexpr std::size_t writer_capacity = 256;
/// How long a latch can stay unseen where inotify is blind.
constexpr Micros slow_look = std::chrono::milliseconds(250);
/// How often the units are looked at while they stop, where the kernel does not tell (cgroup v1).
constexpr Micros poll_interval = std::chrono::milliseconds(5);
/// The guard's files are looked at every so many slow looks: 10 s.
constexpr unsigned guard_check_ticks = 40;
/// How long a latch that is there at the start waits for the bus: with it units stop gracefully, without they are
/// killed.
constexpr Micros first_chance = std::chrono::milliseconds(300);
/// A task that has kept the writer for so long hangs.
constexpr Micros writer_patience = std::chrono::seconds(5);
/// Whoever asks for what is refused must not fill the ledger with it.
constexpr std::size_t refusals_at_once = 30;
constexpr Micros refusal_interval = std::chrono::minutes(1);
/// How often the configuration is looked at where inotify is blind: every so many slow looks, 60 s.
constexpr unsigned configuration_ticks = 240;
/// How often systemd is asked how the units are while somebody watches: every so many slow looks, 2 s.
constexpr unsigned watched_ticks = 8;
/// What a burst used of memory (a start, a status of a thousand units) is given back every so many slow looks, 10 s,
/// where it is worth it: with each time a few hundred pages are taken anew by the next burst.
constexpr unsigned memory_ticks = 40;
constexpr std::size_t memory_worth_giving = std::size_t{256} * 1024;
/// How long the entries in the queue may take at the end.
constexpr Micros farewell_patience = std::chrono::seconds(5);
/// And the last words of the metrics: nobody misses them.
constexpr Micros metrics_patience = std::chrono::seconds(1);

}  // namespace

Daemon::Daemon(Config config, Fd control, const Access& access)
    : config_(std::move(config)),
      inbox_(loop_),
      writer_(writer_capacity),
      engine_(config_),
      readiness_(config_),
      config_watch_(loop_, [this] { recorder_.look_at_configuration(); }),
      spokesmen_{access.fleet},
      recorder_(config_, spokesmen_, writer_, inbox_, config_watch_,
                {.ledger = [this](const LedgerNews& news) { ledger_is(news); },
                 .latch =
                     [this](const LatchInfo& info) {
                         latch_info_ = info;
                         show();
                     },
                 .latch_copy_found =
                     [this] {
                         journal::event(message_id::latch_restored, Level::Critical,
                                        "the host was tripped before: the latch's copy is on the disk");
                         // As with the file: a unit that still runs has its grace only if the bus is there.
                         if (waiting_for_bus_) {
                             seen_early_ = seen_early_.value_or(monotonic_now());
                         } else {
                             tell(LatchSeen{true});
                         }
                     },
                 .release_found =
                     [this] {
                         release_found_ = true;
                         finish_release();
                     },
                 .config_hash =
                     [this](const std::string& hash) {
                         config_hash_ = hash;
                         show();
                     }}),
      metrics_file_(config_.metrics.textfile, inbox_),
      cgroups_(
          loop_, [this](const std::string& unit) { return unit == paths::canary_unit || is_allowed(unit); },
          [this](const std::string& unit, bool populated) {
              if (unit == paths::canary_unit) return drill_.canary_is(populated);
              tell(CgroupChanged{unit, populated});
              if (start_ && !populated) step_start(start_->sequence.emptied(unit));
          }),
      latch_(loop_, config_.latch.path, access.latch_group.value_or(0),
             {.seen = [this] { seen(); },
              .gone = [this] { tell(LatchGone{}); },
              .repaired = [](const std::string& what) { journal::log(Level::Warning, "latch: " + what); }}),
      units_(loop_, inbox_,
             {.up = [this] { bus_is(true, ""); },
              .down = [this](const std::string& why) { bus_is(false, why); },
              .stop_queued = [this](const std::string& unit) { tell_of(unit, StopQueued{unit}); },
              .stop_finished =
                  [this](const std::string& unit) {
                      // The kernel's notice that the unit is empty may still be on its way.
                      cgroups_.refresh(unit);
                      tell_of(unit, StopFinished{unit});
                  },
              .stop_failed =
                  [this](const std::string& unit, const std::string& why) {
                      tell_of(unit, StopFailed{unit, why});
                  },
              .job_removed =
                  [this](const std::string& unit) {
                      if (engine_.phase() != StopEngine::Phase::Armed) note_pulled_down(unit);
                  },
              .loaded = [this](const std::string& unit) { was_loaded(unit); },
              .reloaded =
                  [this] {
                      readiness_.check_guard();
                      read_unit_states();
                      read_relations([] {});
                  }}),
      unit_actions_(cgroups_, units_, [this](Event event) { tell(std::move(event)); }),
      drill_(config_, loop_, inbox_, cgroups_, units_, access.latch_group.value_or(0),
             [this](const EventText& event, const Requester& who, Recorder::Recorded done) {
                 recorder_.happened(LedgerKind::Drill, event, who, std::move(done));
             }),
      self_check_(config_, loop_, inbox_, units_, [this] { return readiness_.faults(); }),
      control_(loop_, std::move(control), {emergency_stop_interface()},
               {.operators = access.operators,
                .everyone_reads = config_.control.read == ControlRead::Everyone,
                .denied =
                    [this](const std::string& method, const host::Peer& peer) {
                        record_refusal("Request refused", method + " was asked for without the privilege that it needs",
                                       {peer.uid, {}});
                    }}),
      watchers_(loop_, [this] { return to_json_text(status()); }),
      trip_followers_(loop_, engine_),
      ledger_reader_(inbox_),
      fleet_(config_.fleet, monotonic_now()),
      refusals_(refusals_at_once, refusal_interval) {
    if (access.problems.empty()) return;
    const std::string problem = "who may trip and reset: " + join(access.problems, "; ") + ". See control in ess.yaml";
    readiness_.raise("control-access", Fault::Severity::Warning, problem);
    journal::log(Level::Warning, problem);
}

int Daemon::run() {
    notify_.emplace();
    start();
    const int code = loop_.run();
    notify_.reset();
    readiness_.show_armed(false);
    recorder_.farewell();
    if (!writer_.stop(monotonic_now() + farewell_patience)) {
        journal::log(Level::Error, "the disk hangs: what was queued for it is in this log only");
    }
    if (!metrics_file_.farewell(wall_now(), monotonic_now() + metrics_patience)) {
        journal::log(Level::Warning, "the metrics in " + config_.metrics.textfile + " do not say that essd has ended");
    }
    return code;
}

void Daemon::start() {
    started_ = monotonic_now();
    started_at_ = wall_now();
    for (const int signal : {SIGTERM, SIGINT}) {
        signals_.push_back(
            loop_.add_signal(signal, host::Priority::Latch, [this, signal](const signalfd_siginfo&) { stop(signal); }));
    }
    deadline_ = loop_.add_timer(host::Priority::Deadline, [this] { tell(TimePassed{}); });
    first_chance_ = loop_.add_timer(host::Priority::Latch, [this] { first_chance_is_over(); });
    first_chance_.arm(started_ + first_chance);
    status_patience_ = loop_.add_timer(host::Priority::Client, [this] { answer_status(); });
    figures_patience_ = loop_.add_timer(host::Priority::Client, [this] { show_figures(); });
    poll_timer_ = loop_.add_timer(host::Priority::Cgroup, [this] {
        cgroups_.poll();
        if (engine_.phase() == StopEngine::Phase::Stopping) poll_timer_.arm(monotonic_now() + poll_interval);
    });
    start_timer_ = loop_.add_timer(host::Priority::Client, [this] {
        if (start_) step_start(start_->sequence.time_passed(monotonic_now()));
    });
    relations_timer_ = loop_.add_timer(host::Priority::Client, [this] {
        relations_due_ = false;
        read_relations([] {});
    });
    approval_timer_ = loop_.add_timer(host::Priority::Client, [this] { approval_expired(); });
    slow_look_ = loop_.add_timer(host::Priority::Latch, [this] { tick(); });
    slow_look_.arm(started_ + slow_look);

    const auto root = host::CgroupTree::find_root();
    const auto watched = root ? cgroups_.start(*root) : Result<>(tl::unexpected<Error>(root.error()));
    if (!watched) readiness_.raise("cgroups", Fault::Severity::Error, watched.error().text);
    readiness_.raise("bus-down", Fault::Severity::Error, "not connected to the system bus yet");
    readiness_.raise("ledger", Fault::Severity::Error, "the ledger has not been read yet");
    readiness_.check_guard();
    units_.connect();
    recorder_.open();
    if (const auto latch = latch_.start(); !latch) {
        readiness_.raise("latch", Fault::Severity::Error, latch.error().text);
    }
    serve();
}

/// What no event tells of.
void Daemon::tick() {
    latch_.look();
    cgroups_.poll();
    if (!cgroups_.trouble().empty()) {
        readiness_.raise("cgroup-watches", Fault::Severity::Error, cgroups_.trouble());
    }
    notify_->feed_watchdog(monotonic_now());
    if (latch_.watching()) {
        readiness_.clear("latch");
    } else {
        readiness_.raise("latch", Fault::Severity::Error, "the directory of " + config_.latch.path + " is not watched");
    }
    const auto stuck = writer_.stuck_since();
    if (stuck && monotonic_now() - *stuck > writer_patience) {
        readiness_.raise(
            "disk", Fault::Severity::Error,
            "the disk has not answered for more than " + to_text(writer_patience) + "; entries wait in memory");
    } else {
        readiness_.clear("disk");
    }
    if (++ticks_ % guard_check_ticks == 0) {
        readiness_.check_guard();
        check_drill();
        look_at_fleet();
    }
    if (ticks_ % configuration_ticks == 0) recorder_.look_at_configuration();
    if (ticks_ % watched_ticks == 0) look_for_watchers();
    if (ticks_ % memory_ticks == 0) keep_memory_small();
    recorder_.tick();
    ledger_reader_.tick();
    keep_metrics_file();
    show();
    slow_look_.arm(monotonic_now() + slow_look);
}

/// A stop, and what may follow it at once, has the memory that it needs.
void Daemon::keep_memory_small() {
    if (engine_.phase() != StopEngine::Phase::Armed || start_ || drill_.is_running()) return;
    if (host::resident_memory() < settled_memory_ + memory_worth_giving) return;
    if (const auto locked = host::give_back_memory(); !locked) journal::log(Level::Warning, locked.error().text);
    settled_memory_ = host::resident_memory();
}

void Daemon::seen() {
    if (waiting_for_bus_) {
        seen_early_ = seen_early_.value_or(monotonic_now());
        return;
    }
    tell(LatchSeen{});
}

void Daemon::first_chance_is_over() {
    if (!std::exchange(waiting_for_bus_, false)) return;
    if (seen_early_) tell(LatchSeen{true, seen_early_});
    finish_release();
}

/// As soon as the bus is there; and only if no latch is.
void Daemon::finish_release() {
    if (!release_found_ || waiting_for_bus_ || !units_.connected()) return;
    release_found_ = false;
    if (engine_.phase() != StopEngine::Phase::Armed || latch_.present() || reset_) return;
    journal::log(Level::Critical, "the latch is gone, but no reset is on record: lifting the masks that are left");
    reset_.emplace(PendingReset{{{},
                                 "found released: essd ended in the middle of a reset, or both copies of the latch "
                                 "were removed while it was down",
                                 {},
                                 {}},
                                {}});
    tell(ReleaseFound{});
}

void Daemon::stop(int signal) {
    journal::log(Level::Notice, signal == SIGTERM ? "stopping on SIGTERM" : "stopping on SIGINT");
    loop_.exit(0);
}

}  // namespace ess::essd
