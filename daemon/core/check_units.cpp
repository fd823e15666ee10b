// What a check finds about the allowed units.

#include <algorithm>
#include <array>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/check_rules.hpp"
#include "core/unit_name.hpp"

namespace ess {

namespace {

/// Unit files in these rank above a generator's early directory, so that no mask of a trip outranks them
/// (systemd.unit(5), "UNIT FILE LOAD PATH"). The guard's drop-ins hold there too.
constexpr std::array<std::string_view, 3> above_masks{"/etc/systemd/system.control/", "/run/systemd/system.control/",
                                                      "/run/systemd/transient/"};
constexpr const char* essd_unit = "essd.service";

/// One unit that is loaded, with the rule that allows it.
struct Allowed {
    const CheckContext& context;
    const UnitFacts& unit;
    const UnitRule& rule;
};

bool contains(const std::vector<std::string>& words, const std::string& word) {
    return std::ranges::find(words, word) != words.end();
}

std::string joined(const std::set<std::string>& words) {
    return join({words.begin(), words.end()}, ", ");
}

std::string limit_text(const std::optional<Micros>& limit) {
    return limit ? to_text(*limit) : "infinity";
}

/// Those that somebody would choose for KillSignal=, by name (signal(7)).
std::string signal_text(int number) {
    constexpr std::array<std::string_view, 16> names{"", "HUP",  "INT",  "QUIT", "",     "", "", "",
                                                     "", "KILL", "USR1", "",     "USR2", "", "", "TERM"};
    const auto index = static_cast<std::size_t>(number);
    const bool known = index < names.size() && !names.at(index).empty();
    return known ? "SIG" + std::string(names.at(index)) : "signal " + std::to_string(number);
}

/// A drop-in that systemd has not read; empty if there is none. systemd does not know of one whose directory is new
/// (NeedDaemonReload stays false, seen on 252). One of the same name in a directory that ranks higher takes its place.
std::string unread_dropin(const Allowed& given) {
    const auto& host = given.context.facts.host;
    if (!host) return {};
    const auto found = host->unit_dropins.find(given.unit.name + ".d");
    if (found == host->unit_dropins.end()) return {};
    for (const std::string& path : found->second) {
        const auto is_it = [&](const std::string& read) { return leaf_of(read) == leaf_of(path); };
        if (std::ranges::none_of(given.unit.dropins, is_it)) return path;
    }
    return {};
}

void check_file(const Allowed& given, Findings& findings) {
    const UnitFacts& unit = given.unit;
    const std::string unread = unread_dropin(given);
    if (unit.needs_reload || !unread.empty()) {
        findings.warning("daemon-reload-needed", unit.name,
                         (unread.empty() ? "files were changed since systemd read them"
                                         : "systemd has not read " + unread + " yet") +
                             ": what is found here may not be what they say",
                         "systemctl daemon-reload");
    }
    const bool above = std::ranges::any_of(above_masks, [&](std::string_view d) { return unit.file.starts_with(d); });
    if (above) {
        findings.warning("above-masks", unit.name,
                         "file " + unit.file + ", which outranks the mask of a trip; only the guard holds it",
                         "move the file to /etc/systemd/system, then: systemctl daemon-reload");
    }
    if (unit.relations.jailed) {
        findings.error("unit-jailed", unit.name,
                       "the guard cannot see the latch in its RootDirectory= or RootImage=: it could start while "
                       "tripped, or not at all",
                       "add RootDirectoryStartOnly=yes to [Service] of the unit, then: systemctl daemon-reload");
    }
}

void check_relations(const Allowed& given, Findings& findings) {
    const UnitFacts& unit = given.unit;
    if (contains(unit.relations.after, essd_unit) || contains(unit.before, essd_unit)) {
        findings.error("ordered-against-essd", unit.name,
                       "ordered against essd.service: an essd that is killed in the middle of a trip could not "
                       "come back before this unit has stopped",
                       "take essd.service out of its After= and Before=, then: systemctl daemon-reload");
    }
    const std::set<std::string> pulled = given.context.pulled_down(unit.name);
    if (!pulled.empty()) {
        std::set<std::string> guarded;
        for (const std::string& name : pulled) {
            if (!protecting_entry(name, given.context.config.protected_units).empty()) guarded.insert(name);
        }
        findings.warning(
            "pulls-down", unit.name,
            "a stop would take down along with it, though not on the allow-list: " + joined(pulled) +
                (guarded.empty() ? "" : "; of these protected: " + joined(guarded)),
            "in those: Wants= in place of Requires=, Requisite=, BindsTo= and PartOf=; or put them on the allow-list");
    }
    std::set<std::string> starters(unit.relations.triggered_by.begin(), unit.relations.triggered_by.end());
    for (const std::string& name : unit.started_by) {
        if (!name.ends_with(".target")) starters.insert(name);
    }
    std::erase_if(starters, [&](const std::string& name) { return given.context.rule_of(name) != nullptr; });
    if (!starters.empty()) {
        findings.note("started-by", unit.name,
                      "started by " + joined(starters) + ", which a trip leaves alone: powerless while it lasts", "");
    }
}

/// What does not end a unit by itself within its grace. The stop works all the same: the kernel kills what is left.
void check_ending(const Allowed& given, Findings& findings) {
    const UnitFacts& unit = given.unit;
    if (unit.kill_mode.empty()) return;
    if (given.rule.category == StopCategory::Immediate) {
        if (unit.has_stop_command) {
            findings.note("stop-command-skipped", unit.name, "category 0, killed at once: ExecStop= is not run",
                          "if it has to run: category: 1 in /etc/quantum/ess.yaml");
        }
        return;
    }
    const std::string then = "the kernel kills it after the grace, " + to_text(given.rule.grace);
    if (unit.refuses_stop) {
        findings.note("refuses-stop", unit.name, "RefuseManualStop=yes, so systemd will not stop it; " + then,
                      "if that is meant: category: 0 in /etc/quantum/ess.yaml saves the grace");
    } else if (unit.fate == SignalFate::Ignored) {
        findings.note("ignores-stop-signal", unit.name,
                      signal_text(unit.kill_signal) + " is ignored (TimeoutStopSec=" + limit_text(unit.stop_timeout) +
                          "); " + then,
                      "let the program end on the signal, or save the grace: category: 0 in /etc/quantum/ess.yaml");
    }
    if (unit.has_stop_command && (!unit.stop_timeout || *unit.stop_timeout > given.rule.grace)) {
        findings.note("stop-command-cut-off", unit.name,
                      "ExecStop= may take TimeoutStopSec=" + limit_text(unit.stop_timeout) +
                          "; what is not over after the grace, " + to_text(given.rule.grace) + ", is killed",
                      "see that it is over by then, or raise the unit's grace in /etc/quantum/ess.yaml");
    }
    const bool leaves = unit.kill_mode == "process" || unit.kill_mode == "none" || !unit.kills;
    if (leaves) {
        findings.note("leaves-processes", unit.name,
                      "systemd may leave processes of it behind (" +
                          (unit.kills ? "KillMode=" + unit.kill_mode : std::string("SendSIGKILL=no")) + "); " + then,
                      "");
    }
}

/// Whether systemd has the unit itself; says why not.
bool is_loaded(const CheckContext& context, const UnitFacts& unit, Findings& findings) {
    const std::string& load = unit.state.load;
    if (load == "not-found") {
        findings.warning("unit-missing", unit.name, "not installed; a misspelt name would not be stopped",
                         "compare with: systemctl list-unit-files; then correct /etc/quantum/ess.yaml");
    } else if (load == "masked") {
        if (!context.tripped) {
            findings.note("unit-masked", unit.name, "masked although nothing is tripped: cannot be started",
                          "if that is not meant: systemctl unmask " + unit.name);
        }
    } else if (load != "loaded") {
        findings.error("unit-broken", unit.name, "systemd cannot load it (" + load + ")",
                       "systemd-analyze verify " + unit.name);
    }
    return load == "loaded";
}

}  // namespace

void check_units(const CheckContext& context, Findings& findings) {
    for (const auto& [pattern, units] : context.facts.systemd.found) {
        if (!units.empty()) continue;
        findings.warning("pattern-empty", pattern, "covers no unit that is loaded or installed",
                         "compare with: systemctl list-unit-files; then correct /etc/quantum/ess.yaml");
    }
    for (const std::string& name : context.allowed()) {
        const UnitFacts* const unit = context.unit(name);
        if (unit == nullptr || !is_loaded(context, *unit, findings)) continue;
        const Allowed allowed{context, *unit, *context.rule_of(name)};
        check_file(allowed, findings);
        check_relations(allowed, findings);
        check_ending(allowed, findings);
    }
}

Json unit_facts_json(const CheckContext& context, const std::string& name) {
    const UnitFacts* const known = context.unit(name);
    const UnitFacts unit = known != nullptr ? *known : UnitFacts{};
    const UnitRule& rule = *context.rule_of(name);
    const bool controlled = rule.category == StopCategory::Controlled;
    const auto ms = [](const std::optional<Micros>& span) {
        return span ? Json(std::chrono::duration_cast<std::chrono::milliseconds>(*span).count()) : Json(nullptr);
    };
    const std::set<std::string> pulled = context.pulled_down(name);
    std::set<std::string> starters(unit.relations.triggered_by.begin(), unit.relations.triggered_by.end());
    starters.insert(unit.started_by.begin(), unit.started_by.end());
    return {{"name", name},
            {"rule", rule.name},
            {"load_state", unit.state.load},
            {"active_state", unit.state.active},
            {"unit_file", unit.file},
            {"unit_file_state", unit.file_state},
            {"guarded", known != nullptr && context.has_guard(unit)},
            {"category", static_cast<int>(rule.category)},
            {"grace_ms", controlled ? ms(rule.grace) : Json(nullptr)},
            {"kill_mode", unit.kill_mode},
            {"timeout_stop_ms", ms(unit.stop_timeout)},
            {"pulls_down", std::vector<std::string>(pulled.begin(), pulled.end())},
            {"started_by", std::vector<std::string>(starters.begin(), starters.end())}};
}

}  // namespace ess
