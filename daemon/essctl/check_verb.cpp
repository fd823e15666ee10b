#include "essctl/check_verb.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "core/check.hpp"
#include "essctl/check_text.hpp"
#include "essctl/daemon_client.hpp"
#include "essctl/screen.hpp"
#include "host/check_look.hpp"

namespace ess::essctl {

namespace {

/// essd looks at files for 3 s at most and asks systemd for 5 s.
constexpr Micros patience = std::chrono::seconds(10);
/// How long connecting to the system bus may take.
constexpr Micros bus_patience = std::chrono::seconds(3);
/// The findings are prose, which nobody reads in lines of any length.
constexpr std::size_t columns_in_a_pipe = 80;

/// The look without essd: the same, on a loop of its own.
class OwnLook {
  public:
    OwnLook() {
        give_up_ = loop_.add_timer(host::Priority::Bus, [this] { begin(); });
    }

    [[nodiscard]] CheckFacts run(CheckFacts::Essd essd) {
        facts_.essd = essd;
        give_up_.arm(monotonic_now() + bus_patience);
        units_.connect();
        static_cast<void>(loop_.run());
        return std::move(facts_);
    }

  private:
    void begin() {
        if (std::exchange(begun_, true)) return;
        look_.start(std::nullopt, [this](std::optional<HostFacts> host, SystemdFacts systemd) {
            facts_.host = std::move(host);
            facts_.systemd = std::move(systemd);
            loop_.exit(0);
        });
    }

    host::EventLoop loop_;
    host::LoopInbox inbox_{loop_};
    host::UnitControl units_{loop_,
                             inbox_,
                             {.up = [this] { begin(); },
                              .down = [this](const std::string&) { begin(); },
                              .stop_queued = [](const std::string&) {},
                              .stop_finished = [](const std::string&) {},
                              .stop_failed = [](const std::string&, const std::string&) {},
                              .job_removed = [](const std::string&) {},
                              .loaded = [](const std::string&) {},
                              .reloaded = [] {}}};
    host::CheckLook look_{loop_, inbox_, units_};
    host::Source give_up_;
    bool begun_ = false;
    CheckFacts facts_;
};

Json look_here(CheckFacts::Essd essd) {
    // Never destroyed: a thread that a hanging bus or disk keeps would come back to it. The command ends soon.
    static OwnLook* const look = std::make_unique<OwnLook>().release();
    return to_json(check(look->run(essd)), "essctl");
}

/// What the failed question says of essd. One of another version answers, if only that it does not know the method.
CheckFacts::Essd essd_of(const host::ClientFailure& failure) {
    using Kind = host::ClientFailure::Kind;
    if (failure.kind == Kind::NobodyListening) return CheckFacts::Essd::Down;
    const bool is_there = failure.kind == Kind::Answered || failure.kind == Kind::NotPermitted;
    return is_there ? CheckFacts::Essd::Answers : CheckFacts::Essd::Silent;
}

Exit check_all(bool json) {
    auto report = ask_daemon("Check", Json::object(), patience);
    bool essd_answers = true;
    if (!report) {
        const auto& failure = report.error();
        const bool busy = failure.error.name == "io.quantum.EmergencyStop.Busy";
        if (failure.kind == host::ClientFailure::Kind::Answered && busy) {
            const Explanation why = explain(failure);
            err("essctl: " + why.text + "\n");
            return why.exit;
        }
        const CheckFacts::Essd essd = essd_of(failure);
        essd_answers = essd == CheckFacts::Essd::Answers;
        report = look_here(essd);
    }
    const Screen screen;
    out(json ? report->dump(2) + "\n" : check_text(screen, *report, screen.columns().value_or(columns_in_a_pipe)));
    if (!essd_answers) return Exit::NotReady;
    return report->value("ok", false) ? Exit::Fine : Exit::Failed;
}

}  // namespace

void declare_check(CLI::App& app, std::function<Exit()>& run) {
    auto* const verb = app.add_subcommand("check", "Would the stop work? Looks at every unit and every precondition");
    const auto json = std::make_shared<bool>(false);
    verb->add_flag("--json", *json, "The findings, and the facts of each unit, as JSON");
    verb->footer(
        "Each finding says what to do. Works with essd down, as root best.\n"
        "Exit codes: 0 no errors (warnings and notes may be), 1 errors, 4 essd is out of reach.\n"
        "Example: essctl check");
    verb->callback([json, &run] { run = [json] { return check_all(*json); }; });
}

}  // namespace ess::essctl
