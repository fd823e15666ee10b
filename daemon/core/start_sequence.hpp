#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "core/unit_relations.hpp"

namespace ess {

/// What became of a unit in a controlled start.
struct StartedUnit {
    std::string name;
    std::optional<Micros> stable_after;  ///< from the request to the moment in which it counted as stable
};

/// The controlled start after a reset, as a pure state machine: one unit after the other, each watched until it has
/// been up for stable_time without losing its processes. The first failure ends it, and the caller trips again.
class StartSequence {
  public:
    /// A unit that breaks does so soon, at its first look at the market. A watch longer than this delays a whole
    /// platform.
    static constexpr Micros stable_time = std::chrono::seconds(2);
    /// systemd's own default for a start (DefaultTimeoutStartSec=), and some.
    static constexpr Micros start_patience = std::chrono::seconds(100);
    /// How often the state of the unit that is being watched is asked for.
    static constexpr Micros look_interval = std::chrono::milliseconds(100);

    enum class Verdict { GoOn, Done, Failed };

    /// What the caller does next.
    struct Step {
        Verdict verdict = Verdict::GoOn;
        std::optional<std::string> start;  ///< a unit to start now
        std::optional<std::string> look;   ///< a unit whose ActiveState is wanted
        std::string why;                   ///< of Failed
    };

    StartSequence(std::vector<std::string> units, Instant now);

    /// The start job could not be queued.
    [[nodiscard]] Step start_refused(const std::string& unit, const std::string& why);
    /// systemd's word on the unit that is being watched.
    [[nodiscard]] Step state_is(const std::string& unit, const std::string& active_state, Instant now);
    /// The unit's last process is gone.
    [[nodiscard]] Step emptied(const std::string& unit);
    [[nodiscard]] Step time_passed(Instant now);

    /// When time_passed() is wanted.
    [[nodiscard]] Instant deadline() const { return next_look_; }
    [[nodiscard]] const std::vector<StartedUnit>& started() const { return started_; }
    [[nodiscard]] const std::vector<std::string>& units() const { return units_; }

  private:
    [[nodiscard]] Step begin_next(Instant now);
    [[nodiscard]] Step fail(const std::string& why) const;
    [[nodiscard]] const std::string& current() const { return units_[started_.size()]; }

    std::vector<std::string> units_;
    std::vector<StartedUnit> started_;
    Instant requested_at_{};
    std::optional<Instant> active_since_;
    Instant next_look_{};
};

/// The units in the order in which they may be started: what a unit is After= comes first, and otherwise the given
/// order is kept. A cycle, which systemd itself breaks at random, is entered where the given order enters it.
[[nodiscard]] std::vector<std::string> start_order(const std::vector<std::string>& units,
                                                   const std::map<std::string, UnitRelations>& relations);

}  // namespace ess
