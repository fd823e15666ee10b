// What can be wrong with the guard and the units.
#include "core/check_cases.hpp"

namespace ess::test {

using Severity = Finding::Severity;

std::vector<Case> guard_cases() {
    using Kind = GeneratorFacts::Kind;
    const auto generator = [](Kind kind) { return [kind](CheckFacts& f) { f.host->generator.kind = kind; }; };
    const std::string path = "/usr/lib/systemd/system-generators/quantum-ess-generator";
    return {
        {"no generator", generator(Kind::Missing), "generator", Severity::Error, path, "install"},
        {"not executable", generator(Kind::NotExecutable), "generator", Severity::Error, path, "chmod 755 " + path},
        {"overridden", generator(Kind::Overridden), "generator", Severity::Error, path, "rm " + path},
        {"no drop-in", [](CheckFacts& f) { f.host->dropins.clear(); }, "guard-missing", Severity::Error, checked_unit,
         "systemctl daemon-reload"},
        {"an old drop-in", [](CheckFacts& f) { f.host->dropins[checked_unit] += "#"; }, "guard-stale", Severity::Error,
         checked_unit, "systemctl daemon-reload"},
        {"not read yet",
         [](CheckFacts& f) {
             unit(f).dropins.clear();
             unit(f).condition_words.clear();
         },
         "guard-not-loaded", Severity::Error, checked_unit, "systemctl daemon-reload"},
        {"for another latch", [](CheckFacts& f) { unit(f).condition_words[4] = "/run/other"; }, "guard-not-loaded",
         Severity::Error, checked_unit, "systemctl daemon-reload"},
        {"without the interlock", [](CheckFacts& f) { unit(f).condition_words.pop_back(); }, "guard-not-loaded",
         Severity::Error, checked_unit, "systemctl daemon-reload"},
        {"undone",
         [](CheckFacts& f) {
             unit(f).dropins.emplace_back("/etc/systemd/system/service.d/zzz.conf");
             unit(f).condition_words.clear();
         },
         "guard-not-loaded", Severity::Error, checked_unit, "out of /etc/systemd/system/service.d/zzz.conf"},
    };
}

std::vector<Case> unit_cases() {
    const auto load = [](const char* state) { return [state](CheckFacts& f) { unit(f).state.load = state; }; };
    const auto file = [](const char* path) { return [path](CheckFacts& f) { unit(f).file = path; }; };
    return {
        {"not installed", load("not-found"), "unit-missing", Severity::Warning, checked_unit, "list-unit-files"},
        {"masked", load("masked"), "unit-masked", Severity::Note, checked_unit, "systemctl unmask " + checked_unit},
        {"broken", load("bad-setting"), "unit-broken", Severity::Error, checked_unit, "systemd-analyze verify"},
        {"in error", load("error"), "unit-broken", Severity::Error, checked_unit, "systemd-analyze verify"},
        {"files changed", [](CheckFacts& f) { unit(f).needs_reload = true; }, "daemon-reload-needed", Severity::Warning,
         checked_unit, "systemctl daemon-reload"},
        {"a drop-in in a new directory",
         [](CheckFacts& f) {
             f.host->unit_dropins[checked_unit + ".d"] = {"/etc/systemd/system/" + checked_unit + ".d/a.conf"};
         },
         "daemon-reload-needed", Severity::Warning, checked_unit, "systemctl daemon-reload"},
        {"in /etc's control", file("/etc/systemd/system.control/a.service"), "above-masks", Severity::Warning,
         checked_unit, "/etc/systemd/system"},
        {"in /run's control", file("/run/systemd/system.control/a.service"), "above-masks", Severity::Warning,
         checked_unit, "/etc/systemd/system"},
        {"transient", file("/run/systemd/transient/a.service"), "above-masks", Severity::Warning, checked_unit,
         "/etc/systemd/system"},
        {"jailed", [](CheckFacts& f) { unit(f).relations.jailed = true; }, "unit-jailed", Severity::Error, checked_unit,
         "RootDirectoryStartOnly=yes"},
        {"after essd", [](CheckFacts& f) { unit(f).relations.after = {"essd.service"}; }, "ordered-against-essd",
         Severity::Error, checked_unit, "After="},
        {"before essd", [](CheckFacts& f) { unit(f).before = {"essd.service"}; }, "ordered-against-essd",
         Severity::Error, checked_unit, "Before="},
        {"pulls down", [](CheckFacts& f) { unit(f).relations.pulls_down = {"other.service"}; }, "pulls-down",
         Severity::Warning, checked_unit, "Wants="},
        {"a timer", [](CheckFacts& f) { unit(f).relations.triggered_by = {"a.timer"}; }, "started-by", Severity::Note,
         checked_unit, ""},
        {"another unit", [](CheckFacts& f) { unit(f).started_by = {"b.service"}; }, "started-by", Severity::Note,
         checked_unit, ""},
        {"a pattern that covers nothing", [](CheckFacts& f) { f.systemd.found["x@*.service"]; }, "pattern-empty",
         Severity::Warning, "x@*.service", "list-unit-files"},
    };
}

std::vector<Case> ending_cases() {
    return {
        {"ignores SIGTERM", [](CheckFacts& f) { unit(f).fate = SignalFate::Ignored; }, "ignores-stop-signal",
         Severity::Note, checked_unit, "category: 0"},
        {"ExecStop=", [](CheckFacts& f) { unit(f).has_stop_command = true; }, "stop-command-cut-off", Severity::Note,
         checked_unit, "grace"},
        {"ExecStop= for ever",
         [](CheckFacts& f) {
             unit(f).has_stop_command = true;
             unit(f).stop_timeout.reset();
         },
         "stop-command-cut-off", Severity::Note, checked_unit, "grace"},
        {"ExecStop= of category 0",
         [](CheckFacts& f) {
             unit(f).has_stop_command = true;
             f.host->config.units[0] = {checked_unit, StopCategory::Immediate, 0s};
             f.running = f.host->config;
         },
         "stop-command-skipped", Severity::Note, checked_unit, "category: 1"},
        {"KillMode=process", [](CheckFacts& f) { unit(f).kill_mode = "process"; }, "leaves-processes", Severity::Note,
         checked_unit, ""},
        {"KillMode=none", [](CheckFacts& f) { unit(f).kill_mode = "none"; }, "leaves-processes", Severity::Note,
         checked_unit, ""},
        {"SendSIGKILL=no", [](CheckFacts& f) { unit(f).kills = false; }, "leaves-processes", Severity::Note,
         checked_unit, ""},
        {"RefuseManualStop=yes", [](CheckFacts& f) { unit(f).refuses_stop = true; }, "refuses-stop", Severity::Note,
         checked_unit, "category: 0"},
    };
}

}  // namespace ess::test
