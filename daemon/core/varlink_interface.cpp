#include "core/varlink_interface.hpp"

#include "core/varlink_text.hpp"

namespace ess {

namespace {

constexpr std::string_view vendor = "Quantum ESS";
constexpr std::string_view product = "essd";
constexpr std::string_view url = "https://github.com/quantum-ess/quantum-ess";

}  // namespace

VarlinkInterface emergency_stop_interface() {
    return {"io.quantum.EmergencyStop", emergency_stop_text};
}

VarlinkInterface varlink_service_interface() {
    return {"org.varlink.service", service_text};
}

Json varlink_service_info(const std::vector<std::string>& interfaces) {
    return {
        {"vendor", vendor}, {"product", product}, {"version", ESS_VERSION}, {"url", url}, {"interfaces", interfaces}};
}

}  // namespace ess
