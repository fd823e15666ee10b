#include "core/start_sequence.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace ess {

namespace {

/// Puts `unit` into `order` behind what it comes after.
void place(const std::string& unit, const std::vector<std::string>& units,
           const std::map<std::string, UnitRelations>& relations, std::set<std::string>& seen,
           std::vector<std::string>& order) {
    if (!seen.insert(unit).second) return;
    const auto known = relations.find(unit);
    if (known != relations.end()) {
        for (const std::string& before : units) {
            if (std::ranges::find(known->second.after, before) == known->second.after.end()) continue;
            place(before, units, relations, seen, order);
        }
    }
    order.push_back(unit);
}

}  // namespace

StartSequence::StartSequence(std::vector<std::string> units, Instant now) : units_(std::move(units)), next_look_(now) {}

StartSequence::Step StartSequence::start_refused(const std::string& unit, const std::string& why) {
    if (started_.size() == units_.size() || unit != current()) return {};
    return fail("systemd refused to start it: " + why);
}

StartSequence::Step StartSequence::state_is(const std::string& unit, const std::string& active_state, Instant now) {
    if (started_.size() == units_.size() || unit != current()) return {};
    if (active_state == "failed" || active_state == "inactive") {
        // Right after the request the job has not begun yet.
        if (now - requested_at_ < look_interval) return {};
        return fail("it is " + active_state);
    }
    if (active_state != "active") {
        active_since_.reset();
        return {};
    }
    if (!active_since_) active_since_ = now;
    if (now - *active_since_ < stable_time) return {};
    started_.push_back({unit, now - requested_at_});
    return begin_next(now);
}

StartSequence::Step StartSequence::emptied(const std::string& unit) {
    if (started_.size() == units_.size()) return {};
    // One that was stable already counts too: the platform is not up.
    const bool ours = (unit == current() && active_since_) ||
                      std::ranges::any_of(started_, [&](const StartedUnit& started) { return started.name == unit; });
    if (!ours) return {};
    return {Verdict::Failed, {}, {}, unit + ": its last process is gone"};
}

StartSequence::Step StartSequence::time_passed(Instant now) {
    if (now < next_look_) return {};
    if (requested_at_ == Instant{}) return begin_next(now);
    if (started_.size() == units_.size()) return {Verdict::Done, {}, {}, {}};
    next_look_ = now + look_interval;
    if (!active_since_ && now - requested_at_ >= start_patience) {
        return fail("it did not come up within " + to_text(start_patience));
    }
    Step step;
    step.look = current();
    return step;
}

StartSequence::Step StartSequence::begin_next(Instant now) {
    if (started_.size() == units_.size()) return {Verdict::Done, {}, {}, {}};
    requested_at_ = now;
    active_since_.reset();
    next_look_ = now + look_interval;
    Step step;
    step.start = current();
    return step;
}

StartSequence::Step StartSequence::fail(const std::string& why) const {
    return {Verdict::Failed, {}, {}, current() + ": " + why};
}

std::vector<std::string> start_order(const std::vector<std::string>& units,
                                     const std::map<std::string, UnitRelations>& relations) {
    std::vector<std::string> order;
    std::set<std::string> seen;
    for (const std::string& unit : units)
        place(unit, units, relations, seen, order);
    return order;
}

}  // namespace ess
