#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/fleet_picture.hpp"
#include "essctl/screen.hpp"

namespace ess::essctl {

/// A row for each host: state, whether it would stop, its last stop, when it was seen, its configuration. `now`: of
/// this host's clock.
[[nodiscard]] std::string hosts_text(const Screen& screen, const FleetPicture& picture, WallTime now);

/// The order: in force or released, by whom and why.
[[nodiscard]] std::string order_text(const FleetPicture& picture);

/// "801.0 ms SUCCESS", or what is known.
[[nodiscard]] std::string stop_text(const FleetHost& host);

/// A present host's clock is further off than what it said can be old.
[[nodiscard]] bool clock_differs(const FleetHost& host, WallTime now);

/// As `essctl fleet status --json` has it.
[[nodiscard]] Json to_json(const FleetPicture& picture, WallTime now);

}  // namespace ess::essctl
