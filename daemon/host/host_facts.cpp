#include "host/host_facts.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <vector>

#include "base/file.hpp"
#include "core/guard.hpp"
#include "core/paths.hpp"
#include "core/unit_name.hpp"
#include "host/cgroup_tree.hpp"
#include "host/config_files.hpp"
#include "host/maintenance.hpp"
#include "host/signing_key.hpp"

namespace ess::host {

namespace {

constexpr const char* early_directory = "/run/systemd/generator.early/";
constexpr const char* generator = "/usr/lib/systemd/system-generators/quantum-ess-generator";
/// These rank above the generator's own directory (systemd.generator(7)).
constexpr std::array<const char*, 3> overriding_generators{
    "/run/systemd/system-generators/quantum-ess-generator", "/etc/systemd/system-generators/quantum-ess-generator",
    "/usr/local/lib/systemd/system-generators/quantum-ess-generator"};
/// Where people and packages put unit files, and drop-ins beside them (systemd.unit(5)).
constexpr std::array<const char*, 4> unit_directories{"/etc/systemd/system", "/run/systemd/system",
                                                      "/usr/local/lib/systemd/system", "/usr/lib/systemd/system"};
/// systemd-timesyncd makes it when it has set the clock (systemd-timesyncd.service(8)).
constexpr const char* timesync_mark = "/run/systemd/timesync/synchronized";
constexpr std::size_t dropin_limit = 65536;

// statfs(2), where <linux/magic.h> has no name for it.
constexpr long cifs_magic = 0xFF534D42;
constexpr long fuse_magic = 0x65735546;

bool is_there(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/// Whether the look failed for this user alone.
bool is_denied(int error) {
    return error == EACCES || error == EPERM;
}

LatchDirectoryFacts::Storage storage_of(const std::string& path) {
    using Storage = LatchDirectoryFacts::Storage;
    struct statfs info {};
    if (::statfs(path.c_str(), &info) != 0) return Storage::Memory;
    const auto magic = static_cast<unsigned long>(info.f_type) & 0xFFFFFFFFUL;
    constexpr std::array<unsigned long, 2> memory{TMPFS_MAGIC, RAMFS_MAGIC};
    constexpr std::array<unsigned long, 8> network{NFS_SUPER_MAGIC, SMB_SUPER_MAGIC, SMB2_SUPER_MAGIC, CEPH_SUPER_MAGIC,
                                                   V9FS_MAGIC,      AFS_SUPER_MAGIC, cifs_magic,       fuse_magic};
    if (std::ranges::find(memory, magic) != memory.end()) return Storage::Memory;
    return std::ranges::find(network, magic) != network.end() ? Storage::Network : Storage::Disk;
}

LatchDirectoryFacts latch_directory(const std::string& path) {
    using Kind = LatchDirectoryFacts::Kind;
    LatchDirectoryFacts facts;
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return facts;
    facts.kind = S_ISLNK(info.st_mode) ? Kind::Link : S_ISDIR(info.st_mode) ? Kind::Directory : Kind::Other;
    facts.owner = info.st_uid;
    facts.group = info.st_gid;
    facts.mode = info.st_mode & 07777U;
    facts.storage = storage_of(path);
    return facts;
}

void look_at_group(HostFacts& facts) {
    constexpr std::size_t buffer_size = 65536;
    std::vector<char> buffer(buffer_size);
    group entry{};
    group* found = nullptr;
    if (::getgrnam_r(paths::group, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return;
    facts.group = entry.gr_gid;
    for (char** member = entry.gr_mem; *member != nullptr; ++member)
        facts.operators.emplace_back(*member);
}

GeneratorFacts look_at_generator() {
    using Kind = GeneratorFacts::Kind;
    for (const char* const path : overriding_generators) {
        if (is_there(path)) return {Kind::Overridden, path};
    }
    struct stat info {};
    if (::stat(generator, &info) != 0) return {Kind::Missing, generator};
    const bool runs = S_ISREG(info.st_mode) && (info.st_mode & 0100U) != 0;
    return {runs ? Kind::Installed : Kind::NotExecutable, generator};
}

void look_at_dropins(HostFacts& facts) {
    for (const UnitRule& rule : facts.config.units) {
        const std::string path = early_directory + dropin_directory(rule.name) + "/" + std::string(guard_file_name);
        if (const auto content = read_file(path, dropin_limit)) facts.dropins[rule.name] = *content;
    }
}

/// The names in a directory; none if it cannot be read.
std::vector<std::string> names_in(const std::string& path) {
    std::vector<std::string> names;
    DIR* const directory = ::opendir(path.c_str());
    if (directory == nullptr) return names;
    while (const dirent* const entry = ::readdir(directory))
        names.emplace_back(entry->d_name);
    static_cast<void>(::closedir(directory));  // was only read
    return names;
}

/// A link to /dev/null, or an empty file, takes away one of the same name (systemd.unit(5)): systemd does not list it.
bool has_content(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
}

void look_at_unit_dropins(HostFacts& facts) {
    for (const std::string unit_directory : unit_directories) {
        for (const std::string& name : names_in(unit_directory)) {
            if (!name.ends_with(".d")) continue;
            const std::string directory = unit_directory + "/" + name;
            for (const std::string& file : names_in(directory)) {
                const std::string path = directory + "/" + file;
                if (file.ends_with(".conf") && has_content(path)) facts.unit_dropins[name].push_back(path);
            }
        }
    }
}

/// Of the ledger's directory, or of where it will be made.
void look_at_ledger(HostFacts& facts) {
    std::string path = paths::ledger_directory;
    while (!is_there(path) && path != "/")
        path = parent_of(path);
    struct statvfs info {};
    if (::statvfs(path.c_str(), &info) != 0) {
        if (is_denied(errno)) return facts.unseen.push_back(path);
        facts.ledger_trouble = system_failure(path, errno).value().text;
        return;
    }
    if ((info.f_flag & ST_RDONLY) != 0) facts.ledger_trouble = path + " is on a read-only file system";
    struct stat what {};
    if (::stat(path.c_str(), &what) == 0 && !S_ISDIR(what.st_mode)) facts.ledger_trouble = path + " is not a directory";
    facts.room = RoomFacts{static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize,
                           info.f_files == 0 ? UINT64_MAX : static_cast<std::uint64_t>(info.f_favail)};
}

void look_at_key(HostFacts& facts) {
    const SigningKeys keys(paths::ledger_directory);
    const auto key = keys.load();
    if (key) return;
    if (is_denied(key.error().code) || ::geteuid() != 0) return facts.unseen.push_back(keys.file());
    facts.key_trouble = key.error().text;
}

std::optional<bool> clock_synchronised() {
    if (is_there(timesync_mark)) return true;
    timex state{};
    const int result = ::adjtimex(&state);  // with no modes set it only reads
    if (result < 0) return std::nullopt;
    return (state.status & STA_UNSYNC) == 0;
}

CgroupFacts look_at_cgroups() {
    CgroupFacts facts;
    const auto root = CgroupTree::find_root();
    if (!root) {
        facts.trouble = root.error().text;
        return facts;
    }
    if (root->ends_with("/systemd")) facts.version = CgroupFacts::Version::V1;
    struct statvfs info {};
    facts.read_only = ::statvfs(root->c_str(), &info) == 0 && (info.f_flag & ST_RDONLY) != 0;
    // The root itself has none (cgroups(7)).
    for (const char* const slice : {"/system.slice", "/init.scope"}) {
        if (is_there(*root + slice))
            facts.has_kill = facts.has_kill.value_or(false) || is_there(*root + slice + "/cgroup.kill");
    }
    return facts;
}

}  // namespace

HostFacts look_at_host() {
    HostFacts facts;
    BestConfig best = read_best_config();
    facts.config = std::move(best.config);
    facts.config_faults = std::move(best.faults);
    for (ConfigFault& fault : problems_of(facts.config.config_hash.maintenance))
        facts.config_faults.push_back(std::move(fault));
    for (const std::string& name : facts.config.config_hash.files) {
        const std::string path = facts.config.config_hash.directory + "/" + name;
        const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (file) continue;
        (is_denied(errno) && ::geteuid() != 0 ? facts.unseen : facts.unreadable_config).push_back(path);
    }
    facts.latch_directory = latch_directory(parent_of(facts.config.latch.path));
    facts.latch = is_there(facts.config.latch.path);
    facts.copy = is_there(paths::latch_copy);
    look_at_group(facts);
    facts.generator = look_at_generator();
    look_at_dropins(facts);
    look_at_unit_dropins(facts);
    look_at_ledger(facts);
    look_at_key(facts);
    facts.clock_synchronised = clock_synchronised();
    facts.cgroups = look_at_cgroups();
    return facts;
}

std::string host_name() {
    std::array<char, HOST_NAME_MAX + 1> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string();
}

}  // namespace ess::host
