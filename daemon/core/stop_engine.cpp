#include "core/stop_engine.hpp"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/unit_name.hpp"

namespace ess {

StopEngine::StopEngine(const Config& config)
    : rules_(config.units), budget_(config.stop.budget), file_removal_(config.latch.file_removal) {
    for (const UnitRule& rule : rules_) {
        if (!is_pattern(rule.name)) static_cast<void>(find_or_add(rule.name));
    }
}

Actions StopEngine::step(const Event& event, Instant now) {
    now_ = std::max(now_, now);
    actions_.clear();
    std::visit([this](const auto& e) { on(e); }, event);
    kill_what_is_due();
    advance();
    return std::exchange(actions_, {});
}

std::optional<Instant> StopEngine::deadline() const {
    std::optional<Instant> earliest;
    const auto consider = [&](Instant at) { earliest = earliest ? std::min(*earliest, at) : at; };
    for (const auto& [name, unit] : units_) {
        if (const auto due = kill_due(unit)) consider(*due);
    }
    if (phase_ == Phase::Stopping) consider(seen_at_ + budget_);
    if (phase_ == Phase::Masking || phase_ == Phase::Unmasking) consider(patience_ends_);
    if (phase_ == Phase::Tripped && !complete_) consider(retry_at_);
    return earliest;
}

// --- events -------------------------------------------------------------------------------------------------------

void StopEngine::on(const LatchSeen& event) {
    if (holding()) return;
    begin_trip(event);
}

void StopEngine::on(const LatchGone&) {
    if (!holding()) return;
    if (file_removal_ == FileRemoval::Reset && phase_ == Phase::Tripped) {
        on(ResetAsked{});
        if (phase_ == Phase::Clearing) return;
    }
    actions_.emplace_back(RestoreLatch{});
}

void StopEngine::on(const CgroupChanged& event) {
    Unit* const unit = find_or_add(event.unit);
    if (unit == nullptr) return;
    const bool was_populated = std::exchange(unit->populated, event.populated);
    unit->times.empty = !event.populated;
    if (!killing()) {
        if (phase_ == Phase::Armed && !event.populated && !is_listed(event.unit)) units_.erase(event.unit);
        return;
    }
    if (!was_populated && event.populated) became_populated(*unit);
    // What comes and goes after the report is no part of the time that the stop took.
    const bool late = settled_ && (unit->times.emptied || unit->times.came_back > 0);
    if (was_populated && !event.populated && !late) unit->times.emptied = elapsed();
}

void StopEngine::on(const StopQueued& event) {
    if (Unit* const unit = find(event.unit); unit != nullptr) unit->times.trouble.clear();
}

void StopEngine::on(const StopFinished& event) {
    Unit* const unit = find(event.unit);
    if (unit == nullptr || !killing()) return;
    unit->stopped = true;
    if (!unit->times.job_done) unit->times.job_done = elapsed();
}

void StopEngine::on(const StopFailed& event) {
    Unit* const unit = find(event.unit);
    if (unit == nullptr || !killing()) return;
    unit->asked = false;
    unit->times.trouble = event.why;
}

void StopEngine::on(const KillFailed& event) {
    if (Unit* const unit = find(event.unit); unit != nullptr) unit->times.trouble = event.why;
}

void StopEngine::on(const BusAnswered& event) {
    if (event.serial == serial_ && !event.error.empty()) bus_problems_.push_back(event.error);
}

void StopEngine::on(const StatesRead& event) {
    if (event.serial != serial_) return;
    if (phase_ == Phase::Unmasking) return finish_reset(event);
    if (phase_ != Phase::Masking) return;
    if (!event.error.empty()) bus_problems_.push_back(event.error);
    // A refused MaskUnitFiles does not matter where each unit is found masked all the same.
    read_back_ = event.error.empty() && (bus_problems_.empty() || !units_.empty());
    for (auto& [name, unit] : units_) {
        const auto state = event.load_states.find(name);
        unit.masked = state != event.load_states.end() && state->second == "masked";
        if (unit.masked && !unit.times.masked) unit.times.masked = elapsed();
    }
    settle();
}

void StopEngine::on(const BusChanged& event) {
    const bool was_up = std::exchange(bus_up_, event.up);
    if (!event.up && phase_ == Phase::Unmasking) return finish_reset({serial_, "the bus went away", {}});
    if (!holding()) return;
    if (!event.up && phase_ == Phase::Masking) return settle();
    if (event.up && !was_up) {
        for (auto& [name, unit] : units_) {
            if (!unit.stopped) request_stop(unit);
        }
        retry_at_ = now_;
        retry_after_ = retry_interval;
    }
}

void StopEngine::on(const ResetAsked&) {
    using Kind = ResetRefused::Kind;
    const auto refuse = [this](Kind kind, std::string why) {
        actions_.emplace_back(ResetRefused{kind, std::move(why)});
    };
    if (phase_ == Phase::Armed) return refuse(Kind::NotTripped, "nothing is tripped");
    if (!holding()) return refuse(Kind::Busy, "a reset is under way already");
    if (!settled_) return refuse(Kind::Busy, "the trip is still under way; wait until the state is 'tripped'");
    for (const auto& [name, unit] : units_) {
        if (unit.populated)
            return refuse(Kind::Refused, name + " still has a process, which a reset would let trade on");
    }
    if (!bus_up_) return refuse(Kind::Refused, "systemd cannot be reached over the bus, so no mask could be lifted");
    if (phase_ == Phase::Masking) return refuse(Kind::Busy, "systemd has not confirmed the masks yet; try again");
    phase_ = Phase::Clearing;
    actions_.emplace_back(ClearLatch{});
}

void StopEngine::on(const LatchCleared& event) {
    if (phase_ != Phase::Clearing) return;
    if (!event.error.empty()) {
        phase_ = Phase::Tripped;
        actions_.emplace_back(RestoreLatch{});
        actions_.emplace_back(ResetRefused{ResetRefused::Kind::Refused, "the latch cannot be removed: " + event.error});
        return;
    }
    phase_ = Phase::Unmasking;
    ask_systemd(false);
}

void StopEngine::on(const ReleaseFound&) {
    if (phase_ != Phase::Armed || !bus_up_) return;
    phase_ = Phase::Unmasking;
    ask_systemd(false);
}

void StopEngine::on(const TimePassed&) {
    if (phase_ == Phase::Masking && now_ >= patience_ends_) {
        bus_problems_.emplace_back("systemd has not confirmed the masks in " + to_text(answer_patience));
        settle();
    } else if (phase_ == Phase::Unmasking && now_ >= patience_ends_) {
        finish_reset({serial_, "systemd has not answered in " + to_text(answer_patience), {}});
    } else if (phase_ == Phase::Tripped && !complete_ && now_ >= retry_at_) {
        retry();
    }
}

// --- the trip -----------------------------------------------------------------------------------------------------

bool StopEngine::holding() const {
    return phase_ == Phase::Stopping || phase_ == Phase::Masking || phase_ == Phase::Tripped;
}

bool StopEngine::killing() const {
    // Until the latch is cleared, which a hanging disk can put off for good, it is set.
    return holding() || phase_ == Phase::Clearing;
}

void StopEngine::begin_trip(const LatchSeen& latch) {
    phase_ = Phase::Stopping;
    seen_at_ = std::min(now_, latch.at.value_or(now_));
    retry_after_ = retry_interval;
    resumed_ = latch.resumed;
    settled_ = complete_ = read_back_ = false;
    ++serial_;
    bus_problems_.clear();
    for (auto& [name, unit] : units_) {
        unit.times = UnitTimeline{.name = name,
                                  .category = unit.times.category,
                                  .was_running = unit.populated,
                                  .empty = !unit.populated,
                                  .stop_requested = {},
                                  .killed = {},
                                  .emptied = {},
                                  .job_done = {},
                                  .masked = {},
                                  .trouble = {},
                                  .came_back = 0};
        unit.asked = unit.stopped = unit.masked = false;
        unit.killed_at = {};
    }
    // The kernel first: a StopUnit needs PID 1 to get time, a kill does not.
    for (auto& [name, unit] : units_) {
        if (unit.populated && unit.times.category == StopCategory::Immediate) kill(unit);
    }
    for (auto& [name, unit] : units_)
        request_stop(unit);
    actions_.emplace_back(RestoreLatch{});
    actions_.emplace_back(PersistLatch{});
    actions_.emplace_back(TripBegun{resumed_});
}

void StopEngine::request_stop(Unit& unit) {
    if (!bus_up_) return;
    unit.asked = true;
    if (!unit.times.stop_requested) unit.times.stop_requested = elapsed();
    actions_.emplace_back(StopUnit{unit.times.name});
}

/// A unit got a process. Before its stop job is done that is its own ExecStop= or ExecStopPost=; after that, it came
/// back.
void StopEngine::became_populated(Unit& unit) {
    unit.times.was_running = true;
    unit.killed_at = {};
    if (unit.stopped || settled_) {
        unit.stopped = unit.asked = false;
        // A unit of a pattern may be new, and then it has no mask yet.
        if (std::exchange(complete_, false)) retry_at_ = now_ + retry_after_;
        ++unit.times.came_back;
        actions_.emplace_back(UnitCameBack{unit.times.name, unit.times.came_back});
    }
    if (!unit.asked) request_stop(unit);
}

std::optional<Instant> StopEngine::kill_due(const Unit& unit) const {
    if (!killing() || !unit.populated) return std::nullopt;
    // What is left when systemd calls the unit stopped (KillMode=process) has no grace.
    const bool in_grace = unit.times.category == StopCategory::Controlled && unit.asked && !unit.stopped;
    const Instant first = in_grace ? seen_at_ + unit.grace : seen_at_;
    return unit.killed_at == Instant{} ? first : std::max(first, unit.killed_at + kill_interval);
}

void StopEngine::kill_what_is_due() {
    for (auto& [name, unit] : units_) {
        const auto due = kill_due(unit);
        if (due && now_ >= *due) kill(unit);
    }
}

void StopEngine::kill(Unit& unit) {
    unit.killed_at = now_;
    if (!unit.times.killed) unit.times.killed = elapsed();
    actions_.emplace_back(KillUnit{unit.times.name});
}

bool StopEngine::all_down() const {
    return std::ranges::all_of(units_, [](const auto& entry) {
        const Unit& unit = entry.second;
        return !unit.populated && (unit.stopped || !unit.asked);
    });
}

/// By systemd's own word after a Reload of this trip, even if no unit is there to be masked: of a pattern it is the
/// template's mask that has to hold.
bool StopEngine::all_masked() const {
    return read_back_ && std::ranges::all_of(units_, [](const auto& entry) { return entry.second.masked; });
}

void StopEngine::advance() {
    if (phase_ == Phase::Stopping && (all_down() || elapsed() >= budget_)) {
        if (bus_up_) {
            phase_ = Phase::Masking;
            ask_systemd(true);
        } else {
            settle();
        }
    }
    if (phase_ == Phase::Tripped && !complete_ && all_down() && all_masked()) settle();
}

void StopEngine::ask_systemd(bool mask) {
    ++serial_;
    bus_problems_.clear();
    patience_ends_ = now_ + answer_patience;
    if (mask) {
        actions_.emplace_back(MaskUnits{serial_, names()});
    } else {
        actions_.emplace_back(UnmaskUnits{serial_, names()});
    }
    // All three at once: systemd answers one connection's calls in order, so the states are those after the Reload.
    actions_.emplace_back(Reload{serial_});
    actions_.emplace_back(ReadStates{serial_, names()});
}

void StopEngine::retry() {
    retry_at_ = now_ + retry_after_;
    retry_after_ = std::min(retry_after_ * 2, retry_interval_limit);
    if (!bus_up_) return;
    for (auto& [name, unit] : units_) {
        if (!unit.stopped) request_stop(unit);
    }
    if (all_masked()) return;
    phase_ = Phase::Masking;
    ask_systemd(true);
}

void StopEngine::settle() {
    const bool complete = all_down() && all_masked();
    if (!settled_ || (complete && !told_complete_)) {
        told_complete_ = complete;
        actions_.emplace_back(TripSettled{report()});
    }
    phase_ = Phase::Tripped;
    settled_ = true;
    complete_ = complete;
    retry_at_ = now_ + retry_after_;
}

void StopEngine::finish_reset(const StatesRead& states) {
    ResetDone done{bus_problems_};
    if (!states.error.empty()) done.problems.push_back(states.error);
    for (const auto& [name, state] : states.load_states) {
        if (state == "masked") done.problems.push_back(name + " is still masked");
    }
    phase_ = Phase::Armed;
    settled_ = false;
    // Units of a pattern come and go; in Armed only the living ones are of interest.
    std::erase_if(units_, [this](const auto& entry) { return !entry.second.populated && !is_listed(entry.first); });
    actions_.emplace_back(std::move(done));
}

// --- the units -------------------------------------------------------------------------------------------------------

bool StopEngine::is_listed(const std::string& name) const {
    return std::ranges::find(rules_, name, &UnitRule::name) != rules_.end();
}

StopEngine::Unit* StopEngine::find(const std::string& name) {
    const auto known = units_.find(name);
    return known == units_.end() ? nullptr : &known->second;
}

StopEngine::Unit* StopEngine::find_or_add(const std::string& name) {
    if (Unit* const known = find(name); known != nullptr) return known;
    // A rule that names the unit goes before a pattern that covers it.
    auto rule = std::ranges::find(rules_, name, &UnitRule::name);
    if (rule == rules_.end()) {
        rule = std::ranges::find_if(rules_, [&](const UnitRule& r) { return matches(r.name, name); });
    }
    if (rule == rules_.end()) return nullptr;
    Unit& unit = units_[name];
    unit.times.name = name;
    unit.times.category = rule->category;
    unit.grace = rule->grace;
    return &unit;
}

std::vector<std::string> StopEngine::names() const {
    std::vector<std::string> names;
    for (const auto& [name, unit] : units_)
        names.push_back(name);
    return names;
}

}  // namespace ess
