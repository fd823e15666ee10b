#include "host/process_kill.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>
#include <system_error>

#include "base/fd.hpp"
#include "base/file.hpp"

namespace ess::host {

namespace {

/// A round takes well under a millisecond; processes that fork as fast as they can are caught in a few.
constexpr int most_rounds = 64;
/// cgroup.procs of a unit with a hundred thousand processes.
constexpr std::size_t procs_limit = std::size_t{1} << 20U;

void add_pids(const std::string& file, std::set<pid_t>& pids) {
    const auto text = read_head(file, procs_limit);
    if (!text) return;  // the cgroup is gone, and its processes with it
    for (std::string_view rest = *text; !rest.empty();) {
        const std::size_t end = rest.find('\n');
        pid_t pid = 0;
        const std::string_view line = rest.substr(0, end);
        const auto [after, fault] = std::from_chars(line.data(), line.data() + line.size(), pid);
        // 0 is a process of a pid namespace that is not below ours.
        if (fault == std::errc{} && pid > 0) pids.insert(pid);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
}

std::set<pid_t> pids_below(const std::string& cgroup) {
    namespace fs = std::filesystem;
    std::set<pid_t> pids;
    add_pids(cgroup + "/cgroup.procs", pids);
    std::error_code gone;
    fs::recursive_directory_iterator entry(cgroup, gone);
    for (; !gone && entry != fs::recursive_directory_iterator(); entry.increment(gone)) {
        if (entry->is_directory(gone)) add_pids(entry->path().string() + "/cgroup.procs", pids);
    }
    return pids;
}

int open_process(pid_t pid) {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

Result<> signal_process(const Fd& process) {
    if (::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) == 0 || errno == ESRCH) return {};
    return system_failure("kill", errno);
}

/// Freezes, or thaws, where the kernel can (Linux 5.2). A frozen process can be killed.
void freeze(const std::string& cgroup, bool frozen) {
    const Fd file(::open((cgroup + "/cgroup.freeze").c_str(), O_WRONLY | O_CLOEXEC));
    if (file) static_cast<void>(write_all(file.get(), frozen ? "1" : "0"));  // it only saves rounds
}

/// One round. Whether anybody was there.
Result<bool> kill_once(const std::string& cgroup) {
    std::map<pid_t, Fd> processes;
    for (const pid_t pid : pids_below(cgroup))
        processes.emplace(pid, Fd(open_process(pid)));
    // Listed again behind its descriptor, the process that the descriptor means is one of this cgroup's.
    const std::set<pid_t> still_there = pids_below(cgroup);
    for (const auto& [pid, process] : processes) {
        if (!process || !still_there.contains(pid)) continue;
        if (auto killed = signal_process(process); !killed) return tl::unexpected<Error>(killed.error());
    }
    return !still_there.empty();
}

}  // namespace

Result<> kill_processes(const std::string& cgroup) {
    freeze(cgroup, true);
    Result<> outcome = {};
    for (int round = 0; round < most_rounds; ++round) {
        const auto anybody = kill_once(cgroup);
        if (!anybody) outcome = failure_in(cgroup, anybody.error());
        if (!anybody || !*anybody) break;
    }
    freeze(cgroup, false);
    return outcome;
}

bool has_processes(const std::string& cgroup) {
    return !pids_below(cgroup).empty();
}

}  // namespace ess::host
