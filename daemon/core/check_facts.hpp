#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config.hpp"
#include "core/status.hpp"
#include "core/unit_facts.hpp"

namespace ess {

/// The directory that the latch appears in.
struct LatchDirectoryFacts {
    enum class Kind { Missing, Link, Other, Directory };
    /// Where it is kept. A disk can hang under the loop that looks at the latch; what another host does to a network's
    /// directory inotify does not tell (inotify(7)).
    enum class Storage { Memory, Disk, Network };
    Kind kind = Kind::Missing;
    Storage storage = Storage::Memory;
    std::uint32_t owner = 0;
    std::uint32_t group = 0;
    std::uint32_t mode = 0;  ///< permissions and sticky bit
};

struct GeneratorFacts {
    enum class Kind { Installed, Missing, NotExecutable, Overridden };
    Kind kind = Kind::Missing;
    std::string path;  ///< of what was found
};

/// The hierarchy that units are killed through.
struct CgroupFacts {
    enum class Version { V1, V2 };
    Version version = Version::V2;
    bool read_only = false;
    std::optional<bool> has_kill;  ///< cgroup.kill (Linux 5.14); nothing: nobody knows
    std::string trouble;           ///< there is no hierarchy
};

/// What the disk that the ledger is on has left for its owner.
struct RoomFacts {
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;  ///< inodes; file systems that make them as needed say that they have very many
};

/// What files and the kernel say. Gathered by host/host_facts.
struct HostFacts {
    Config config;  ///< of the files, or the last good one where those cannot be used
    std::vector<ConfigFault> config_faults;
    std::vector<std::string> unreadable_config;  ///< files of config_hash that cannot be read

    LatchDirectoryFacts latch_directory;
    bool latch = false;
    bool copy = false;

    std::optional<std::uint32_t> group;  ///< of the operators; nothing: there is none
    std::vector<std::string> operators;  ///< its members

    GeneratorFacts generator;
    std::map<std::string, std::string> dropins;  ///< the guard's files by rule, with their content
    /// The paths of all drop-ins that people and packages have put on the disk, by their directory's name: "UNIT.d".
    std::map<std::string, std::vector<std::string>> unit_dropins;

    std::string ledger_trouble;  ///< why nothing can be written there; empty if it can
    std::optional<RoomFacts> room;
    std::string key_trouble;
    std::optional<bool> clock_synchronised;  ///< nothing: nobody knows
    CgroupFacts cgroups;

    std::vector<std::string> unseen;  ///< what this user may not look at
};

/// How essd's process runs, by the kernel's word.
struct EssdProcess {
    bool fifo = false;  ///< SCHED_FIFO
    int priority = 0;
    int oom_score_adjust = 0;
    bool memory_locked = false;
};

/// What systemd says. Gathered by host/unit_inspection.
struct SystemdFacts {
    std::string trouble;  ///< why it could not be asked, or not all of it; empty if it could
    std::string version;
    /// The allowed units, those that hang together with them, and the units of the stop itself. May lack some.
    std::map<std::string, UnitFacts> units;
    std::map<std::string, std::vector<std::string>> found;  ///< units and templates that a pattern covers
    std::optional<EssdProcess> essd_process;
};

/// Everything that a check decides by.
struct CheckFacts {
    enum class Essd { Answers, Down, Silent };
    Essd essd = Essd::Answers;
    std::vector<Fault> faults;      ///< essd's own, if it was asked
    std::optional<Config> running;  ///< what essd runs with, if it was asked
    std::optional<HostFacts> host;  ///< nothing: it could not be looked at in time
    SystemdFacts systemd;
};

}  // namespace ess
