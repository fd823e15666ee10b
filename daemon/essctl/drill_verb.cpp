#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/drill.hpp"
#include "core/paths.hpp"
#include "essctl/columns.hpp"
#include "essctl/daemon_client.hpp"
#include "essctl/drill_live.hpp"
#include "essctl/drill_text.hpp"
#include "essctl/person.hpp"
#include "essctl/screen.hpp"
#include "essctl/verbs.hpp"

namespace ess::essctl {

namespace {

constexpr Micros connect_patience = std::chrono::seconds(5);
/// Between two rounds: a canary that does not start, and a systemd that does not answer, have their time.
constexpr Micros drill_patience = std::chrono::minutes(3);
/// More rounds than this are counted; those that fail are told in any case.
constexpr std::uint32_t most_rounds_told = 20;

struct DrillOptions {
    std::optional<std::uint32_t> rounds;
    bool live = false;
    bool yes = false;
    bool json = false;
};

Exit fail(const host::ClientFailure& failure) {
    const Explanation why = explain(failure);
    // The one error of a drill that was under way, besides those of one that never began.
    const bool tripped = why.exit == Exit::Tripped;
    err("essctl: " + (tripped ? "no drill: the stop is in force; see: essctl status" : why.text) + "\n");
    return why.exit;
}

Exit exit_of_result(const Json& result) {
    const std::string id = line_at(result, "operation_id");
    if (id.empty()) {
        err("essctl: the drill is not on record yet: the ledger cannot be written; see: essctl status\n");
        return Exit::Failed;
    }
    return text_at(result, "outcome") == "SUCCESS" ? Exit::Fine : Exit::Failed;
}

Exit drill(const DrillOptions& options) {
    if (options.yes && !options.live) {
        err("essctl: drill: --yes is for --live; nobody is asked without\n");
        return Exit::Usage;
    }
    if (options.live) return live_drill({options.rounds.value_or(1), options.json, options.yes});
    const std::uint32_t rounds = options.rounds.value_or(drill_rounds_default);
    auto client = host::VarlinkClient::connect(paths::control_socket, monotonic_now() + connect_patience);
    if (!client) return fail(client.error());
    const Screen screen;
    Json result = Json::object();
    const auto told = [&](const Json& reply) {
        if (const auto last = reply.find("result"); last != reply.end()) result = *last;
        const auto round = reply.find("round");
        if (round == reply.end() || options.json) return true;
        if (rounds <= most_rounds_told || !text_at(*round, "phase").empty()) out(round_text(screen, *round));
        static_cast<void>(flush_out());  // who reads nothing is told by the exit code
        return true;
    };
    if (!options.json) out(wrapped("The stop, on the canary alone; trading goes on.", screen.columns(), 2) + "\n");
    static_cast<void>(flush_out());  // as above
    const Json parameters{{"rounds", rounds}, {"requested_by", person()}};
    const auto done = client->call_more("io.quantum.EmergencyStop.Drill", parameters, drill_patience, told);
    if (!done) return fail(done.error());
    out(options.json ? result.dump(2) + "\n" : "\n" + result_text(screen, result));
    return exit_of_result(result);
}

}  // namespace

void declare_drill(CLI::App& app, Run& run) {
    auto* const verb = app.add_subcommand("drill", "Exercise the stop on the canary, and tell how long it takes");
    const auto options = std::make_shared<DrillOptions>();
    verb->add_option("--rounds", options->rounds, "How many stops: category 0 and 1 in turn (10)")
        ->type_name("N")
        ->check(CLI::Range(1U, drill_rounds_limit, "N"));
    verb->add_flag("--live", options->live,
                   "STOPS ALL TRADING: trip, release and start again, for real; one round unless N");
    verb->add_flag("--yes", options->yes, "With --live: nobody is asked");
    verb->add_flag("--json", options->json, "The result as JSON");
    verb->footer(
        "Without --live trading units are not touched, and a real trip ends it at once. It is an entry of the ledger.\n"
        "With --live each step is one, as by hand, and times count from the latch seen; what somebody else demanded\n"
        "meanwhile, or is not wholly stopped, stays stopped.\n"
        "Exit codes: 0 all rounds were good, 1 one failed, or it could not be recorded, 3 the stop is in force, 4 not "
        "ready\nor essd out of reach, 5 refused.\n"
        "Example: essctl drill --rounds 100");
    verb->callback([options, &run] { run = [options] { return drill(*options); }; });
}

}  // namespace ess::essctl
