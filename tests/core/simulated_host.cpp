#include "simulated_host.hpp"

#include <algorithm>

#include "core/unit_name.hpp"

namespace ess::test {

namespace {

constexpr Micros call_time{1000};     // systemd's answer to a call
constexpr Micros reload_time{20000};  // a Reload of a small host
constexpr Micros kill_time{1000};     // from cgroup.kill to the last process gone
constexpr Micros restart_time{3000};  // RestartSec=0

}  // namespace

Config config_of(std::vector<UnitRule> rules, Micros budget) {
    Config config;
    config.units = std::move(rules);
    config.stop.budget = budget;
    return config;
}

SimulatedHost::SimulatedHost(const Config& config, HostTraits traits, std::uint64_t seed)
    : config_(config), traits_(traits), engine_(config), random_(seed) {}

void SimulatedHost::add(const std::string& name, const Behaviour& behaviour, bool running) {
    units_[name].does = behaviour;
    if (running) {
        born(name);
        tell(CgroupChanged{name, true});
    }
}

void SimulatedHost::bus(bool up) {
    if (bus_up_ && !up) ++connection_;
    bus_up_ = up;
    tell(BusChanged{up});
}

void SimulatedHost::start(const std::string& name) {
    if (!units_[name].alive) born(name);
}

void SimulatedHost::thaw(const std::string& name) {
    Unit& unit = units_.at(name);
    unit.does.killable = true;
    // A kill that was sent before works now; otherwise the next one does.
    if (unit.due) unit.due = std::max(*unit.due, now_ + StopEngine::kill_interval + allowance);
    if (unit.kill_pending) die(name, unit.life);
}

void SimulatedHost::in(Micros after, std::function<void()> what) {
    plan_.emplace(now_ + after, std::move(what));
}

Instant SimulatedHost::next_time() const {
    Instant next = Instant::max();
    if (!plan_.empty()) next = plan_.begin()->first;
    if (engine_.deadline()) next = std::min(next, std::max(now_, wake_));
    return next;
}

void SimulatedHost::run_for(Micros span) {
    const Instant end = now_ + span;
    while (next_time() <= end && violations_.size() < 10) {
        const Instant next = next_time();
        wakes_at_once_ = next == now_ ? wakes_at_once_ : 0;
        now_ = next;
        if (!plan_.empty() && plan_.begin()->first <= now_) {
            const std::function<void()> what = std::move(plan_.begin()->second);
            plan_.erase(plan_.begin());
            what();
        } else {
            // One is for what an event has just made due, the next must find nothing.
            if (++wakes_at_once_ > 3) violations_.emplace_back("a deadline that does not move on");
            tell(TimePassed{});
        }
    }
    now_ = end;
}

void SimulatedHost::tell(const Event& event) {
    if (const auto* change = std::get_if<CgroupChanged>(&event)) {
        if (const auto unit = units_.find(change->unit); unit != units_.end()) unit->second.told = change->populated;
    }
    const auto before = engine_.deadline();
    const Actions actions = engine_.step(event, now_);
    for (const Action& action : actions) {
        actions_.push_back(action);
        std::visit([this](const auto& a) { carry_out(a); }, action);
    }
    const auto after = engine_.deadline();
    if (after && (after != before || std::holds_alternative<TimePassed>(event))) wake_ = *after + up_to(traits_.jitter);
    check_deadline();
}

// --- what the promise is --------------------------------------------------------------------------------------------

bool SimulatedHost::held() const {
    using Phase = StopEngine::Phase;
    return engine_.phase() != Phase::Armed && engine_.phase() != Phase::Unmasking;
}

Micros SimulatedHost::grace_of(const std::string& name) const {
    const UnitRule* found = nullptr;
    for (const UnitRule& rule : config_.units) {
        if (rule.name == name || (found == nullptr && matches(rule.name, name))) found = &rule;
    }
    return found == nullptr || found->category == StopCategory::Immediate ? Micros(0) : found->grace;
}

void SimulatedHost::check_deadline() {
    const auto known = [](const auto& entry) { return entry.second.told; };
    if (held() && std::ranges::any_of(units_, known) && !engine_.deadline()) {
        violations_.emplace_back("a unit with a process is held without a deadline");
    }
}

std::vector<std::string> SimulatedHost::violations() const {
    std::vector<std::string> all = violations_;
    for (const auto& [name, unit] : units_) {
        if (unit.alive && unit.does.killable && unit.due && *unit.due < now_) {
            all.push_back(name + " still has a process");
        }
    }
    return all;
}

void SimulatedHost::carry_out(const TripBegun&) {
    trip_at_ = now_;
    for (auto& [name, unit] : units_) {
        if (unit.alive) unit.due = now_ + grace_of(name) + allowance;
    }
}

// --- processes ------------------------------------------------------------------------------------------------------

Micros SimulatedHost::up_to(Micros limit) {
    // Not std::uniform_int_distribution: a seed must mean the same run everywhere.
    return Micros(static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(limit.count() + 1)));
}

void SimulatedHost::born(const std::string& name) {
    Unit& unit = units_[name];
    unit.alive = true;
    unit.kill_pending = false;
    ++unit.life;
    unit.due.reset();
    if (held()) {
        unit.due = std::max(trip_at_ + grace_of(name), now_) + allowance;
        // The notice of the death and that of the birth become one when they are read as one: to the engine it is the
        // process that it killed already.
        if (unit.told) *unit.due += StopEngine::kill_interval;
    }
    notice(name);
}

