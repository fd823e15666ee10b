#include "essctl/drill_live.hpp"

#include <unistd.h>

#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "core/drill.hpp"
#include "core/latch_text.hpp"
#include "essctl/columns.hpp"
#include "essctl/daemon_client.hpp"
#include "essctl/drill_text.hpp"
#include "essctl/latch_file.hpp"
#include "essctl/person.hpp"
#include "essctl/screen.hpp"
#include "essctl/status_view.hpp"
#include "essctl/verbs.hpp"
#include "host/config_files.hpp"

namespace ess::essctl {

namespace {

constexpr Micros patience = std::chrono::seconds(5);

class LiveDrill {
  public:
    explicit LiveDrill(const LiveDrillOptions& options) : options_(options) {
        report_.asked = options.rounds;
        report_.budget = host::read_best_config().config.stop.budget;
    }

    Exit run() {
        const auto before = look();
        if (!before) return exit_;
        if (before->state != "armed" || !before->ready) {
            err("essctl: no drill: the state is '" + before->state + "'; see: essctl status\n");
            return before->is_tripped() ? Exit::Tripped : Exit::NotReady;
        }
        if (before->alive() == 0) {
            err("essctl: no drill: no unit of the allow-list runs, so nothing would be exercised\n");
            return Exit::Refused;
        }
        if (!options_.yes && !confirms(*before)) return exit_;
        while (report_.rounds.size() < options_.rounds && round()) {
        }
        tell();
        if (exit_ != Exit::Fine) return exit_;
        return report_.outcome() == Outcome::Success ? Exit::Fine : Exit::Failed;
    }

  private:
    std::optional<StatusView> look() {
        const auto status = ask_daemon("Status", Json::object(), patience);
        if (status) return view_of(*status);
        const Explanation why = explain(status.error());
        err("essctl: " + why.text + "\n");
        exit_ = why.exit;
        return std::nullopt;
    }

    bool confirms(const StatusView& status) {
        exit_ = Exit::Usage;
        if (::isatty(STDIN_FILENO) != 1) {
            err("essctl: this stops all trading; where nobody can be asked it needs --yes\n");
            return false;
        }
        out(wrapped("This STOPS ALL TRADING on this host, for real: " + count_of(status.alive(), "unit") + " of " +
                        std::to_string(status.units.size()) + " now. Then it is released, and what ran is started, " +
                        "one by one. Type yes to go on: ",
                    Screen().columns(), 2));
        static_cast<void>(flush_out());  // who does not see the question does not answer it
        std::string answer;
        if (!std::getline(std::cin, answer) || answer != "yes") {
            err("essctl: nothing was done\n");
            return false;
        }
        exit_ = Exit::Fine;
        return true;
    }

    /// Whether there may be another one.
    bool round() {
        round_ = DrillRound{};
        round_.number = static_cast<std::uint32_t>(report_.rounds.size()) + 1;
        const std::string reason =
            "drill --live, round " + std::to_string(round_.number) + " of " + std::to_string(options_.rounds);
        const bool stopped = stop(reason);
        const bool goes_on = stopped && release(reason) && start_again();
        if (stopped || !round_.failed.empty()) report_.rounds.push_back(round_);
        return goes_on && round_.failed.empty();
    }

    bool stop(const std::string& reason) {
        marks_.clear();
        for (const std::string& path : latch_paths()) {
            const auto set = set_latch(path, latch_content_text({reason, person(), "essctl drill"}));
            if (!set) return fail("stop", "the latch cannot be set: " + set.error().text, Exit::Refused);
            if (*set == LatchSet::AlreadyThere) return end("somebody else tripped", Exit::Tripped);
            marks_[path] = latch_mark(path);
        }
        const Exit followed = follow_trip({.reason = reason, .json = false, .no_wait = false, .quiet = options_.json});
        const auto status = look();
        if (!status) return fail("stop", "essd does not answer", exit_);
        note(*status);
        if (followed != Exit::Fine || status->state != "tripped") {
            return fail("stop", "the stop is not complete", Exit::Failed);
        }
        if (!round_.empty) {
            fail("empty", "when the last process ended is not known", Exit::Failed);
        } else if (*round_.empty > report_.budget) {
            fail("empty", "the last process ended after " + to_ms_text(*round_.empty) + " ms", Exit::Failed);
        }
        return true;
    }

    /// Which units fell when.
    void note(const StatusView& status) {
        round_.empty = status.stop();
        for (const UnitView& unit : status.units) {
            if (unit.stop) times_[unit.name].push_back(*unit.stop);
        }
        if (status.last_operation) operation_id_ = status.last_operation->id;
    }

    bool release(const std::string& reason) {
        for (const auto& [path, mark] : marks_) {
            if (latch_mark(path) != mark) return end("somebody demanded the stop meanwhile", Exit::Tripped);
        }
        const Exit released = reset({.reason = reason, .approved_by = {}, .json = false, .quiet = options_.json});
        if (released != Exit::Fine) return fail("reset", "it cannot be released", released);
        const auto status = look();
        if (!status) return fail("reset", "essd does not answer", exit_);
        if (!status->is_tripped()) return true;
        return end("the release waits for a second person; then: essctl start", Exit::Tripped);
    }

    bool start_again() {
        const Exit started = start({.all = false, .json = false, .quiet = options_.json});
        return started == Exit::Fine || fail("start", "what ran before cannot be started", started);
    }

    bool fail(const std::string& phase, const std::string& why, Exit exit) {
        if (round_.failed.empty()) {
            round_.failed = phase;
            round_.why = why;
        }
        exit_ = exit == Exit::Fine ? Exit::Failed : exit;
        return false;
    }

    bool end(const std::string& why, Exit exit) {
        report_.ended = why + ": the stop is in force";
        exit_ = exit;
        return false;
    }

    [[nodiscard]] Json result() const {
        Json json = drill_result(report_, operation_id_);
        json["live"] = true;
        json["categories"] = Json::array();  // each unit has its own
        json["units"] = Json::array();
        for (const auto& [name, times] : times_) {
            const auto spread = spread_of(times);
            json["units"].push_back({{"name", name},
                                     {"rounds", times.size()},
                                     {"max_ms", static_cast<double>(spread->max.count()) / 1000}});
        }
        return json;
    }

    void tell() const { out(options_.json ? result().dump(2) + "\n" : "\n" + result_text(Screen(), result())); }

    LiveDrillOptions options_;
    DrillReport report_;
    DrillRound round_;
    std::map<std::string, std::string> marks_;          ///< of each latch that was set
    std::map<std::string, std::vector<Micros>> times_;  ///< by unit
    std::string operation_id_;
    Exit exit_ = Exit::Fine;
};

}  // namespace

Exit live_drill(const LiveDrillOptions& options) {
    return LiveDrill(options).run();
}

}  // namespace ess::essctl
