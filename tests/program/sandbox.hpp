#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "host/cgroup_fixture.hpp"
#include "program/process.hpp"

namespace ess::test {

/// Puts this process into a mount namespace of its own, which ends with it. Called once, by main.
void enter_own_namespace();

/// A host of the test's own: empty /run, /etc, /var/lib and cgroup hierarchy, so that the fixed paths of the contract
/// are used and nothing of the real host is read or touched. There is no system bus and no systemd on it.
class Sandbox {
  public:
    Sandbox();
    Sandbox(const Sandbox&) = delete;
    Sandbox& operator=(const Sandbox&) = delete;
    ~Sandbox();

    /// False, and the reason for the counts, where no mounts can be made.
    [[nodiscard]] bool usable() const;
    /// Whether units can have cgroups on it; says for the counts why not.
    [[nodiscard]] bool has_cgroups() const { return slice_.usable(); }

    /// A file system of this size over the directory.
    void mount_tmpfs(const std::string& directory, const std::string& options = "mode=755");

    /// What the generator told the kernel's log.
    [[nodiscard]] std::string kernel_log();

  private:
    void bind(const std::string& what, const std::string& where);
    void make_etc();
    void make_kernel_log();

    TestSlice slice_;
    std::vector<std::string> mounts_;
    Fd kernel_log_;
};

/// Paths of the contract.
inline const std::string latch = "/run/quantum/ESS_ON";
inline const std::string latch_copy = "/var/lib/quantum-ess/latched";
inline const std::string armed = "/run/quantum-ess/armed";
inline const std::string control = "/run/quantum-ess/control";
inline const std::string ledger = "/var/lib/quantum-ess/ledger";
inline const std::string config_file = "/etc/quantum/ess.yaml";
inline const std::string governor = "quantum-governor.service";

/// Users of the sandbox beside root.
inline constexpr uid_t operator_uid = 2001;  ///< a member of the group quantum-ess
inline constexpr uid_t stranger_uid = 2002;
inline constexpr uid_t fleet_uid = 2003;  ///< quantum-ess-fleet's account, a member too
inline constexpr gid_t quantum_ess_gid = 2000;

void write_file(const std::string& path, const std::string& content);
[[nodiscard]] std::string read_whole(const std::string& path);
[[nodiscard]] bool exists(const std::string& path);
/// A cgroup of the sandbox, which shows the test's slice as the whole hierarchy. Its path.
std::string make_cgroup(const std::string& name);

/// Whether it comes to hold in time; looked at every few milliseconds.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition, std::chrono::milliseconds time = patience) {
    for (const Instant deadline = monotonic_now() + time; monotonic_now() < deadline;) {
        if (condition()) return true;
        std::this_thread::sleep_for(2ms);
    }
    return condition();
}

/// The daemon, running and answering on its socket.
class Essd {
  public:
    Essd();

    Process process;

    /// Its status; nothing if it does not answer.
    [[nodiscard]] std::optional<Json> status() const;
    [[nodiscard]] std::string state() const;
    [[nodiscard]] bool comes_to(const std::string& state, std::chrono::milliseconds time = patience) const;
    [[nodiscard]] bool has_fault(const std::string& code) const;
    /// Ends it as systemd does; its exit code.
    std::optional<int> stop();
};

/// The lines of the ledger, oldest first.
[[nodiscard]] std::vector<Json> ledger_lines();
/// Those of a kind, once there are so many.
[[nodiscard]] std::vector<Json> ledger_lines(const std::string& kind, std::size_t count);

}  // namespace ess::test
