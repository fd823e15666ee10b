#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ess {

/// Where a fleet's things are in etcd. Roles are granted on these names (scripts/fleet-roles), so that etcd itself
/// keeps a host from speaking for another, and an operator from asking in another's name.
class FleetKeys {
  public:
    explicit FleetKeys(std::string_view fleet) : root_("/quantum-ess/" + std::string(fleet) + "/") {}

    /// What hosts watch.
    [[nodiscard]] std::string orders() const { return root_ + "orders/"; }
    /// The trip key: anything that is put there stops the fleet.
    [[nodiscard]] std::string trip() const { return orders() + "trip"; }
    /// Resets asked for by this etcd user, who alone may write it.
    [[nodiscard]] std::string reset(std::string_view user) const { return resets() + std::string(user); }
    /// Whose reset key it is; nothing if it is none.
    [[nodiscard]] std::optional<std::string> user_of_reset(std::string_view key) const {
        const std::string prefix = resets();
        if (!key.starts_with(prefix) || key.size() == prefix.size()) return std::nullopt;
        return std::string(key.substr(prefix.size()));
    }

    /// What each host says of itself: under a lease, so gone with the host.
    [[nodiscard]] std::string hosts() const { return root_ + "hosts/"; }
    [[nodiscard]] std::string host(std::string_view name) const { return hosts() + std::string(name); }
    /// The same, kept: who belongs to the fleet, and when it was last seen.
    [[nodiscard]] std::string known_hosts() const { return root_ + "known/"; }
    [[nodiscard]] std::string known_host(std::string_view name) const { return known_hosts() + std::string(name); }
    /// All of it.
    [[nodiscard]] const std::string& root() const { return root_; }

  private:
    [[nodiscard]] std::string resets() const { return orders() + "reset/"; }

    std::string root_;
};

}  // namespace ess
