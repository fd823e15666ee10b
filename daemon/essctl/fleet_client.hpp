#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "base/clock.hpp"
#include "core/config.hpp"
#include "core/fleet_picture.hpp"
#include "essctl/exit_code.hpp"
#include "host/etcd_call.hpp"
#include "host/etcdctl.hpp"

namespace ess::essctl {

/// Whose certificate is used in place of the configured one; both or neither.
struct FleetOptions {
    std::string certificate;
    std::string key;
};

/// Why the fleet did not answer: a sentence for a person, and the exit code.
struct FleetFailure {
    std::string text;
    Exit exit = Exit::NotReady;  ///< Refused: etcd does not permit it
    bool lasting = false;        ///< asked again it would fail again
};
template <class T = void>
using FleetResult = tl::expected<T, FleetFailure>;

/// The fleet of this host's configuration, with an operator's certificate. Each question blocks until a member answers,
/// or none does: 2 s for each that is gone.
class FleetClient {
  public:
    /// A failure if there is no fleet to speak of.
    [[nodiscard]] static FleetResult<FleetClient> make(const FleetOptions& options);

    [[nodiscard]] const FleetKeys& keys() const { return keys_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    /// By which etcd knows this operator: the certificate's common name.
    [[nodiscard]] FleetResult<std::string> user() const;

    [[nodiscard]] FleetResult<FleetPicture> look();
    /// Under a lease unless `time` is zero.
    [[nodiscard]] FleetResult<> put(const std::string& key, const std::string& value, Micros time = {});
    /// Whether it was still as it was put at `revision`.
    [[nodiscard]] FleetResult<bool> put_if_unchanged(const std::string& key, const std::string& value,
                                                     std::uint64_t revision);
    [[nodiscard]] FleetResult<> remove(const std::string& key);

  private:
    FleetClient(const Config::Fleet& fleet, const host::Etcdctl::Access& access);
    [[nodiscard]] FleetResult<std::string> ask(const host::EtcdCall::Question& question);

    std::string name_;
    FleetKeys keys_;
    std::string certificate_;
    std::vector<host::Etcdctl> members_;  ///< the one that answered last first
};

}  // namespace ess::essctl
