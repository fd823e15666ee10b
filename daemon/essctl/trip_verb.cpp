#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "core/config.hpp"
#include "core/latch_text.hpp"
#include "core/paths.hpp"
#include "essctl/daemon_client.hpp"
#include "essctl/person.hpp"
#include "essctl/screen.hpp"
#include "essctl/verbs.hpp"
#include "host/config_files.hpp"

namespace ess::essctl {

namespace {

/// The stop itself takes under 2 s; the masks may take as long as a Reload does on a big host.
constexpr Micros patience = std::chrono::seconds(60);
/// A daemon that has to be started first gets this long to be heard of.
constexpr Micros daemon_patience = std::chrono::seconds(15);
constexpr Micros call_patience = std::chrono::seconds(2);
constexpr int poll_interval_ms = 25;

/// The latch's path by the configuration, and by the one that essd runs with, if that was changed since. A broken
/// configuration must not keep anybody from tripping.
std::set<std::string> latch_paths() {
    std::set<std::string> found;
    const ConfigReading reading = host::read_config_files(paths::config_directory);
    if (reading.faults.empty()) found.insert(reading.config.latch.path);
    const ConfigReading running = host::read_listed_config_files({paths::last_good_config_volatile});
    if (running.faults.empty()) found.insert(running.config.latch.path);
    if (found.empty()) found.insert(Config{}.latch.path);
    return found;
}

/// Makes the latch with its content in one step (link(2)), and without content if that cannot be done: the file alone
/// is the demand. A latch that is there already is as good.
Result<> set_latch(const std::string& path, const std::string& content) {
    if (::mkdir(parent_of(path).c_str(), 0775) != 0 && errno != EEXIST) return system_failure(parent_of(path), errno);
    const std::string temporary = path + "." + std::to_string(::getpid());
    if (replace_file(temporary, content, 0644, Durability::Volatile)) {
        const bool linked = ::link(temporary.c_str(), path.c_str()) == 0 || errno == EEXIST;
        static_cast<void>(::unlink(temporary.c_str()));  // a leftover beside the latch means nothing
        if (linked) return {};
    }
    const Fd latch(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (latch || ::mkdir(path.c_str(), 0755) == 0 || errno == EEXIST) return {};
    return system_failure(path, errno);
}

bool flag_at(const Json& object, const char* name) {
    return object.value(name, false);
}

/// Says once of each unit that it fell, and when.
void show_fallen(const Screen& screen, const Json& status, std::set<std::string>& shown) {
    for (const Json& unit : status.value("units", Json::array())) {
        const std::string name = unit.value("name", "");
        const Json stop = unit.value("stop_us", Json());
        if (!flag_at(unit, "empty") || !stop.is_number() || !shown.insert(name).second) continue;
        out("  " + screen.paint(Colour::Good, "stopped") + "  " + name + "  " +
            to_ms_text(Micros(stop.get<Micros::rep>())) + " ms\n");
    }
}

bool all_down(const Json& status) {
    const Json units = status.value("units", Json::array());
    return std::ranges::all_of(units,
                               [](const Json& unit) { return flag_at(unit, "empty") && flag_at(unit, "masked"); });
}

Exit finish(const Json& status, const TripOptions& options) {
    out(options.json ? status.dump(2) + "\n" : "\n" + status_text(Screen(), status));
    return all_down(status) ? Exit::Fine : Exit::Failed;
}

/// Follows the trip until it is over. essd may have to be started by quantum-ess.path first.
Exit follow(const TripOptions& options) {
    const Screen screen;
    const Instant begun = monotonic_now();
    std::set<std::string> shown;
    std::string trouble = "essd did not take notice of the latch";
    while (monotonic_now() - begun < patience) {
        const auto answer = ask_daemon("Status", Json::object(), call_patience);
        const std::string state = answer ? answer->value("state", "") : "";
        if (!answer) trouble = explain(answer.error()).text;
        if (answer && !options.json && state.starts_with("tripp")) show_fallen(screen, *answer, shown);
        if (state == "tripped") return finish(*answer, options);
        if (!state.starts_with("tripp") && monotonic_now() - begun > daemon_patience) break;
        static_cast<void>(::poll(nullptr, 0, poll_interval_ms));
    }
    err("essctl: the latch is set, so guarded units cannot start; but nobody confirms the stop: " + trouble +
        "\nessctl: look at once: systemctl status essd.service\n");
    return Exit::NotReady;
}

}  // namespace

Exit trip(const TripOptions& options) {
    const std::string content = latch_content_text({options.reason, person(), "essctl"});
    bool any = false;
    for (const std::string& path : latch_paths()) {
        const auto set = set_latch(path, content);
        any = any || set.has_value();
        if (set) continue;
        const bool forbidden = set.error().code == EACCES || set.error().code == EPERM;
        err("essctl: the latch cannot be set: " + set.error().text +
            (forbidden ? "; be root or a member of the group quantum-ess" : "") + "\n");
        if (forbidden) return Exit::Refused;
    }
    if (!any) return Exit::Failed;
    if (options.no_wait) return Exit::Fine;
    if (!options.json) out("Emergency stop: the latch is set.\n");
    return follow(options);
}

}  // namespace ess::essctl
