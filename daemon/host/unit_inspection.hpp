#pragma once

#include <functional>
#include <memory>

#include "core/check_facts.hpp"
#include "host/event_loop.hpp"
#include "host/unit_control.hpp"

namespace ess::host {

/// Asks systemd for what a check wants to know of the allowed units, of those that it would stop along with them, and
/// of the stop's own. A few questions at a time: PID 1 has a stop to carry out should there be one. For the loop's
/// thread.
class UnitInspection {
  public:
    using Done = std::function<void(SystemdFacts)>;

    /// Questions under way at once.
    static constexpr std::size_t questions_at_once = 8;
    /// A host must not fill memory with its units.
    static constexpr std::size_t unit_limit = 4096;

    /// Begins at once. `done` is called from the loop, once: when all has been answered, or after `patience` with what
    /// was until then. `units` must be connected and outlive this.
    UnitInspection(EventLoop& loop, UnitControl& units, const std::vector<UnitRule>& rules, Micros patience, Done done);
    UnitInspection(const UnitInspection&) = delete;
    UnitInspection& operator=(const UnitInspection&) = delete;
    /// Nothing is called any more.
    ~UnitInspection();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace ess::host
