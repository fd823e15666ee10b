#pragma once

#include <sys/types.h>

#include <optional>

#include "core/check_facts.hpp"

namespace ess::host {

/// What the signal does to the process, by proc_pid_status(5).
[[nodiscard]] SignalFate signal_fate(pid_t process, int signal);

/// How the process runs; nothing if it does not, or this user may not know.
[[nodiscard]] std::optional<EssdProcess> essd_process(pid_t process);

}  // namespace ess::host
