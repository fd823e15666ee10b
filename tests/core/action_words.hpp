#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/text.hpp"
#include "core/stop_engine.hpp"

namespace ess::test {

/// Actions as words, so that a test can say what it expects, and in which order.
struct ActionWord {
    std::string operator()(const KillUnit& a) const { return "kill " + a.unit; }
    std::string operator()(const StopUnit& a) const { return "stop " + a.unit; }
    std::string operator()(const MaskUnits& a) const { return "mask " + join(a.units, "+"); }
    std::string operator()(const UnmaskUnits& a) const { return "unmask " + join(a.units, "+"); }
    std::string operator()(const Reload&) const { return "reload"; }
    std::string operator()(const ReadStates& a) const { return "read " + join(a.units, "+"); }
    std::string operator()(const PersistLatch&) const { return "persist"; }
    std::string operator()(const RestoreLatch&) const { return "restore"; }
    std::string operator()(const ClearLatch&) const { return "clear"; }
    std::string operator()(const TripBegun&) const { return "begun"; }
    std::string operator()(const TripSettled& a) const {
        return a.report.outcome == Outcome::Success ? "settled" : "partial";
    }
    std::string operator()(const UnitCameBack& a) const { return "back " + a.unit; }
    std::string operator()(const ResetDone& a) const { return a.problems.empty() ? "reset" : "reset with problems"; }
    std::string operator()(const ResetRefused&) const { return "refused"; }
};

/// "kill a, stop a, begun"
[[nodiscard]] inline std::string words(const Actions& actions) {
    std::vector<std::string> all;
    for (const Action& action : actions)
        all.push_back(std::visit(ActionWord{}, action));
    return join(all, ", ");
}

/// The engine with a clock that the test moves, for tests of single steps. Times are milliseconds.
class Stepper {
  public:
    explicit Stepper(const Config& config) : engine_(config) {}

    /// What the engine wants on this event, `ms` after the start.
    Actions at(long ms, const Event& event) {
        Actions actions = engine_.step(event, start + std::chrono::milliseconds(ms));
        for (const Action& action : actions) {
            if (const auto* read = std::get_if<ReadStates>(&action)) serial_ = read->serial;
        }
        return actions;
    }
    std::string words_at(long ms, const Event& event) { return words(at(ms, event)); }

    /// The states that systemd answers to the latest question: all these units masked, or all not.
    [[nodiscard]] StatesRead states(const std::vector<std::string>& units, const std::string& state = "masked") const {
        StatesRead read{serial_, {}, {}};
        for (const std::string& unit : units)
            read.load_states[unit] = state;
        return read;
    }

    [[nodiscard]] std::uint64_t serial() const { return serial_; }
    [[nodiscard]] const StopEngine& engine() const { return engine_; }
    /// In milliseconds from the start; -1 if there is none.
    [[nodiscard]] long deadline() const {
        const auto at = engine_.deadline();
        return at ? std::chrono::duration_cast<std::chrono::milliseconds>(*at - start).count() : -1;
    }

    static constexpr Instant start{std::chrono::hours(1)};

  private:
    StopEngine engine_;
    std::uint64_t serial_ = 0;
};

}  // namespace ess::test
