#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "core/etcd_reply.hpp"

// What operators order the fleet to do, and the memory that keeps an order from being carried out twice.

namespace ess {

/// What may be at a key of the orders, at most. A longer trip is a trip all the same.
inline constexpr std::size_t fleet_order_limit = 4096;

/// A trip of the fleet.
struct FleetTrip {
    std::string id;  ///< the same on every host
    std::string reason;
    std::string requested_by;
    std::string at;                          ///< RFC 3339 by the operator's clock: for people, nothing is decided by it
    std::optional<std::string> released_by;  ///< the fleet was released since; nothing while the trip is in force
    std::string release_reason;
};

/// Reads what is at the trip key. Anything there is a trip: what is not of the form that `essctl fleet trip` writes is
/// its reason, and its id is made of where and when it was put, so that every host has the same.
[[nodiscard]] FleetTrip read_fleet_trip(const EtcdKeyValue& order, std::uint64_t cluster_id);
/// As `essctl fleet trip` puts it.
[[nodiscard]] std::string to_text(const FleetTrip& trip);

/// A reset that somebody asks hosts for. Unlike a trip, what is not of this form is none.
struct FleetReset {
    std::string id;
    std::string reason;
    /// For each host that is asked, the moment at which its trip began (latch.since of its status): a later trip is not
    /// what was meant.
    std::map<std::string, std::string> hosts;
};
[[nodiscard]] std::optional<FleetReset> read_fleet_reset(std::string_view text);
[[nodiscard]] std::string to_text(const FleetReset& reset);

/// "FLEET-2026-11-26-3f9a1c7e", of this day and these random bytes.
[[nodiscard]] std::string make_fleet_id(std::string_view date, std::string_view random);

/// The ids of orders that this host has carried out: a replay, a restart, or a restored cluster changes nothing.
class HandledOrders {
  public:
    /// Of a host that has never been in a fleet.
    HandledOrders() = default;
    /// What text() gave; lines that are no id are left out.
    explicit HandledOrders(std::string_view text);

    [[nodiscard]] bool contains(const std::string& id) const { return known_.contains(id); }
    /// The oldest ones beyond `limit` are forgotten.
    void add(const std::string& id);
    /// One id a line, oldest first.
    [[nodiscard]] std::string text() const;

    static constexpr std::size_t limit = 1000;  ///< more orders than a fleet sees in years

  private:
    std::vector<std::string> ids_;
    std::set<std::string> known_;
};

}  // namespace ess
