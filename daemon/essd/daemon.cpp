#include "essd/daemon.hpp"

#include <csignal>
#include <utility>

#include "base/text.hpp"
#include "core/message_id.hpp"
#include "core/paths.hpp"
#include "core/unit_name.hpp"
#include "host/journal.hpp"
#include "host/notify.hpp"

namespace ess::essd {

namespace {

namespace journal = host::journal;
using journal::Level;

/// Tasks that may wait for the disk; more wait in the recorder.
constexpr std::size_t writer_capacity = 256;
/// How long a latch can stay unseen where inotify is blind.
constexpr Micros slow_look = std::chrono::milliseconds(250);
/// The guard's files are looked at every so many slow looks: 10 s.
constexpr unsigned guard_check_ticks = 40;
/// How long a latch that is there at the start waits for the bus: with it units stop gracefully, without they are
/// killed.
constexpr Micros first_chance = std::chrono::milliseconds(300);
/// A rehearsal that is not through by then is reported as it stands: not ready, but running.
constexpr Micros rehearsal_patience = std::chrono::seconds(3);
/// A task that has kept the writer for so long hangs.
constexpr Micros writer_patience = std::chrono::seconds(5);
/// How long the entries in the queue may take at the end.
constexpr Micros farewell_patience = std::chrono::seconds(5);

}  // namespace

Daemon::Daemon(Config config, Fd control, std::optional<gid_t> group)
    : config_(std::move(config)),
      inbox_(loop_),
      writer_(writer_capacity),
      engine_(config_),
      readiness_(config_),
      recorder_(config_, writer_, inbox_,
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
                         tell(LatchSeen{true});
                     },
                 .config_hash = [this](const std::string& hash) { config_hash_ = hash; }}),
      cgroups_(
          loop_,
          [this](const std::string& unit) {
              for (const UnitRule& rule : config_.units) {
                  if (matches(rule.name, unit)) return true;
              }
              return false;
          },
          [this](const std::string& unit, bool populated) {
              tell(CgroupChanged{unit, populated});
          }),
      latch_(loop_, config_.latch.path, group.value_or(0),
             {.seen = [this] { seen(); },
              .gone = [this] { tell(LatchGone{}); },
              .repaired = [](const std::string& what) { journal::log(Level::Warning, "latch: " + what); }}),
      units_(loop_, inbox_,
             {.up = [this] { bus_is(true, ""); },
              .down = [this](const std::string& why) { bus_is(false, why); },
              .stop_queued = [this](const std::string& unit) { tell(StopQueued{unit}); },
              .stop_finished =
                  [this](const std::string& unit) {
                      // The kernel's notice that the unit is empty may still be on its way.
                      cgroups_.refresh(unit);
                      tell(StopFinished{unit});
                  },
              .stop_failed =
                  [this](const std::string& unit, const std::string& why) {
                      tell(StopFailed{unit, why});
                  }}),
      control_(loop_, std::move(control), {.operators = group}) {}

int Daemon::run() {
    start();
    const int code = loop_.run();
    const host::StoppingNotice stopping;
    readiness_.show_armed(false);
    if (!writer_.stop(monotonic_now() + farewell_patience)) {
        journal::log(Level::Error, "the disk hangs: what was queued for it is in this log only");
    }
    return code;
}

void Daemon::start() {
    started_ = monotonic_now();
    for (const int signal : {SIGTERM, SIGINT}) {
        signals_.push_back(
            loop_.add_signal(signal, host::Priority::Latch, [this, signal](const signalfd_siginfo&) { stop(signal); }));
    }
    deadline_ = loop_.add_timer(host::Priority::Deadline, [this] { tell(TimePassed{}); });
    first_chance_ = loop_.add_timer(host::Priority::Latch, [this] { first_chance_is_over(); });
    first_chance_.arm(started_ + first_chance);
    status_patience_ = loop_.add_timer(host::Priority::Client, [this] { answer_status(); });
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
    if (loop_.enable_watchdog()) journal::log(Level::Debug, "the service manager's watchdog is fed by the loop");
}

/// What no event tells of.
void Daemon::tick() {
    latch_.look();
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
    if (++ticks_ % guard_check_ticks == 0) readiness_.check_guard();
    recorder_.tick();
    show();
    slow_look_.arm(monotonic_now() + slow_look);
}

void Daemon::seen() {
    if (waiting_for_bus_) {
        seen_early_ = true;
        return;
    }
    tell(LatchSeen{});
}

void Daemon::first_chance_is_over() {
    if (!std::exchange(waiting_for_bus_, false)) return;
    if (seen_early_) tell(LatchSeen{true});
}

void Daemon::stop(int signal) {
    journal::log(Level::Notice, signal == SIGTERM ? "stopping on SIGTERM" : "stopping on SIGINT");
    loop_.exit(0);
}

// --- the engine ---------------------------------------------------------------------------------------------------

