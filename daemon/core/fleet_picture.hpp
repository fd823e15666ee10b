#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/etcd_reply.hpp"
#include "core/fleet_keys.hpp"
#include "core/fleet_orders.hpp"
#include "core/fleet_report.hpp"

namespace ess {

/// A host as the fleet knows it.
struct FleetHost {
    std::string name;      ///< by its key, which etcd lets no other host write; one clean line
    bool present = false;  ///< its lease lives: it was in contact within its loss_timeout
    HostReport report;     ///< what it said last; all empty if that cannot be read

    /// The stop is in force there, or under way.
    [[nodiscard]] bool is_latched() const { return !report.latch_since.empty(); }
    [[nodiscard]] bool is_down() const { return report.state == "tripped"; }
    /// It would stop when it is told to.
    [[nodiscard]] bool is_armed() const { return present && report.state == "armed" && report.ready; }
    /// It has carried out this order, and all of its units are down.
    [[nodiscard]] bool is_down_by(const std::string& order_id) const {
        return is_down() && report.order_id == order_id;
    }
};

/// All that etcd has of a fleet, at one moment.
struct FleetPicture {
    std::optional<FleetTrip> order;    ///< the newest; nothing: there has never been one
    std::uint64_t order_revision = 0;  ///< when it was put, for a comparison
    std::vector<FleetHost> hosts;      ///< present ones and such that are known, by name

    [[nodiscard]] const FleetHost* find(const std::string& name) const;
};

/// Of a `get` of everything below keys.root().
[[nodiscard]] FleetPicture read_fleet_picture(const EtcdReply& reply, const FleetKeys& keys);

}  // namespace ess
