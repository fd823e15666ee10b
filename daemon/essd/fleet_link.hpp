#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "core/config.hpp"
#include "core/status.hpp"

namespace ess::essd {

/// How this host stands to its fleet, as quantum-ess-fleet last said (FleetReport). Shown and never leaned on: a stop
/// needs no fleet.
class FleetLink {
  public:
    /// `started`: from then on quantum-ess-fleet has its time to be heard of.
    FleetLink(const Config::Fleet& fleet, Instant started);

    void reported(FleetInfo info, Instant now);

    /// Nothing where there is no fleet. A process that has been silent too long has no contact to show.
    [[nodiscard]] std::optional<FleetInfo> info(Instant now) const;

    /// What is wrong, for the faults of these names; empty: nothing.
    struct Warnings {
        std::string lost;    ///< fleet-lost: cut off
        std::string silent;  ///< fleet-silent: nobody tells
    };
    [[nodiscard]] Warnings warnings(Instant now) const;

  private:
    [[nodiscard]] bool is_silent(Instant now) const;

    Config::Fleet fleet_;
    std::optional<FleetInfo> last_;
    Instant heard_;
};

}  // namespace ess::essd
