#include "core/guard.hpp"

#include "base/json.hpp"
#include "core/drill.hpp"
#include "core/paths.hpp"
#include "core/unit_name.hpp"

namespace ess {

namespace {

/// A path as one word of a unit file's command line (systemd.service(5), "COMMAND LINES", and systemd.unit(5),
/// "SPECIFIERS").
std::string command_word(std::string_view path) {
    std::string word = "\"";
    for (const char c : path) {
        if (c == '"' || c == '\\') word += '\\';
        if (c == '%' || c == '$') word += c;
        word += c;
    }
    return word + "\"";
}

/// A path as the value of Assert*=.
std::string plain_path(std::string_view path) {
    std::string text;
    for (const char c : path) {
        if (c == '%') text += c;
        text += c;
    }
    return text;
}

std::string assertions(const Config& config) {
    std::string text;
    for (const std::string& path : {config.latch.path, std::string(paths::latch_copy)}) {
        text += "AssertPathExists=!" + plain_path(path) + "\n";
        // AssertPathExists= follows links; a dangling one is a latch too.
        text += "AssertPathIsSymbolicLink=!" + plain_path(path) + "\n";
    }
    return text;
}

/// "+": outside the unit's own user and sandbox, which could hide the latch from it.
std::string conditions(const Config& config) {
    std::string text = R"sh(ExecCondition=+/bin/sh -c 'for latch; do if [ -e "$$latch" ] || [ -L "$$latch" ]; then )sh"
                       R"sh(echo "not started: the emergency stop is set ($$latch)" >&2; exit 1; fi; done' sh )sh";
    text += command_word(config.latch.path) + " " + command_word(paths::latch_copy) + "\n";
    if (config.interlock == Interlock::Start) {
        // A start in the moment in which essd itself starts must not leave the unit down for good: it waits 10 s, and
        // 255 fails the start where 1 would skip it, so that Restart= tries again and `systemctl start` tells.
        text += R"sh(ExecCondition=+/bin/sh -c 'n=0; until [ -e "$$0" ]; do if [ "$$n" -ge 200 ]; then )sh"
                R"sh(echo "not started: no armed emergency stop ($$0 is missing)" >&2; exit 255; fi; )sh"
                R"sh(n=$$((n + 1)); sleep 0.05; done' )sh";
        text += command_word(paths::armed) + "\n";
    }
    return text;
}

GuardFile dropin_for(const Config& config, const std::string& rule) {
    return {dropin_directory(rule) + "/" + std::string(guard_file_name), guard_dropin(config, rule)};
}

/// The canary of the drills is guarded as what trades is, by the latch of the drills.
GuardFile canary_dropin(Config config) {
    config.latch.path = drill_latch_path(config);
    config.fleet = {};  // no order of the fleet concerns it
    return dropin_for(config, paths::canary_unit);
}

}  // namespace

std::string guard_dropin(const Config& config, std::string_view rule) {
    std::string text = "# Made by quantum-ess-generator from /etc/quantum/ess.yaml; changes here are lost.\n";
    // No After=essd.service: a start of essd would then wait until a unit that is stopping has stopped, and an essd
    // that was killed in the middle of a trip could not come back to kill it (systemd.unit(5), "Before=, After="). The
    // copy of the latch may be on a file system that is mounted late: without it nobody knows whether it is set.
    text += "[Unit]\nWants=essd.service\nRequiresMountsFor=" + std::string(paths::state_directory) + "\n";
    // A host that boots asks its fleet first: quantum-ess-fleet is up when it has an answer, or none for too long. An
    // order of units alone: one that is disabled, or fails, keeps nothing down.
    if (config.fleet.is_used()) text += "After=" + std::string(paths::fleet_unit) + "\n";
    text += assertions(config);
    if (rule.ends_with(".service")) text += "[Service]\n" + conditions(config);
    return text;
}

Guard make_guard(const Config& config, bool latched, const std::vector<std::string>& existing_units) {
    Guard guard;
    for (const UnitRule& rule : config.units) {
        guard.dropins.push_back(dropin_for(config, rule.name));
        if (!latched) continue;
        if (!is_pattern(rule.name)) {
            guard.masks.push_back(rule.name);
            continue;
        }
        // "strategy@.service.d" without its ".d" is the template: masked, no instance of it loads.
        const std::string directory = dropin_directory(rule.name);
        if (directory.find("@.") != std::string::npos) guard.masks.push_back(directory.substr(0, directory.size() - 2));
        for (const std::string& unit : existing_units) {
            if (matches(rule.name, unit)) guard.masks.push_back(unit);
        }
    }
    guard.dropins.push_back(canary_dropin(config));
    return guard;
}

std::string last_good_text(const Config& config) {
    std::string text = "# The allow-list that essd last ran with. Written by essd, read by quantum-ess-generator.\n";
    // A JSON string is a YAML double-quoted scalar, backslashes and all.
    text += "latch: {path: " + Json(config.latch.path).dump() + "}\n";
    text += std::string("interlock: ") + (config.interlock == Interlock::Start ? "start" : "none") + "\n";
    const bool trip = config.on_daemon_failure == OnDaemonFailure::Trip;
    text += std::string("on_daemon_failure: ") + (trip ? "trip" : "alert") + "\nunits:\n";
    for (const UnitRule& rule : config.units)
        text += "  - " + Json(rule.name).dump() + "\n";
    return text;
}

}  // namespace ess
