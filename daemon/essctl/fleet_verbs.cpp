#include "essctl/fleet_verbs.hpp"

#include <sys/random.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <stdexcept>

#include "core/fleet_orders.hpp"
#include "essctl/screen.hpp"

namespace ess::essctl {

namespace {

void add_access(CLI::App& verb, FleetOptions& options) {
    auto* const certificate =
        verb.add_option("--certificate", options.certificate, "In place of fleet.operator_certificate");
    auto* const key = verb.add_option("--key", options.key, "In place of fleet.operator_key");
    certificate->type_name("FILE")->needs(key);
    key->type_name("FILE")->needs(certificate);
}

void declare_trip(CLI::App& fleet, Run& run) {
    auto* const verb = fleet.add_subcommand("trip", "STOP ALL TRADING ON ALL HOSTS, and follow the stop");
    const auto options = std::make_shared<FleetTripOptions>();
    verb->add_option("--reason", options->reason, "Why; goes into the ledger of each host")->type_name("TEXT");
    verb->add_flag("--no-wait", options->no_wait, "Return as soon as the order is put");
    verb->add_flag("--json", options->json, "The result as JSON");
    add_access(*verb, options->access);
    verb->footer(
        "Exit codes: 0 all hosts are down, 1 some are not, or are out of contact, 4 the order could not be put: trip "
        "each host by itself, 5 refused.\nExample: essctl fleet trip --reason 'runaway orders on desk 4'");
    verb->callback([options, &run] { run = [options] { return fleet_trip(*options); }; });
}

void declare_status(CLI::App& fleet, Run& run) {
    auto* const verb = fleet.add_subcommand("status", "Where each host stands");
    const auto options = std::make_shared<FleetShowOptions>();
    verb->add_flag("--json", options->json, "As JSON");
    add_access(*verb, options->access);
    verb->footer(
        "Exit codes: 0 all hosts are armed and ready, 3 some host is tripped, 4 some host is absent or not ready, or "
        "etcd is out of reach.\nExample: essctl fleet status");
    verb->callback([options, &run] { run = [options] { return fleet_status(*options); }; });
}

void declare_fleet_drift(CLI::App& fleet, Run& run) {
    auto* const verb = fleet.add_subcommand("drift", "Whether all hosts have one trading configuration now");
    const auto options = std::make_shared<FleetShowOptions>();
    verb->add_flag("--json", options->json, "As JSON");
    add_access(*verb, options->access);
    verb->footer(
        "Exit codes: 0 one configuration, 1 drift, 4 not proven: a host is absent or does not say, or etcd is out of "
        "reach.\nExample: essctl fleet drift");
    verb->callback([options, &run] { run = [options] { return fleet_drift(*options); }; });
}

void declare_reset(CLI::App& fleet, Run& run) {
    auto* const verb = fleet.add_subcommand("reset", "Ask hosts for a reset, each by its own rules; starts nothing");
    const auto options = std::make_shared<FleetResetOptions>();
    verb->add_option("--reason", options->reason, "Why; goes into the ledger of each host")
        ->type_name("TEXT")
        ->required();
    auto* const hosts =
        verb->add_option("--host", options->hosts, "Ask this one; may be given again")->type_name("HOST");
    verb->add_flag("--all", options->all, "Ask all that are tripped, and release the order")->excludes(hosts);
    verb->add_flag("--json", options->json, "The answers as JSON");
    add_access(*verb, options->access);
    verb->footer(
        "With reset.four_eyes a reset waits on its host for another person there: essctl approve ID.\n"
        "Exit codes: 0 all that were asked are released, 1 one failed or has not answered, 3 one waits for a second "
        "person, 4 etcd out of reach, 5 refused.\n"
        "Example: essctl fleet reset --reason 'strategy 7 fixed, reviewed by risk' --all");
    verb->callback([options, &run] { run = [options] { return fleet_reset(*options); }; });
}

void declare_forget(CLI::App& fleet, Run& run) {
    auto* const verb = fleet.add_subcommand("forget", "Take a host that is gone for good out of the fleet");
    const auto options = std::make_shared<FleetForgetOptions>();
    verb->add_option("HOST", options->host, "As fleet status has it")->required();
    add_access(*verb, options->access);
    verb->footer(
        "A host that is in contact cannot be forgotten: stop its quantum-ess-fleet.service first.\n"
        "Example: essctl fleet forget trader-7");
    verb->callback([options, &run] { run = [options] { return fleet_forget(*options); }; });
}

}  // namespace

void declare_fleet(CLI::App& app, Run& run) {
    auto* const fleet = app.add_subcommand("fleet", "Several hosts that stop together, over etcd");
    fleet->require_subcommand(1);
    fleet->footer("Each of its verbs has --help.\nExample: essctl fleet status");
    declare_trip(*fleet, run);
    declare_status(*fleet, run);
    declare_fleet_drift(*fleet, run);
    declare_reset(*fleet, run);
    declare_forget(*fleet, run);
}

Exit fail(const FleetFailure& failure) {
    err("essctl: " + failure.text + "\n");
    return failure.exit;
}

std::string new_fleet_id() {
    std::array<char, 4> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        throw std::runtime_error("getrandom");
    }
    constexpr std::size_t date = 10;
    return make_fleet_id(to_rfc3339(wall_now()).substr(0, date), {random.data(), random.size()});
}

}  // namespace ess::essctl
