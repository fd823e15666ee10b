#include "guard/generator.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "base/text.hpp"
#include "core/config.hpp"
#include "core/guard.hpp"
#include "core/paths.hpp"
#include "core/unit_name.hpp"
#include "host/config_files.hpp"

namespace ess::guard {

namespace {

/// A line of the kernel's log holds a little under 1 KiB.
constexpr std::size_t log_limit = 900;

/// At boot neither the journal nor its socket is there: the kernel's log is (systemd.generator(7)).
void log(std::string_view text) {
    const std::string line = "<3>quantum-ess-generator: " + clean_line(text, log_limit) + "\n";
    const Fd kmsg(::open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY));
    // Nothing is left to tell a failure to.
    static_cast<void>(write_all(kmsg ? kmsg.get() : STDERR_FILENO, line));
}

/// Unreadable is never "clear": only "no such file" is.
bool is_there(const std::string& path) {
    struct stat info {};
    return ::lstat(path.c_str(), &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

Config best_config() {
    host::BestConfig best = host::read_best_config();
    for (const ConfigFault& fault : best.faults)
        log(to_text(fault));
    if (best.source.empty()) {
        log("the configuration cannot be used and there is no last good one: NO UNIT IS GUARDED");
    } else if (!best.faults.empty()) {
        log("the configuration cannot be used; guarding the last good allow-list from " + best.source);
    }
    return std::move(best.config);
}

/// The names of the unit files in systemd's own directories, for patterns that no single mask covers.
std::vector<std::string> existing_units() {
    std::set<std::string> names;
    for (const char* const path : {"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
                                   "/usr/lib/systemd/system", "/lib/systemd/system"}) {
        DIR* const directory = ::opendir(path);
        if (directory == nullptr) continue;
        while (const dirent* const entry = ::readdir(directory)) {
            if (is_unit_name(entry->d_name)) names.insert(entry->d_name);
        }
        static_cast<void>(::closedir(directory));  // was only read
    }
    return {names.begin(), names.end()};
}

bool needs_existing_units(const Config& config) {
    return std::ranges::any_of(config.units, [](const UnitRule& rule) { return is_pattern(rule.name); });
}

void write_dropin(const std::string& early, const GuardFile& file) {
    const std::string path = early + "/" + file.path;
    if (::mkdir(parent_of(path).c_str(), 0755) != 0 && errno != EEXIST) return log(parent_of(path) + " cannot be made");
    const Fd out(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
    const auto written = out ? write_all(out.get(), file.content) : Result<>(system_failure("create", errno));
    if (!written) log(path + ": " + written.error().text);
}

void write_mask(const std::string& early, const std::string& unit) {
    const std::string path = early + "/" + unit;
    if (::symlink("/dev/null", path.c_str()) != 0 && errno != EEXIST) log(path + ": the mask cannot be made");
}

}  // namespace

void generate(const std::string& early) {
    const Config config = best_config();
    const bool latched = is_there(config.latch.path) || is_there(paths::latch_copy);
    const auto units = latched && needs_existing_units(config) ? existing_units() : std::vector<std::string>{};
    const Guard guard = make_guard(config, latched, units);
    for (const GuardFile& file : guard.dropins)
        write_dropin(early, file);
    for (const std::string& unit : guard.masks)
        write_mask(early, unit);
}

}  // namespace ess::guard
