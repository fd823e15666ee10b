// What a check finds about the latch's place, the ledger's disk and the kernel.

#include <algorithm>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/check_rules.hpp"
#include "core/paths.hpp"

namespace ess {

namespace {

/// Some thousand entries, with their proofs and the changelog.
constexpr std::uint64_t enough_bytes = 64UL * 1024 * 1024;
constexpr std::uint64_t enough_files = 1024;

/// tmpfiles.d/quantum-ess.conf makes it so.
constexpr std::uint32_t latch_directory_mode = 01775;

/// What a mode other than the shipped one lets happen; empty if nothing.
std::string harm_of(const LatchDirectoryFacts& directory, const std::optional<std::uint32_t>& group) {
    if ((directory.mode & 0002U) != 0) return "everyone may set the latch";
    if ((directory.mode & 01000U) == 0) return "members of the group may remove a latch that another has set";
    if (group && directory.group != *group) return "it is not the group's, so its members cannot set the latch";
    if ((directory.mode & 0020U) == 0) return "members of the group cannot set the latch";
    if (directory.mode != latch_directory_mode) return "its mode is not 1775";
    return {};
}

void check_latch_directory(const CheckContext& context, const std::string& path, Findings& findings) {
    using Kind = LatchDirectoryFacts::Kind;
    const HostFacts& host = *context.facts.host;
    const LatchDirectoryFacts& directory = host.latch_directory;
    const std::string make = "install -d -m 1775 -g " + std::string(paths::group) + " " + path;
    switch (directory.kind) {
        case Kind::Missing:
            return findings.error("latch-directory", path, "is not there: no latch can be set", make);
        case Kind::Link:
            return findings.error("latch-directory", path, "is a link, which can be turned elsewhere",
                                  "rm " + path + " && " + make);
        case Kind::Other:
            return findings.error("latch-directory", path, "is not a directory: no latch can be set",
                                  "rm " + path + " && " + make);
        case Kind::Directory:
            break;
    }
    const std::string mend = "chown root:" + std::string(paths::group) + " " + path + " && chmod 1775 " + path;
    if (directory.owner != 0) {
        findings.error("latch-directory", path, "does not belong to root: its owner may remove any latch", mend);
    } else if (const std::string harm = harm_of(directory, host.group); !harm.empty()) {
        findings.warning("latch-directory-mode", path, harm, mend);
    }
    if (directory.storage == LatchDirectoryFacts::Storage::Network) {
        findings.error("latch-storage", path, "is on a network or FUSE file system, of which inotify does not tell all",
                       "set latch.path to a place in /run");
    } else if (directory.storage == LatchDirectoryFacts::Storage::Disk) {
        findings.warning("latch-storage", path, "is on a disk: should that hang, so does the look at the latch",
                         "set latch.path to a place in /run");
    }
}

void check_cgroups(const CgroupFacts& cgroups, Findings& findings) {
    constexpr const char* subject = "cgroups";
    if (!cgroups.trouble.empty()) {
        return findings.error("cgroups", subject, cgroups.trouble, "boot with systemd.unified_cgroup_hierarchy=1");
    }
    if (cgroups.read_only) {
        findings.error("cgroups-read-only", subject, "the hierarchy is mounted read-only: no unit can be killed there",
                       "mount -o remount,rw /sys/fs/cgroup");
    }
    if (cgroups.version == CgroupFacts::Version::V1) {
        findings.warning("cgroup-v1", subject,
                         "units are in the old hierarchy: their processes are looked for and killed one by one",
                         "boot with systemd.unified_cgroup_hierarchy=1");
    } else if (!cgroups.has_kill.value_or(true)) {
        findings.warning("no-cgroup-kill", subject,
                         "the kernel has no cgroup.kill: processes are looked for and killed one by one",
                         "run Linux 5.14 or newer");
    }
}

void check_ledger(const HostFacts& host, Findings& findings) {
    if (!host.ledger_trouble.empty()) {
        findings.error(
            "ledger-unwritable", paths::ledger_directory, "nothing can be recorded: " + host.ledger_trouble,
            "make " + std::string(paths::state_directory) + " writable, then: systemctl restart essd.service");
    } else if (host.room && (host.room->bytes < enough_bytes || host.room->files < enough_files)) {
        const bool bytes = host.room->bytes < enough_bytes;
        findings.warning("disk-low", paths::ledger_directory,
                         "its disk has room for " +
                             (bytes ? std::to_string(host.room->bytes / 1024 / 1024) + " MiB"
                                    : std::to_string(host.room->files) + " files") +
                             " more; entries that do not fit wait in memory",
                         "make room on the disk of " + std::string(paths::state_directory));
    }
    if (!host.key_trouble.empty()) {
        findings.error("key-unusable", "signing key", "entries cannot be signed: " + host.key_trouble,
                       "correct that, then: systemctl restart essd.service");
    }
}

/// quantum-ess-fleet's account is a member on every host, to set the latch: nobody who could trip.
bool is_person(const std::string& member) {
    return member != paths::fleet_account;
}

void check_operators(const HostFacts& host, Findings& findings) {
    if (!host.group) {
        findings.warning("group-missing", paths::group, "there is no such group: only root may trip and reset",
                         "systemd-sysusers quantum-ess.conf && systemd-tmpfiles --create quantum-ess.conf && "
                         "systemctl restart essd.service");
    } else if (std::ranges::none_of(host.operators, is_person)) {
        findings.note("no-operators", paths::group, "nobody is in the group: only root may trip and reset",
                      "for each who may: usermod -a -G " + std::string(paths::group) + " NAME");
    }
}

}  // namespace

void check_latch(const CheckContext& context, Findings& findings) {
    if (!context.facts.host) return;
    const HostFacts& host = *context.facts.host;
    const std::string& path = context.config.latch.path;
    check_latch_directory(context, parent_of(path), findings);
    if (!context.tripped) return;
    findings.note("tripped", path, "the stop is in force: of units that are masked only their guard can be looked at",
                  "look again after: essctl reset --reason TEXT");
    if (host.latch != host.copy) {
        findings.warning("latch-disagrees", host.latch ? paths::latch_copy : path,
                         host.latch
                             ? "the latch is set, but its copy is not on the disk: a reboot would release it"
                             : "the copy of the latch is on the disk, but the latch itself is gone; latched wins",
                         "systemctl restart essd.service");
    }
}

void check_host(const CheckContext& context, Findings& findings) {
    if (!context.facts.host) {
        return findings.error("disk-silent", "files", "could not be looked at in time: a disk or a name server hangs",
                              "dmesg --level=err,warn");
    }
    const HostFacts& host = *context.facts.host;
    check_cgroups(host.cgroups, findings);
    check_ledger(host, findings);
    check_operators(host, findings);
    if (!host.clock_synchronised.value_or(true)) {
        findings.warning("clock-unsynchronised", "clock", "is not synchronised: the times of entries may be wrong",
                         "timedatectl set-ntp true; then: timedatectl timesync-status, or chronyc tracking");
    }
    if (!host.unseen.empty()) {
        findings.note("not-seen", "essctl", "may not look at " + join(host.unseen, ", "), "sudo essctl check");
    }
}

}  // namespace ess
