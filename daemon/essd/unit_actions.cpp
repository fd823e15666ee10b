#include "essd/unit_actions.hpp"

#include <utility>

namespace ess::essd {

bool UnitActions::carry_out(const KillUnit& action) {
    const auto killed = cgroups_.kill(action.unit);
    if (!killed) tell_(KillFailed{action.unit, killed.error().text});
    return killed.has_value();
}

// What outlives this (an answer may come after the drill that asked) has its own `tell`.

void UnitActions::carry_out(const ReadStates& action, std::function<void(const Result<UnitStates>&)> read) {
    units_.read_states(
        action.units, [tell = tell_, read = std::move(read), serial = action.serial](const Result<UnitStates>& states) {
            StatesRead told{serial, states ? std::string() : states.error().text, {}};
            if (states) {
                for (const auto& [unit, state] : *states)
                    told.load_states[unit] = state.load;
            }
            read(states);
            tell(std::move(told));
        });
}

host::UnitControl::Done UnitActions::answer_to(std::uint64_t serial) {
    return [tell = tell_, serial](const Result<>& result) {
        tell(BusAnswered{serial, result ? std::string() : result.error().text});
    };
}

}  // namespace ess::essd
