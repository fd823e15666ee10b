#pragma once

#include <functional>

#include "core/stop_engine.hpp"
#include "core/unit_state.hpp"
#include "host/cgroup_tree.hpp"
#include "host/unit_control.hpp"

namespace ess::essd {

/// The actions of an engine that reach units, carried out by the kernel and by systemd. One code for a trip and for a
/// drill: what a drill shows of it is true of a trip.
class UnitActions {
  public:
    /// `tell` gets what the engine has to know of it, now or later.
    UnitActions(host::CgroupTree& cgroups, host::UnitControl& units, std::function<void(Event)> tell)
        : cgroups_(cgroups), units_(units), tell_(std::move(tell)) {}

    /// Whether the kernel took it.
    bool carry_out(const KillUnit& action);
    void carry_out(const StopUnit& action) { units_.stop(action.unit); }
    void carry_out(const MaskUnits& action) { units_.mask(action.units, answer_to(action.serial)); }
    void carry_out(const UnmaskUnits& action) { units_.unmask(action.units, answer_to(action.serial)); }
    void carry_out(const Reload& action) { units_.reload(answer_to(action.serial)); }
    /// `read` gets the states before the engine does.
    void carry_out(const ReadStates& action, std::function<void(const Result<UnitStates>&)> read);

  private:
    [[nodiscard]] host::UnitControl::Done answer_to(std::uint64_t serial);

    host::CgroupTree& cgroups_;
    host::UnitControl& units_;
    std::function<void(Event)> tell_;
};

}  // namespace ess::essd
