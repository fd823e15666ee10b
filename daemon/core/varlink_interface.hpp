#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace ess {

/// An interface by its name and its definition, the text that GetInterfaceDescription answers with.
struct VarlinkInterface {
    std::string_view name;
    std::string_view description;
};

/// io.quantum.EmergencyStop, what essd is for.
[[nodiscard]] VarlinkInterface emergency_stop_interface();
/// org.varlink.service, which every service has.
[[nodiscard]] VarlinkInterface varlink_service_interface();

/// The parameters of GetInfo's reply for a service with these interfaces.
[[nodiscard]] Json varlink_service_info(const std::vector<std::string>& interfaces);

}  // namespace ess
