#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/file.hpp"
#include "core/message_id.hpp"
#include "core/paths.hpp"
#include "fleet/fleet.hpp"
#include "fleet/local_latch.hpp"
#include "host/config_files.hpp"
#include "host/host_facts.hpp"
#include "host/journal.hpp"
#include "host/service_program.hpp"

namespace {

namespace journal = ess::host::journal;
using ess::host::exit_configuration;
using ess::host::exit_failure;
using journal::Level;

constexpr std::size_t handled_limit = std::size_t{1} << 20;

constexpr const char* usage =
    "usage: quantum-ess-fleet [--help | --version | --lost]\n"
    "\n"
    "Joins this host to its fleet: carries out the fleet's orders, and tells the fleet where the host stands. Started\n"
    "by systemd as quantum-ess-fleet.service; configured by fleet: in /etc/quantum/ess.yaml.\n"
    "--lost is for quantum-ess-fleet.service's OnFailure=: with on_loss: trip it sets the latch, and ends.\n"
    "See essctl(1), fleet, for the command that orders.\n";

/// The configuration, if it can be used and there is a fleet; otherwise why not is logged.
std::optional<ess::Config> find_config() {
    ess::ConfigReading reading = ess::host::read_config_files(ess::paths::config_directory);
    // Not as the event that it is for essd: this host's own stop is another matter.
    for (const ess::ConfigFault& fault : reading.faults)
        journal::log(Level::Critical, ess::to_text(fault));
    if (!reading.faults.empty()) return std::nullopt;
    if (reading.config.fleet.is_used()) return std::move(reading.config);
    journal::log(Level::Critical, "there is no fleet: set fleet.endpoints in /etc/quantum/ess.yaml");
    return std::nullopt;
}

int run(journal::Log& log) {
    auto config = find_config();
    if (!config) return exit_configuration;
    const auto bytes = ess::read_file(ess::paths::fleet_handled, handled_limit);
    const bool joins = !bytes && bytes.error().code == ENOENT;
    // Without its memory the host carries out once more what is in force.
    if (!bytes && !joins) journal::log(Level::Error, bytes.error().text);
    std::string host = config->fleet.host.empty() ? ess::host::host_name() : config->fleet.host;
    ess::fleet::Fleet fleet(std::move(*config), std::move(host),
                            ess::HandledOrders(bytes ? *bytes : std::string_view()), joins);
    const int code = fleet.run();
    static_cast<void>(log.stop(ess::monotonic_now() + ess::host::log_patience));
    _exit(code);
}

/// This process cannot stay up, which is a loss that it cannot see any more.
int lost() {
    const auto config = find_config();
    if (!config) return exit_configuration;
    const std::string what =
        "quantum-ess-fleet cannot stay up: this host is cut off from the fleet " + config->fleet.name;
    const bool trips = config->fleet.on_loss == ess::OnLoss::Trip;
    journal::event(ess::message_id::fleet_lost, Level::Critical, what + (trips ? "; tripping (on_loss)" : ""));
    if (!trips) return 0;
    const auto made = ess::fleet::make_latch(config->latch.path, ess::fleet::latch_of_loss(what));
    if (made) return 0;
    journal::log(Level::Critical, "the latch cannot be set: " + made.error().text);
    return exit_failure;
}

}  // namespace

int main(int argc, char** argv) {
    return ess::host::run_program(argc, argv, {"quantum-ess-fleet", usage, "--lost", lost, run});
}
