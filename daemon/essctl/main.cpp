#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "core/status.hpp"
#include "essctl/check_verb.hpp"
#include "essctl/completion.hpp"
#include "essctl/fleet_verbs.hpp"
#include "essctl/ledger_verbs.hpp"
#include "essctl/screen.hpp"
#include "essctl/usage.hpp"
#include "essctl/verbs.hpp"

namespace {

using ess::essctl::Exit;

constexpr const char* footer =
    "Exit codes: 0 fine (status: armed and ready), 1 failed, 2 wrong usage, 3 tripped, 4 not ready or essd out of "
    "reach, 5 refused.\nEvery verb has --help.";

/// The verbs, their options, and what runs them. `run` is set by the verb that was chosen.
struct Verbs {
    ess::essctl::StatusOptions status;
    ess::essctl::TripOptions trip;
    ess::essctl::ResetOptions reset;
    ess::essctl::ApproveOptions approve;
    ess::essctl::StartOptions start;
    ess::essctl::CheckConfigOptions check_config;
    std::function<Exit()> run;

    void declare(CLI::App& app) {
        auto* const show = app.add_subcommand("status", "Show whether the stop would work, or what it stopped");
        show->add_flag("--all", status.all, "Each unit, however many there are");
        show->add_flag("--json", status.json, "The whole status as JSON");
        show->footer(
            "Exit codes: 0 armed and ready, 3 tripped, 4 not ready or essd out of reach.\nExample: essctl status");
        show->callback([this] { run = [this] { return ess::essctl::status(status); }; });

        ess::essctl::declare_watch(app, run);

        auto* const stop = app.add_subcommand("trip", "STOP ALL TRADING: set the latch and follow the stop");
        stop->alias("activate");
        stop->add_option("--reason", trip.reason, "Why; goes into the ledger")->type_name("TEXT");
        stop->add_flag("--no-wait", trip.no_wait, "Return as soon as the latch is set");
        stop->add_flag("--json", trip.json, "Print the status at the end as JSON");
        stop->footer("Example: essctl trip --reason 'runaway orders on desk 4'");
        stop->callback([this] { run = [this] { return ess::essctl::trip(trip); }; });

        auto* const release = app.add_subcommand("reset", "Release the latch and the masks; starts nothing");
        release->alias("deactivate");
        release->add_option("--reason", reset.reason, "Why; goes into the ledger")->type_name("TEXT")->required();
        release->add_option("--approved-by", reset.approved_by, "Who else agrees, for the record")->type_name("NAME");
        release->add_flag("--json", reset.json, "Print the answer as JSON");
        release->footer("Example: essctl reset --reason 'strategy 7 fixed, reviewed by risk'");
        release->callback([this] { run = [this] { return ess::essctl::reset(reset); }; });

        auto* const second = app.add_subcommand("approve", "Approve the reset that another person asked for");
        second->add_option("ID", approve.operation_id, "The id that essctl reset printed")->required();
        second->add_flag("--json", approve.json, "Print the answer as JSON");
        second->footer("With reset.four_eyes.\nExample: essctl approve OPS-2026-01-28-002");
        second->callback([this] { run = [this] { return ess::essctl::approve(approve); }; });

        auto* const begin = app.add_subcommand("start", "After a reset: start what ran before the trip, one by one");
        begin->add_flag("--all", start.all, "The whole allow-list, whatever ran before");
        begin->add_flag("--json", start.json, "Print the last answer as JSON");
        begin->footer("Each unit is watched until it is stable. The first failure trips again.\nExample: essctl start");
        begin->callback([this] { run = [this] { return ess::essctl::start(start); }; });

        auto* const check = app.add_subcommand("check-config", "Check the configuration as essd would read it");
        check->add_option("FILE", check_config.files, "Check these, in this order, in place of /etc/quantum/ess.yaml");
        check->footer("Example: essctl check-config ess.yaml.new && mv ess.yaml.new /etc/quantum/ess.yaml");
        check->callback([this] { run = [this] { return ess::essctl::check_config(check_config); }; });

        ess::essctl::declare_check(app, run);

        ess::essctl::declare_drill(app, run);
        ess::essctl::declare_fleet(app, run);

        auto* const figures = app.add_subcommand("metrics", "Print the metrics, in Prometheus' text format");
        figures->footer(
            "For a file that the node exporter reads, set metrics.textfile; essd then writes it by itself.\n"
            "Example: essctl metrics | promtool check metrics");
        figures->callback([this] { run = ess::essctl::metrics; });

        ess::essctl::declare_ledger(app, run);
        ess::essctl::declare_report(app, run);
        ess::essctl::declare_sign_off(app, run);
        ess::essctl::declare_config_hash(app, run);
        ess::essctl::declare_drift(app, run);
    }
};

}  // namespace

int main(int argc, char** argv) {
    // A reader that goes away (essctl status | head) ends the output, not the stop that it is telling of.
    static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
    CLI::App app("The emergency stop for trading units.", "essctl");
    app.set_version_flag("--version", "essctl " + ess::version());
    app.require_subcommand(1);
    app.footer(footer);
    Verbs verbs;
    verbs.declare(app);
    const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
    try {
        if (!words.empty() && words.front() == "complete") {
            ess::essctl::out(ess::essctl::complete(app, {words.begin() + 1, words.end()}));
            return 0;
        }
        app.parse(argc, argv);
        return static_cast<int>(verbs.run());
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() == 0) return app.exit(error);
        ess::essctl::err(ess::essctl::usage_text(app, words, error));
        return static_cast<int>(Exit::Usage);
    } catch (const std::exception& error) {
        ess::essctl::err(std::string("essctl: ") + error.what() + "\n");
        return static_cast<int>(Exit::Failed);
    }
}