void Daemon::tell(Event event) {
    events_.push_back(std::move(event));
    if (std::exchange(telling_, true)) return;
    while (!events_.empty()) {
        const Event next = std::move(events_.front());
        events_.pop_front();
        for (const Action& action : engine_.step(next, monotonic_now())) {
            std::visit([this](const auto& a) { carry_out(a); }, action);
        }
    }
    telling_ = false;
    if (const auto at = engine_.deadline()) {
        deadline_.arm(*at);
    } else {
        deadline_.set_enabled(false);
    }
    show();
}

void Daemon::carry_out(const KillUnit& action) {
    if (const auto killed = cgroups_.kill(action.unit); !killed) tell(KillFailed{action.unit, killed.error().text});
}

void Daemon::carry_out(const StopUnit& action) {
    units_.stop(action.unit);
}

host::UnitControl::Done Daemon::answer_to(std::uint64_t serial) {
    return [this, serial](const Result<>& result) {
        tell(BusAnswered{serial, result ? std::string() : result.error().text});
    };
}

void Daemon::carry_out(const MaskUnits& action) {
    units_.mask(action.units, answer_to(action.serial));
}

void Daemon::carry_out(const UnmaskUnits& action) {
    units_.unmask(action.units, answer_to(action.serial));
}

void Daemon::carry_out(const Reload& action) {
    units_.reload(answer_to(action.serial));
}

void Daemon::carry_out(const ReadStates& action) {
    units_.read_states(action.units, [this, serial = action.serial](const Result<UnitStates>& states) {
        StatesRead read{serial, states ? std::string() : states.error().text, {}};
        if (states) {
            unit_states_ = *states;
            for (const auto& [unit, state] : *states)
                read.load_states[unit] = state.load;
        }
        readiness_.check_guard();
        tell(std::move(read));
    });
}

void Daemon::carry_out(const PersistLatch&) {
    recorder_.latch_seen(wall_now(), engine_.report().resumed);
}

void Daemon::carry_out(const RestoreLatch&) {
    if (latch_.present()) return;
    const bool resumed = !engine_.settled() && engine_.report().resumed;
    LatchContent content{latch_info_.reason, latch_info_.requested_by, "essd"};
    if (content.reason.empty()) content.reason = resumed ? "restored from the copy on disk" : "put back by essd";
    if (const auto made = latch_.create(latch_content_text(content)); !made) {
        readiness_.raise("latch-file", Fault::Severity::Error, "the latch cannot be put back: " + made.error().text);
        return journal::log(Level::Critical, "the latch cannot be put back: " + made.error().text);
    }
    readiness_.clear("latch-file");
    if (resumed) return;
    journal::event(message_id::latch_relatched, Level::Critical,
                   "the latch file was removed without a reset; it is back. Use 'essctl reset --reason TEXT'");
    recorder_.happened(LedgerKind::Refusal, "Latch put back",
                       "The latch file " + config_.latch.path + " was removed without a reset; essd put it back.", {});
}

void Daemon::carry_out(const ClearLatch&) {
    if (const auto removed = latch_.remove(); !removed) return tell(LatchCleared{removed.error().text});
    recorder_.clear_latch([this](const std::string& error) { tell(LatchCleared{error}); });
}

void Daemon::carry_out(const TripBegun& action) {
    journal::event(message_id::trip_begun, Level::Critical,
                   std::string("EMERGENCY STOP: stopping ") + std::to_string(engine_.report().units.size()) + " units" +
                       (action.resumed ? " (the latch was set when essd came up)" : ""));
}

void Daemon::carry_out(const TripSettled& action) {
    const TripReport& report = action.report;
    const std::string time = report.stop_time ? "last process gone after " + to_ms_text(*report.stop_time) + " ms"
                                              : "NOT ALL PROCESSES ARE GONE";
    if (report.outcome == Outcome::Success) {
        journal::event(message_id::trip_complete, Level::Critical, "stopped: all units empty and masked, " + time);
    } else {
        journal::event(message_id::trip_partial, Level::Critical,
                       "PARTIAL stop, " + time + "; " + join(report.problems, "; "));
    }
    recorder_.trip_settled(report);
    units_.start_other(paths::tripped_target, [](const Result<>& started) {
        if (!started) journal::log(Level::Error, "hooks were not started: " + started.error().text);
    });
}

void Daemon::carry_out(const UnitCameBack& action) {
    journal::event(message_id::unit_came_back, Level::Critical,
                   action.unit + " has a process again; stopping it again (" + std::to_string(action.count) + ")",
                   {{"UNIT", action.unit}});
    // Each power of two: a unit that something keeps starting must not fill the ledger.
    if ((action.count & (action.count - 1)) != 0) return;
    recorder_.happened(LedgerKind::Refusal, "Unit stopped again",
                       action.unit + " had a process again while tripped, " + std::to_string(action.count) +
                           " times by now; it was stopped again.",
                       {});
}

void Daemon::carry_out(const ResetDone& action) {
    journal::event(message_id::reset_done, Level::Critical,
                   "reset: the latch is released, nothing was started" +
                       (action.problems.empty() ? "" : "; " + join(action.problems, "; ")));
    if (!reset_) reset_.emplace(PendingReset{{}, "the latch file was removed (file_removal: reset)", {}});
    recorder_.reset_done(reset_->who, reset_->reason, action.problems, unit_states_,
                         [this](const std::string& id) { answer_reset(id); });
    units_.stop_other(paths::tripped_target, [](const Result<>& stopped) {
        if (!stopped) journal::log(Level::Warning, "quantum-ess-tripped.target: " + stopped.error().text);
    });
}

