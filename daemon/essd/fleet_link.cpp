#include "essd/fleet_link.hpp"

#include <utility>

#include "core/fleet_report.hpp"
#include "core/paths.hpp"

namespace ess::essd {

FleetLink::FleetLink(const Config::Fleet& fleet, Instant started) : fleet_(fleet), heard_(started) {}

void FleetLink::reported(FleetInfo info, Instant now) {
    info.name = fleet_.name;
    last_ = std::move(info);
    heard_ = now;
}

bool FleetLink::is_silent(Instant now) const {
    return now - heard_ > fleet_report_patience;
}

std::optional<FleetInfo> FleetLink::info(Instant now) const {
    if (!fleet_.is_used()) return std::nullopt;
    FleetInfo info = last_.value_or(FleetInfo{fleet_.name, fleet_.host, false, "not heard of yet", {}, {}});
    if (!is_silent(now)) return info;
    info.connected = false;
    info.trouble = std::string(paths::fleet_unit) + " does not report";
    return info;
}

FleetLink::Warnings FleetLink::warnings(Instant now) const {
    if (!fleet_.is_used()) return {};
    if (is_silent(now)) {
        return {"", std::string(paths::fleet_unit) + " does not report, so no order of the fleet " + fleet_.name +
                        " reaches this host: systemctl status " + paths::fleet_unit};
    }
    if (!last_ || last_->connected) return {};
    return {"cut off from the fleet " + fleet_.name + ", whose orders do not reach this host: " + last_->trouble +
                "; stop it with essctl trip if in doubt",
            ""};
}

}  // namespace ess::essd
