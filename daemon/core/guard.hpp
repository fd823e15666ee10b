#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/config.hpp"

namespace ess {

/// One file that the generator writes, relative to systemd's early generator directory.
struct GuardFile {
    std::string path;
    std::string content;
};

/// The guard: what keeps an allowed unit from starting while a latch is set.
struct Guard {
    std::vector<GuardFile> dropins;  ///< one for each rule of the allow-list, and the canary's
    std::vector<std::string> masks;  ///< units and templates to link to /dev/null; empty unless latched
};

/// The name of the drop-in: it sorts behind an operator's own, so that an empty `ExecCondition=` there cannot clear it.
inline constexpr std::string_view guard_file_name = "zz-quantum-ess-guard.conf";

/// The drop-ins and, while latched, the masks for the allow-list. Masks for a pattern below a dash prefix need the
/// names of the units that exist: `existing_units`.
[[nodiscard]] Guard make_guard(const Config& config, bool latched, const std::vector<std::string>& existing_units);

/// The drop-in for one rule. Assert= refuses a start with a clear message; ExecCondition= is run for automatic restarts
/// too, which systemd 257 does not check an Assert= for.
[[nodiscard]] std::string guard_dropin(const Config& config, std::string_view rule);

/// The part of the configuration that the guard and the last resort (essd --stop-now) need, as a configuration file.
[[nodiscard]] std::string last_good_text(const Config& config);

}  // namespace ess
