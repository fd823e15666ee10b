// What the daemon shows of itself: faults, the armed file, the status.

#include <algorithm>
#include <memory>
#include <utility>

#include "core/message_id.hpp"
#include "core/paths.hpp"
#include "core/unit_name.hpp"
#include "essd/daemon.hpp"
#include "host/call_window.hpp"
#include "host/journal.hpp"

namespace ess::essd {

namespace {

namespace journal = host::journal;
using journal::Level;

/// Units come in crowds; the relations are asked for once, behind them.
constexpr Micros relations_pause = std::chrono::seconds(1);
/// A host that makes up names for its units must not fill memory.
constexpr std::size_t other_units_limit = 8192;
/// A rehearsal that is not through by then is reported as it stands: not ready, but running.
constexpr Micros rehearsal_patience = std::chrono::seconds(3);

}  // namespace

void Daemon::bus_is(bool up, const std::string& why) {
    if (up) {
        readiness_.clear("bus-down");
        read_unit_states();
        read_relations([] {});
    } else {
        readiness_.raise("bus-down", Fault::Severity::Error, "the system bus is out of reach: " + why);
        journal::event(message_id::bus_lost, Level::Error, "the system bus is out of reach: " + why);
    }
    tell(BusChanged{up});
    drill_.tell(BusChanged{up});
    first_chance_is_over();
    if (up) finish_release();
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
    if (news.copy_missing) {
        readiness_.raise("latch-copy", Fault::Severity::Error,
                         "the latch's copy is not on the disk: a reboot would release the latch");
    } else {
        readiness_.clear("latch-copy");
    }
    // What is recorded may be wrong, the stop is not: a warning.
    show_warning("ledger-breach", news.breach);
    show_warning("config-changed", news.unexpected_change);
    show_warning("reports", news.reports_trouble);
    check_drill();
    show();
}

void Daemon::show_warning(const std::string& code, const std::string& text) {
    if (text.empty()) return readiness_.clear(code);
    readiness_.raise(code, Fault::Severity::Warning, text);
}

void Daemon::read_unit_states() {
    units_.read_states(unit_names(), [this](const Result<UnitStates>& states) {
        unit_states_known_ = true;
        if (states) {
            unit_states_ = *states;
            if (engine_.phase() == StopEngine::Phase::Armed) readiness_.check_units(*states);
        }
        show();
        answer_status();
        show_figures();
    });
}

/// Not in a trip: systemd has better things to do, and what counts then comes from the kernel.
void Daemon::look_for_watchers() {
    if (watchers_.any() && may_ask_for_states()) read_unit_states();
}

/// The relations of all units, a few at a time: of a thousand, the questions alone would take a megabyte.
struct Daemon::RelationsReading {
    std::vector<std::string> names;  ///< sorted
    std::function<void()> done;
    std::size_t next = 0;
    std::size_t open = 0;
    bool asking = false;
};

/// Asks for the relations of all units; `done` when all have answered.
void Daemon::read_relations(const std::function<void()>& done) {
    auto reading = std::make_shared<RelationsReading>(RelationsReading{.names = unit_names(), .done = done});
    std::ranges::sort(reading->names);
    read_more_relations(reading);
}

void Daemon::read_more_relations(const std::shared_ptr<RelationsReading>& reading) {
    // Without a bus the answer comes while it is being asked.
    if (std::exchange(reading->asking, true)) return;
    while (reading->open < host::CallWindow::questions_at_once && reading->next < reading->names.size()) {
        const std::string& unit = reading->names[reading->next++];
        ++reading->open;
        units_.read_relations(unit, [this, reading, &unit](const Result<UnitRelations>& read) {
            --reading->open;
            if (read) keep_relations(unit, *read, reading->names);
            read_more_relations(reading);
        });
    }
    reading->asking = false;
    if (reading->open > 0 || reading->next < reading->names.size()) return;
    relations_known_ = true;
    if (reading->names.empty()) return reading->done();
    if (engine_.phase() == StopEngine::Phase::Armed) readiness_.check_relations(relations_);
    show();
    reading->done();
}

/// Of what a unit is started after, those of the allow-list count (start_order()), and all others are left out. Most
/// units have nothing worth keeping then.
void Daemon::keep_relations(const std::string& unit, UnitRelations read, const std::vector<std::string>& allowed) {
    std::erase_if(read.after, [&](const std::string& other) { return !std::ranges::binary_search(allowed, other); });
    if (read.triggered_by.empty() && read.pulls_down.empty() && read.after.empty() && !read.jailed) {
        relations_.erase(unit);
    } else {
        relations_[unit] = std::move(read);
    }
}

/// A unit that is loaded for the first time may be one that systemd stops along with an allowed one.
void Daemon::was_loaded(const std::string& unit) {
    const bool relevant = unit.ends_with(".service") || unit.ends_with(".socket") || unit.ends_with(".timer") ||
                          unit.ends_with(".path") || unit.ends_with(".target");
    if (!relevant || is_allowed(unit) || unit == paths::canary_unit || other_units_.size() >= other_units_limit) return;
    if (!other_units_.insert(unit).second || std::exchange(relations_due_, true)) return;
    relations_timer_.arm(monotonic_now() + relations_pause);
}

bool Daemon::is_allowed(const std::string& unit) const {
    return std::ranges::any_of(config_.units, [&](const UnitRule& rule) { return matches(rule.name, unit); });
}

std::vector<std::string> Daemon::unit_names() const {
    std::vector<std::string> names;
    for (const UnitTimeline& unit : engine_.report().units)
        names.push_back(unit.name);
    return names;
}

State Daemon::state() const {
    if (engine_.phase() == StopEngine::Phase::Armed) {
        if (readiness_.has_error()) return State::NotReady;
        return start_ ? State::Starting : State::Armed;
    }
    return engine_.settled() ? State::Tripped : State::Tripping;
}

/// Brings the armed file, the log and `systemctl status` to what is true now.
void Daemon::show() {
    status_reply_ = std::string();  // clear() would keep its memory
    watchers_.changed();
    if (!ready_sent_) rehearsed();
    if (!ready_sent_) return;
    const State now = state();
    if (readiness_.show_armed(now == State::Armed || now == State::Starting)) {
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
    if (std::exchange(shown_, line) != line) notify_->status(line);
}

/// READY=1 when everything has answered, or has had its time: a daemon with a fault is better than none.
void Daemon::rehearsed() {
    const bool answered = ledger_known_ && units_.connected() && unit_states_known_ && relations_known_;
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
    notify_->ready();
}

Status Daemon::status() const {
    Status status;
    status.state = state();
    status.faults = readiness_.faults();
    status.latch = latch_info_;
    status.latch.present = latch_.present();
    status.trip = engine_.report();
    status.unit_states = unit_states_;
    status.relations = relations_;
    for (const UnitTimeline& unit : status.trip.units) {
        if (readiness_.is_guarded(unit.name)) status.guarded.insert(unit.name);
    }
    status.last_operation = ledger_.last_operation;
    if (const auto& waiting = approval_.waiting()) {
        status.pending_reset =
            PendingResetInfo{waiting->operation_id, waiting->requested_by, waiting->reason, approval_expires_};
    }
    status.last_drill = ledger_.last_drill;
    status.fleet = fleet_.info(monotonic_now());
    status.config_hash = config_hash_;
    status.ledger_entries = ledger_.entries;
    status.ledger_head = ledger_.head;
    status.ledger_writable = ledger_.writable;
    status.kill_method = cgroups_.kill_method();
    status.version = version();
    return status;
}

}  // namespace ess::essd
