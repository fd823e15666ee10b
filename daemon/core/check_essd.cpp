// What a check finds about essd, its units and its configuration.

#include <algorithm>

#include "base/text.hpp"
#include "core/check_rules.hpp"
#include "core/essd_unit.hpp"
#include "core/paths.hpp"

namespace ess {

namespace {

bool is_enabled(const UnitFacts& unit) {
    return unit.file_state == "enabled";
}

void check_answer(const CheckContext& context, Findings& findings) {
    const UnitFacts* const essd = context.unit("essd.service");
    const bool missing = essd != nullptr && essd->state.load == "not-found";
    if (missing) {
        findings.error("essd-missing", "essd.service", "is not installed: nothing watches the latch",
                       "install quantum-ess, then: systemctl daemon-reload");
    } else if (context.facts.essd == CheckFacts::Essd::Down) {
        findings.error("essd-down", "essd.service", "does not run: nothing watches the latch",
                       "systemctl start essd.service; if it does not stay up: journalctl -u essd.service");
    } else if (context.facts.essd == CheckFacts::Essd::Silent) {
        findings.error("essd-silent", "essd.service", "does not answer on its socket",
                       "journalctl -u essd.service; then: systemctl restart essd.service");
    }
}

void check_enabled(const CheckContext& context, Findings& findings) {
    const UnitFacts* const essd = context.unit("essd.service");
    if (essd != nullptr && essd->state.load == "loaded" && !is_enabled(*essd)) {
        findings.warning("essd-not-enabled", "essd.service",
                         "would not be there after a reboot unless a guarded unit "
                         "starts",
                         "systemctl enable essd.service");
    }
    struct Helper {
        const char* name;
        const char* code;
        const char* lost;
    };
    for (const Helper& helper :
         {Helper{"essd.socket", "socket-off", "who asks for the status while essd restarts is turned away"},
          Helper{"quantum-ess.path", "path-off", "nobody sees a latch that appears while essd is down"}}) {
        const UnitFacts* const unit = context.unit(helper.name);
        if (unit == nullptr || (is_enabled(*unit) && unit->state.active == "active")) continue;
        const std::string what = unit->state.active == "active" ? "is not enabled" : "is not active";
        findings.warning(helper.code, helper.name, what + ": " + helper.lost,
                         std::string("systemctl enable --now ") + helper.name);
    }
}

/// What the shipped unit sets, and a drop-in or an older file has taken away.
std::vector<std::string> lost_settings(const UnitFacts& unit, const std::optional<EssdProcess>& process) {
    std::vector<std::string> lost;
    if (process) {
        if (!process->fifo || process->priority != essd_unit::priority) lost.emplace_back("CPUSchedulingPolicy=fifo");
        if (process->oom_score_adjust != essd_unit::oom_score_adjust) lost.emplace_back("OOMScoreAdjust=-1000");
        if (!process->memory_locked) lost.emplace_back("LimitMEMLOCK=infinity");
    }
    if (!unit.watchdog) lost.emplace_back("WatchdogSec=5s");
    if (unit.restart != essd_unit::restart) lost.emplace_back("Restart=always");
    if (std::ranges::find(unit.on_failure, essd_unit::last_resort) == unit.on_failure.end()) {
        lost.emplace_back("OnFailure=essd-stop-now.service");
    }
    return lost;
}

void check_settings(const CheckContext& context, Findings& findings) {
    const UnitFacts* const essd = context.unit("essd.service");
    if (essd == nullptr || essd->state.load != "loaded") return;
    if (essd->needs_reload) {
        findings.warning("daemon-reload-needed", essd->name, "its files were changed since systemd read them",
                         "systemctl daemon-reload && systemctl restart essd.service");
    }
    const auto lost = lost_settings(*essd, context.facts.systemd.essd_process);
    if (!lost.empty()) {
        findings.warning(
            "essd-settings", essd->name,
            "runs without what it is shipped with, so it may be too late on a busy host: " + join(lost, ", ") +
                " (a drop-in, an old unit file, or a container that may not)",
            "correct what systemctl cat essd.service shows, then: systemctl daemon-reload && systemctl restart "
            "essd.service");
    }
    for (const std::string& other : essd->conflicts) {
        if (other == "shutdown.target") continue;
        findings.error("essd-conflict", other, "has Conflicts= with essd.service: its start ends the stop's daemon",
                       "take Conflicts=essd.service out of it, then: systemctl daemon-reload");
    }
}

/// By essd's own codes, with the remedy that its log does not have.
void check_drill(const CheckContext& context, Findings& findings) {
    for (const Fault& fault : context.facts.faults) {
        if (fault.code == "drill-overdue" || fault.code == "drill-failed") {
            findings.warning(fault.code, paths::canary_unit, fault.text, "essctl drill");
        }
    }
}

}  // namespace

void check_essd(const CheckContext& context, Findings& findings) {
    check_answer(context, findings);
    if (const std::string& trouble = context.facts.systemd.trouble; !trouble.empty()) {
        findings.error("systemd-silent", "systemd", "could not be asked for all of this: " + trouble,
                       "systemctl status dbus.service");
    }
    check_enabled(context, findings);
    check_settings(context, findings);
    check_drill(context, findings);
}

void check_configuration(const CheckContext& context, Findings& findings) {
    const auto& host = context.facts.host;
    if (!host) return;
    if (!host->config_faults.empty()) {
        const std::size_t more = host->config_faults.size() - 1;
        findings.error("config-invalid", "/etc/quantum/ess.yaml",
                       "essd would not start with it: " + to_text(host->config_faults.front()) +
                           (more == 0 ? "" : " (and " + std::to_string(more) + " more)"),
                       "essctl check-config");
    } else if (context.facts.running && *context.facts.running != host->config) {
        constexpr const char* again = "systemctl daemon-reload && systemctl restart essd.service";
        if (context.facts.running->units != host->config.units) {
            findings.error("config-stale", "/etc/quantum/ess.yaml", "essd runs with another allow-list than it has now",
                           again);
        } else {
            findings.warning("config-stale", "/etc/quantum/ess.yaml", "essd runs with other settings than it has now",
                             again);
        }
    }
    for (const std::string& file : host->unreadable_config) {
        findings.warning("config-file-unreadable", file,
                         "cannot be read: it counts as ERROR in the configuration's hash",
                         "put it there, or correct config_hash in /etc/quantum/ess.yaml");
    }
}

}  // namespace ess
