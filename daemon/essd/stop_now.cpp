#include "essd/stop_now.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/clock.hpp"
#include "core/config.hpp"
#include "core/latch_text.hpp"
#include "core/paths.hpp"
#include "core/unit_name.hpp"
#include "host/cgroup_tree.hpp"
#include "host/config_files.hpp"
#include "host/journal.hpp"
#include "host/latch_watch.hpp"

namespace ess::essd {

namespace {

namespace journal = host::journal;
using journal::Level;

/// Long enough for a unit that systemd starts again at once to meet the guard; what still lives then sleeps in the
/// kernel.
constexpr Micros patience = std::chrono::seconds(10);
constexpr int round_ms = 10;

bool is_there(const char* path) {
    struct stat info {};
    return ::lstat(path, &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

}  // namespace

int stop_now() {
    const host::BestConfig reading = host::read_best_config();
    for (const ConfigFault& fault : reading.faults)
        journal::log(Level::Critical, to_text(fault));
    const Config& config = reading.config;
    const bool latched = is_there(config.latch.path.c_str()) || is_there(paths::latch_copy);
    if (!latched && config.on_daemon_failure != OnDaemonFailure::Trip) {
        journal::log(Level::Critical, "essd cannot stay up, and no latch is set: THE EMERGENCY STOP IS OFF");
        return 0;
    }
    // First the file: the guard refuses from then on what systemd would start again.
    const std::string content = latch_content_text({"essd cannot stay up", "essd", "stop-now"});
    const auto set = host::make_latch(config.latch.path, 0, content);
    if (!set) journal::log(Level::Critical, "the latch cannot be set: " + set.error().text);
    journal::event(message_id::trip_begun, Level::Critical, "EMERGENCY STOP without essd: killing all allowed units");

    host::EventLoop loop;
    const auto root = host::CgroupTree::find_root();
    const auto wanted = [&](const std::string& unit) {
        return std::ranges::any_of(config.units, [&](const UnitRule& rule) { return matches(rule.name, unit); });
    };
    for (const Instant end = monotonic_now() + patience; root && monotonic_now() < end;) {
        // Looked for anew in each round: a unit may get another cgroup at any time.
        host::CgroupTree cgroups(loop, wanted, [](const std::string&, bool) {});
        if (!cgroups.start(*root)) break;
        if (cgroups.kill_all() == 0) return 0;
        static_cast<void>(::poll(nullptr, 0, round_ms));
    }
    journal::event(message_id::trip_partial, Level::Critical, "NOT ALL UNITS COULD BE KILLED");
    return 1;
}

}  // namespace ess::essd
