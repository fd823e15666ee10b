#include "essctl/status_changes.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "essctl/status_text.hpp"

namespace ess::essctl {

namespace {

using UnitsByName = std::map<std::string, const UnitView*>;

UnitsByName units_of(const StatusView* status) {
    UnitsByName units;
    if (status == nullptr) return units;
    for (const UnitView& unit : status->units)
        units.emplace(unit.name, &unit);
    return units;
}

/// Within a trip: what was empty from the start has no time and did not fall.
bool fell(const UnitView* before, const UnitView& now) {
    return now.empty && now.stop && (before == nullptr || !before->empty || before->stop != now.stop);
}

std::string fall_text(const UnitView& unit) {
    constexpr std::size_t usual_digits = 7;  // "1234.5"
    const std::string time = to_ms_text(*unit.stop);
    return std::string(usual_digits - std::min(usual_digits, time.size()), ' ') + time + " ms  stopped  " + unit.name;
}

std::string latch_change(const std::optional<LatchView>& latch) {
    if (!latch) return "the latch is released";
    return "the latch is set" + (latch->requested_by.empty() ? "" : " by " + latch->requested_by) +
           (latch->reason.empty() ? "" : ": " + latch->reason);
}

void add_faults(std::vector<std::string>& changes, const StatusView* before, const StatusView& now) {
    const auto has = [](const StatusView* status, const FaultView& fault) {
        return status != nullptr && std::ranges::any_of(status->faults, [&](const FaultView& other) {
                   return other.code == fault.code && other.text == fault.text;
               });
    };
    for (const FaultView& fault : now.faults) {
        if (!has(before, fault)) changes.push_back((fault.error ? "error: " : "warning: ") + fault.text);
    }
    if (before == nullptr) return;
    for (const FaultView& fault : before->faults) {
        if (!has(&now, fault)) changes.push_back("no longer: " + fault.text);
    }
}

/// What units do by themselves, outside of a stop and in spite of one.
void add_units(std::vector<std::string>& changes, const StatusView& before, const StatusView& now) {
    const UnitsByName known = units_of(&before);
    for (const UnitView& unit : now.units) {
        const auto found = known.find(unit.name);
        if (found == known.end()) {
            changes.push_back(unit.name + ": new");
        } else if (now.is_tripped() && before.is_tripped() && found->second->empty && !unit.empty) {
            changes.push_back(unit.name + ": HAS PROCESSES AGAIN");
        } else if (!now.is_tripped() && found->second->active != unit.active) {
            changes.push_back(unit.name + ": " + unit.active);
        }
    }
    const UnitsByName left = units_of(&now);
    for (const UnitView& unit : before.units) {
        if (!left.contains(unit.name)) changes.push_back(unit.name + ": gone");
    }
}

void add_record(std::vector<std::string>& changes, const StatusView& before, const StatusView& now) {
    if (now.pending_reset && (!before.pending_reset || before.pending_reset->id != now.pending_reset->id)) {
        changes.push_back("the reset " + now.pending_reset->id + " of " + now.pending_reset->requested_by +
                          " waits for another person");
    }
    const auto& last = now.last_operation;
    if (last && (!before.last_operation || before.last_operation->id != last->id ||
                 before.last_operation->outcome != last->outcome)) {
        changes.push_back("recorded as " + last->id + ": " + last->outcome);
    }
}

/// The headline says more than the state.
std::string plain_headline(const StatusView& status) {
    const std::string text = headline(Screen(false, std::nullopt), status);
    return text.substr(0, text.find('\n'));
}

}  // namespace

std::vector<std::string> fallen_between(const StatusView* before, const StatusView& now) {
    std::vector<std::string> fallen;
    if (!now.is_tripped()) return fallen;
    // The times of a stop before this one are not news.
    const bool same_trip = before != nullptr && before->is_tripped();
    const UnitsByName known = units_of(same_trip ? before : nullptr);
    std::vector<const UnitView*> units;
    for (const UnitView& unit : now.units) {
        const auto found = known.find(unit.name);
        if (fell(found != known.end() ? found->second : nullptr, unit)) units.push_back(&unit);
    }
    std::ranges::stable_sort(units, {}, [](const UnitView* unit) { return *unit->stop; });
    std::ranges::transform(units, std::back_inserter(fallen), [](const UnitView* unit) { return fall_text(*unit); });
    return fallen;
}

std::vector<std::string> changes_between(const StatusView* before, const StatusView& now) {
    std::vector<std::string> changes;
    const bool latch_changed =
        before == nullptr ? now.latch.has_value() : before->latch.has_value() != now.latch.has_value();
    if (latch_changed) changes.push_back(latch_change(now.latch));
    add_faults(changes, before, now);
    if (before != nullptr) {
        add_units(changes, *before, now);
        for (std::string& fall : fallen_between(before, now))
            changes.push_back(std::move(fall));
        add_record(changes, *before, now);
    }
    if (before == nullptr || before->state != now.state || before->alive() != now.alive() ||
        (now.state == "tripped" && before->unmasked() != now.unmasked())) {
        changes.push_back(plain_headline(now));
    }
    return changes;
}

}  // namespace ess::essctl