void Daemon::carry_out(const ResetRefused& action) {
    journal::event(message_id::reset_refused, Level::Warning, "reset refused: " + action.why);
    recorder_.happened(LedgerKind::Refusal, "Reset refused", action.why, reset_ ? reset_->who : Requester{});
    if (!reset_) return;
    using Kind = ResetRefused::Kind;
    const char* const name = action.kind == Kind::NotTripped ? "NotTripped"
                             : action.kind == Kind::Busy     ? "Busy"
                                                             : "Refused";
    VarlinkError error{std::string("io.quantum.EmergencyStop.") + name, Json::object()};
    if (action.kind != Kind::NotTripped) error.parameters["reason"] = action.why;
    if (reset_->reply) reset_->reply->error(error);
    reset_.reset();
}

// --- what is shown ------------------------------------------------------------------------------------------------

void Daemon::bus_is(bool up, const std::string& why) {
    if (up) {
        readiness_.clear("bus-down");
        read_unit_states();
    } else {
        readiness_.raise("bus-down", Fault::Severity::Error, "the system bus is out of reach: " + why);
        journal::event(message_id::bus_lost, Level::Error, "the system bus is out of reach: " + why);
    }
    tell(BusChanged{up});
    first_chance_is_over();
}

void Daemon::ledger_is(const LedgerNews& news) {
    ledger_ = news;
    ledger_known_ = true;
    if (news.writable && news.waiting == 0) {
        readiness_.clear("ledger");
    } else {
        readiness_.raise("ledger", Fault::Severity::Error,
                         "the ledger cannot be written: " + news.trouble + "; " + std::to_string(news.waiting) +
                             " entries wait in memory and are in the journal");
    }
    show();
}

void Daemon::read_unit_states() {
    units_.read_states(unit_names(), [this](const Result<UnitStates>& states) {
        if (states) {
            unit_states_ = *states;
            if (engine_.phase() == StopEngine::Phase::Armed) readiness_.check_units(*states);
        }
        answer_status();
        show();
    });
}

std::vector<std::string> Daemon::unit_names() const {
    std::vector<std::string> names;
    for (const UnitTimeline& unit : engine_.report().units)
        names.push_back(unit.name);
    return names;
}

State Daemon::state() const {
    if (engine_.phase() == StopEngine::Phase::Armed) return readiness_.has_error() ? State::NotReady : State::Armed;
    return engine_.settled() ? State::Tripped : State::Tripping;
}

/// Brings the armed file, the log and `systemctl status` to what is true now.
void Daemon::show() {
    if (!ready_sent_) rehearsed();
    if (!ready_sent_) return;
    const State now = state();
    if (readiness_.show_armed(now == State::Armed)) {
        if (now == State::Armed) {
            journal::event(message_id::armed, Level::Notice,
                           "armed: " + std::to_string(engine_.report().units.size()) + " units");
        } else if (now == State::NotReady) {
            for (const Fault& fault : readiness_.faults()) {
                journal::event(message_id::not_ready, Level::Error, "not ready: " + fault.text,
                               {{"ESS_FAULT", fault.code}});
            }
        }
    }
    const std::string line = to_text(now) + ", " + std::to_string(config_.units.size()) + " rules";
    if (std::exchange(shown_, line) != line) host::notify_status(line);
}

/// READY=1 when everything has answered, or has had its time: a daemon with a fault is better than none.
void Daemon::rehearsed() {
    const bool answered = ledger_known_ && units_.connected() && !unit_states_.empty();
    if (!answered && monotonic_now() - started_ < rehearsal_patience) return;
    readiness_.clear("starting");
    ready_sent_ = true;
    if (readiness_.has_error() && engine_.phase() == StopEngine::Phase::Armed) {
        for (const Fault& fault : readiness_.faults()) {
            journal::event(message_id::not_ready, Level::Error, "not ready: " + fault.text,
                           {{"ESS_FAULT", fault.code}});
        }
    }
    // Whoever was told that essd is up must find the armed file there.
    show();
    host::notify_ready();
}

Status Daemon::status() const {
    Status status;
    status.state = state();
    status.faults = readiness_.faults();
    status.latch = latch_info_;
    status.latch.present = latch_.present();
    status.trip = engine_.report();
    status.unit_states = unit_states_;
    for (const UnitTimeline& unit : status.trip.units) {
        for (const std::string& rule : readiness_.guarded_rules()) {
            if (matches(rule, unit.name)) status.guarded.push_back(unit.name);
        }
    }
    status.last_operation = ledger_.last_operation;
    status.config_hash = config_hash_;
    status.ledger_entries = ledger_.entries;
    status.ledger_head = ledger_.head;
    status.ledger_writable = ledger_.writable;
    status.kill_method = "cgroup.kill";
    status.version = version();
    return status;
}

}  // namespace ess::essd