void SimulatedHost::die(const std::string& name, std::uint64_t life) {
    Unit& unit = units_.at(name);
    if (!unit.alive || unit.life != life) return;
    unit.alive = false;
    if (unit.due && *unit.due < now_ && unit.does.killable) {
        violations_.push_back(name + " had a process " + to_text(now_ - *unit.due) + " too long");
    }
    notice(name);
    if (unit.job && unit.does.stop_post && !unit.post_ran) {
        unit.post_ran = true;
        born(name);
        in(*unit.does.stop_post, [this, name, post = unit.life] { die(name, post); });
    } else if (unit.job) {
        in(call_time, [this, name] { finish_job(name); });
    } else if (unit.does.restarts > 0 && !unit.masked) {
        --unit.does.restarts;
        in(up_to(restart_time), [this, name] { start(name); });
    }
}

/// "Look again": what is told is how it is then, not how it was.
void SimulatedHost::notice(const std::string& name) {
    in(up_to(traits_.notice), [this, name] { tell(CgroupChanged{name, units_.at(name).alive}); });
}

void SimulatedHost::carry_out(const KillUnit& action) {
    Unit& unit = units_[action.unit];
    if (traits_.loses_kills) return;
    if (!unit.does.killable) {
        unit.kill_pending = true;
        return;
    }
    in(up_to(kill_time), [this, name = action.unit, life = unit.life] { die(name, life); });
}

// --- systemd --------------------------------------------------------------------------------------------------------

/// Answers on a connection that is gone are lost; to one that was gone before, the adapter answers itself.
void SimulatedHost::answer(Answer how, Micros after, const std::function<void(const std::string& error)>& what) {
    if (!bus_up_) return in(Micros(0), [what] { what("the bus is down"); });
    if (how == Answer::Never) return;
    if (how == Answer::Late) after += traits_.late;
    const std::string error = how == Answer::Error || how == Answer::Cancelled ? "refused" : "";
    in(after, [this, what, error, connection = connection_] {
        if (bus_up_ && connection == connection_) what(error);
    });
}

void SimulatedHost::carry_out(const StopUnit& action) {
    const Answer how = units_[action.unit].does.stop;
    answer(how, call_time, [this, how, name = action.unit](const std::string& error) {
        if (how == Answer::Cancelled && error == "refused") {
            tell(StopQueued{name});
            tell(StopFailed{name, "the stop job was cancelled"});
        } else if (!error.empty()) {
            tell(StopFailed{name, error});
        } else {
            begin_job(name);
        }
    });
}

void SimulatedHost::begin_job(const std::string& name) {
    Unit& unit = units_.at(name);
    if (!unit.does.loaded) return tell(StopFinished{name});
    unit.job_connection = connection_;
    if (!std::exchange(unit.job, true)) {
        unit.post_ran = false;
        if (!unit.alive || unit.does.leaves_process) {
            in(call_time, [this, name] { finish_job(name); });
        } else if (unit.does.obeys) {
            in(*unit.does.obeys, [this, name, life = unit.life] { die(name, life); });
        }
    }
    tell(StopQueued{name});
}

void SimulatedHost::finish_job(const std::string& name) {
    Unit& unit = units_.at(name);
    // A unit that ignores SIGTERM and was not there yet when the job began: the job ends with it.
    if (!std::exchange(unit.job, false)) return;
    if (!bus_up_ || unit.job_connection != connection_) return;
    tell(CgroupChanged{name, unit.alive});
    tell(StopFinished{name});
}

void SimulatedHost::wish_masks(const std::vector<std::string>& names, bool masked) {
    for (const std::string& name : names)
        units_[name].mask_wanted = masked && traits_.masks_hold;
}

void SimulatedHost::carry_out(const MaskUnits& action) {
    answer(traits_.masks, call_time, [this, action](const std::string& error) {
        if (error.empty()) wish_masks(action.units, true);
        tell(BusAnswered{action.serial, error});
    });
}

void SimulatedHost::carry_out(const UnmaskUnits& action) {
    answer(traits_.masks, call_time, [this, action](const std::string& error) {
        if (error.empty()) wish_masks(action.units, false);
        tell(BusAnswered{action.serial, error});
    });
}

void SimulatedHost::carry_out(const Reload& action) {
    answer(traits_.masks, call_time + reload_time, [this, action](const std::string& error) {
        for (auto& [name, unit] : units_) {
            if (error.empty()) unit.masked = unit.mask_wanted;
        }
        tell(BusAnswered{action.serial, error});
    });
}

void SimulatedHost::carry_out(const ReadStates& action) {
    answer(traits_.states, call_time + reload_time + call_time, [this, action](const std::string& error) {
        StatesRead read{action.serial, error, {}};
        for (const std::string& name : action.units) {
            if (error.empty()) read.load_states[name] = units_[name].masked ? "masked" : "loaded";
        }
        tell(read);
    });
}

void SimulatedHost::carry_out(const ClearLatch&) {
    if (traits_.clear == Answer::Never) return;
    const std::string error = traits_.clear == Answer::Error ? "read-only file system" : "";
    latch_file_ = false;
    in(Micros(0), [this] { tell(LatchGone{}); });
    in(call_time, [this, error] { tell(LatchCleared{error}); });
}

}  // namespace ess::test
