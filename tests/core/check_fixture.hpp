#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "core/check.hpp"
#include "core/guard.hpp"
#include "core/paths.hpp"

namespace ess::test {

using namespace std::chrono_literals;

inline const std::string checked_unit = "quantum-governor.service";

/// A service as systemd has it loaded with the guard in it.
inline UnitFacts good_service(const std::string& name) {
    UnitFacts unit;
    unit.name = name;
    unit.state = {"loaded", "active", "running"};
    unit.file = "/etc/systemd/system/" + name;
    unit.file_state = "enabled";
    unit.dropins = {"/run/systemd/generator.early/" + name + ".d/" + std::string(guard_file_name)};
    unit.condition_words = {"/bin/sh", "-c", "...", "sh", "/run/quantum/ESS_ON", paths::latch_copy, paths::armed};
    unit.stop_timeout = 90s;
    unit.kill_mode = "control-group";
    unit.restart = "no";
    unit.fate = SignalFate::Handled;
    return unit;
}

/// A host that has nothing wrong with it: one service of category 1 with a grace of 1 s.
inline CheckFacts good_facts() {
    CheckFacts facts;
    HostFacts host;
    host.config.units = {{checked_unit, StopCategory::Controlled, 1s}};
    facts.running = host.config;
    host.latch_directory = {LatchDirectoryFacts::Kind::Directory, LatchDirectoryFacts::Storage::Memory, 0, 2000, 01775};
    host.group = 2000;
    host.operators = {"alice"};
    host.generator = {GeneratorFacts::Kind::Installed, "/usr/lib/systemd/system-generators/quantum-ess-generator"};
    host.dropins[checked_unit] = guard_dropin(host.config, checked_unit);
    host.room = RoomFacts{1UL << 40, 1UL << 30};
    host.clock_synchronised = true;
    host.cgroups.has_kill = true;
    facts.host = host;

    facts.systemd.version = "252";
    facts.systemd.units[checked_unit] = good_service(checked_unit);
    UnitFacts essd = good_service("essd.service");
    essd.restart = "always";
    essd.watchdog = 5s;
    essd.on_failure = {"essd-stop-now.service"};
    essd.conflicts = {"shutdown.target"};
    facts.systemd.units["essd.service"] = essd;
    for (const std::string name : {"essd.socket", "quantum-ess.path"}) {
        UnitFacts unit = good_service(name);
        unit.kill_mode.clear();
        facts.systemd.units[name] = unit;
    }
    facts.systemd.essd_process = EssdProcess{true, 50, -1000, true};
    return facts;
}

/// The finding of this code; nothing if there is none.
inline std::optional<Finding> finding(const CheckReport& report, const std::string& code) {
    const auto found = std::ranges::find(report.findings, code, &Finding::code);
    return found != report.findings.end() ? std::optional<Finding>(*found) : std::nullopt;
}

inline std::string codes_of(const CheckReport& report) {
    std::string codes;
    for (const Finding& found : report.findings)
        codes += (codes.empty() ? "" : " ") + found.code;
    return codes;
}

}  // namespace ess::test
