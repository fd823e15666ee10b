#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fleet_keys.hpp"
#include "core/fleet_report.hpp"
#include "program/process.hpp"

namespace ess::test {

/// Whether etcd, etcdctl and openssl are here; says for the counts if not.
[[nodiscard]] bool has_etcd();

/// A fleet in the sandbox: one member of etcd, with certificates on both sides, authentication, and the roles that
/// scripts/fleet-roles makes; alice is the operator whose certificate ess.yaml names. Hosts are what tests put.
class FleetEtcd {
  public:
    FleetEtcd();

    const FleetKeys keys{"main"};

    /// As the cluster's root.
    void put(const std::string& key, const std::string& value) const;
    [[nodiscard]] std::string get(const std::string& key) const;
    void remove(const std::string& key) const;

    /// The host says this, and is in contact.
    void report(const HostReport& report) const;
    /// It was in contact once.
    void report_absent(const HostReport& report) const;

    /// A certificate, in directory()/USER.pem and .key.
    void certify(const std::string& user) const;
    /// And a role, by scripts/fleet-roles: "operator" or "risk".
    void add_user(const std::string& kind, const std::string& user) const;
    /// The options for essctl with that certificate.
    [[nodiscard]] std::vector<std::string> as(const std::string& user) const;

    /// As with all members gone; start() brings it back with its data.
    void stop();
    void start();

  private:
    [[nodiscard]] std::string endpoint() const { return "https://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::vector<std::string> access() const;
    [[nodiscard]] Ended etcdctl(std::vector<std::string> words) const;
    void make_authority() const;
    void roles(std::vector<std::string> words) const;

    std::uint16_t port_;
    std::uint16_t peer_port_;
    std::optional<Process> member_;
};

/// A host that is armed and would stop.
[[nodiscard]] HostReport armed_host(const std::string& name);
/// The same, after it carried out the order.
[[nodiscard]] HostReport tripped_host(const std::string& name, const std::string& order_id);

}  // namespace ess::test
