// What can be wrong with essd, the latch and the host.
#include "core/check_cases.hpp"

namespace ess::test {

using Severity = Finding::Severity;

std::vector<Case> essd_cases() {
    return {
        {"essd down", [](CheckFacts& f) { f.essd = CheckFacts::Essd::Down; }, "essd-down", Severity::Error,
         "essd.service", "systemctl start essd.service"},
        {"essd silent", [](CheckFacts& f) { f.essd = CheckFacts::Essd::Silent; }, "essd-silent", Severity::Error,
         "essd.service", "systemctl restart essd.service"},
        {"essd not installed",
         [](CheckFacts& f) {
             f.essd = CheckFacts::Essd::Down;
             unit(f, "essd.service").state.load = "not-found";
         },
         "essd-missing", Severity::Error, "essd.service", "install"},
        {"systemd silent",
         [](CheckFacts& f) {
             f.systemd = {"the bus is down", "", {}, {}, {}};
         },
         "systemd-silent", Severity::Error, "systemd", "dbus"},
        {"essd not enabled", [](CheckFacts& f) { unit(f, "essd.service").file_state = "disabled"; }, "essd-not-enabled",
         Severity::Warning, "essd.service", "systemctl enable essd.service"},
        {"enabled until the next boot", [](CheckFacts& f) { unit(f, "essd.service").file_state = "enabled-runtime"; },
         "essd-not-enabled", Severity::Warning, "essd.service", "systemctl enable"},
        {"socket not enabled", [](CheckFacts& f) { unit(f, "essd.socket").file_state = "disabled"; }, "socket-off",
         Severity::Warning, "essd.socket", "systemctl enable --now essd.socket"},
        {"path not active", [](CheckFacts& f) { unit(f, "quantum-ess.path").state.active = "inactive"; }, "path-off",
         Severity::Warning, "quantum-ess.path", "systemctl enable --now quantum-ess.path"},
        {"path masked", [](CheckFacts& f) { unit(f, "quantum-ess.path").file_state = "masked"; }, "path-off",
         Severity::Warning, "quantum-ess.path", "systemctl enable --now quantum-ess.path"},
        {"not fifo", [](CheckFacts& f) { f.systemd.essd_process->fifo = false; }, "essd-settings", Severity::Warning,
         "essd.service", "systemctl restart essd.service"},
        {"low priority", [](CheckFacts& f) { f.systemd.essd_process->priority = 1; }, "essd-settings",
         Severity::Warning, "essd.service", "correct"},
        {"may be killed for memory", [](CheckFacts& f) { f.systemd.essd_process->oom_score_adjust = 0; },
         "essd-settings", Severity::Warning, "essd.service", "correct"},
        {"memory not locked", [](CheckFacts& f) { f.systemd.essd_process->memory_locked = false; }, "essd-settings",
         Severity::Warning, "essd.service", "correct"},
        {"no watchdog", [](CheckFacts& f) { unit(f, "essd.service").watchdog.reset(); }, "essd-settings",
         Severity::Warning, "essd.service", "correct"},
        {"no restart", [](CheckFacts& f) { unit(f, "essd.service").restart = "on-failure"; }, "essd-settings",
         Severity::Warning, "essd.service", "correct"},
        {"no last resort", [](CheckFacts& f) { unit(f, "essd.service").on_failure.clear(); }, "essd-settings",
         Severity::Warning, "essd.service", "correct"},
        {"essd's files changed", [](CheckFacts& f) { unit(f, "essd.service").needs_reload = true; },
         "daemon-reload-needed", Severity::Warning, "essd.service", "systemctl daemon-reload"},
        {"somebody stops essd", [](CheckFacts& f) { unit(f, "essd.service").conflicts.emplace_back("other.service"); },
         "essd-conflict", Severity::Error, "other.service", "Conflicts="},
        {"essd complains of an error",
         [](CheckFacts& f) {
             f.faults = {{"latch", Fault::Severity::Error, "not watched"}};
         },
         "latch", Severity::Error, "essd", "journalctl -u essd"},
        {"essd complains",
         [](CheckFacts& f) {
             f.faults = {{"config-changed", Fault::Severity::Warning, "changed"}};
         },
         "config-changed", Severity::Warning, "essd", "journalctl -u essd"},
    };
}

std::vector<Case> drill_cases() {
    return {
        {"no drill for too long",
         [](CheckFacts& f) {
             f.faults = {{"drill-overdue", Fault::Severity::Warning, "too old"}};
         },
         "drill-overdue", Severity::Warning, paths::canary_unit, "essctl drill"},
        {"a drill that failed",
         [](CheckFacts& f) {
             f.faults = {{"drill-failed", Fault::Severity::Warning, "a round failed"}};
         },
         "drill-failed", Severity::Warning, paths::canary_unit, "essctl drill"},
    };
}

std::vector<Case> latch_cases() {
    using Kind = LatchDirectoryFacts::Kind;
    using Storage = LatchDirectoryFacts::Storage;
    const auto directory = [](Kind kind) { return [kind](CheckFacts& f) { f.host->latch_directory.kind = kind; }; };
    const auto mode = [](mode_t m) { return [m](CheckFacts& f) { f.host->latch_directory.mode = m; }; };
    const auto storage = [](Storage s) { return [s](CheckFacts& f) { f.host->latch_directory.storage = s; }; };
    const std::string path = "/run/quantum";
    const std::string mend = "chown root:quantum-ess /run/quantum && chmod 1775 /run/quantum";
    return {
        {"no directory", directory(Kind::Missing), "latch-directory", Severity::Error, path,
         "install -d -m 1775 -g quantum-ess /run/quantum"},
        {"a link", directory(Kind::Link), "latch-directory", Severity::Error, path, "rm /run/quantum && install"},
        {"a file", directory(Kind::Other), "latch-directory", Severity::Error, path, "rm /run/quantum && install"},
        {"another's", [](CheckFacts& f) { f.host->latch_directory.owner = 7; }, "latch-directory", Severity::Error,
         path, mend},
        {"everyone's", mode(01777), "latch-directory-mode", Severity::Warning, path, mend},
        {"not sticky", mode(0775), "latch-directory-mode", Severity::Warning, path, mend},
        {"not for the group", mode(01755), "latch-directory-mode", Severity::Warning, path, mend},
        {"not to be read", mode(01770), "latch-directory-mode", Severity::Warning, path, mend},
        {"another group's", [](CheckFacts& f) { f.host->latch_directory.group = 7; }, "latch-directory-mode",
         Severity::Warning, path, mend},
        {"on NFS", storage(Storage::Network), "latch-storage", Severity::Error, path, "/run"},
        {"on a disk", storage(Storage::Disk), "latch-storage", Severity::Warning, path, "/run"},
        {"tripped", [](CheckFacts& f) { f.host->latch = f.host->copy = true; }, "tripped", Severity::Note,
         "/run/quantum/ESS_ON", "essctl reset"},
    };
}

std::vector<Case> host_cases() {
    return {
        {"files hang", [](CheckFacts& f) { f.host.reset(); }, "disk-silent", Severity::Error, "files", "dmesg"},
        {"a wrong configuration",
         [](CheckFacts& f) {
             f.host->config_faults = {{"ess.yaml", 3, 1, "what is this?"}};
         },
         "config-invalid", Severity::Error, "/etc/quantum/ess.yaml", "essctl check-config"},
        {"another allow-list",
         [](CheckFacts& f) {
             f.running->units.push_back({"other.service", StopCategory::Immediate, 0s});
         },
         "config-stale", Severity::Error, "/etc/quantum/ess.yaml", "systemctl restart essd.service"},
        {"another setting", [](CheckFacts& f) { f.running->reset.four_eyes = true; }, "config-stale", Severity::Warning,
         "/etc/quantum/ess.yaml", "systemctl restart essd.service"},
        {"no policy", [](CheckFacts& f) { f.host->unreadable_config = {"/etc/quantum/policy.yaml"}; },
         "config-file-unreadable", Severity::Warning, "/etc/quantum/policy.yaml", "config_hash"},
        {"read-only", [](CheckFacts& f) { f.host->ledger_trouble = "read-only"; }, "ledger-unwritable", Severity::Error,
         paths::ledger_directory, "writable"},
        {"hardly any bytes", [](CheckFacts& f) { f.host->room->bytes = 64UL * 1024 * 1024 - 1; }, "disk-low",
         Severity::Warning, paths::ledger_directory, "room"},
        {"hardly any inodes", [](CheckFacts& f) { f.host->room->files = 1023; }, "disk-low", Severity::Warning,
         paths::ledger_directory, "room"},
        {"a key that others may read", [](CheckFacts& f) { f.host->key_trouble = "others may read it"; },
         "key-unusable", Severity::Error, "signing key", "restart"},
        {"no group", [](CheckFacts& f) { f.host->group.reset(); }, "group-missing", Severity::Warning, "quantum-ess",
         "systemd-sysusers"},
        {"a group of the fleet's account alone", [](CheckFacts& f) { f.host->operators = {paths::fleet_account}; },
         "no-operators", Severity::Note, paths::group, "usermod -a -G quantum-ess"},
        {"an empty group", [](CheckFacts& f) { f.host->operators.clear(); }, "no-operators", Severity::Note,
         "quantum-ess", "usermod -a -G quantum-ess"},
        {"a wrong clock", [](CheckFacts& f) { f.host->clock_synchronised = false; }, "clock-unsynchronised",
         Severity::Warning, "clock", "timedatectl"},
        {"no hierarchy", [](CheckFacts& f) { f.host->cgroups.trouble = "none"; }, "cgroups", Severity::Error, "cgroups",
         "boot"},
        {"cgroups read-only", [](CheckFacts& f) { f.host->cgroups.read_only = true; }, "cgroups-read-only",
         Severity::Error, "cgroups", "remount,rw"},
        {"cgroup v1", [](CheckFacts& f) { f.host->cgroups.version = CgroupFacts::Version::V1; }, "cgroup-v1",
         Severity::Warning, "cgroups", "unified"},
        {"an old kernel", [](CheckFacts& f) { f.host->cgroups.has_kill = false; }, "no-cgroup-kill", Severity::Warning,
         "cgroups", "5.14"},
        {"looked at by a stranger", [](CheckFacts& f) { f.host->unseen = {"/x"}; }, "not-seen", Severity::Note,
         "essctl", "sudo essctl check"},
    };
}

}  // namespace ess::test
