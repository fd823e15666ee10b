#pragma once

#include <string>
#include <vector>

#include "essctl/exit_code.hpp"
#include "essctl/fleet_client.hpp"
#include "essctl/ledger_verbs.hpp"

namespace ess::essctl {

/// `essctl fleet` and its verbs.
void declare_fleet(CLI::App& app, Run& run);

struct FleetTripOptions {
    FleetOptions access;
    std::string reason;
    bool no_wait = false;
    bool json = false;
};
Exit fleet_trip(const FleetTripOptions& options);

struct FleetShowOptions {
    FleetOptions access;
    bool json = false;
};
Exit fleet_status(const FleetShowOptions& options);
Exit fleet_drift(const FleetShowOptions& options);

struct FleetResetOptions {
    FleetOptions access;
    std::string reason;
    std::vector<std::string> hosts;
    bool all = false;
    bool json = false;
};
Exit fleet_reset(const FleetResetOptions& options);

struct FleetForgetOptions {
    FleetOptions access;
    std::string host;
};
Exit fleet_forget(const FleetForgetOptions& options);

/// Says why, and returns the exit code.
Exit fail(const FleetFailure& failure);
/// An id of today for an order.
[[nodiscard]] std::string new_fleet_id();

}  // namespace ess::essctl
