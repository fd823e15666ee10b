#pragma once

#include <string>

namespace ess::guard {

/// Writes the guard below `early`, systemd's early generator directory (systemd.generator(7)). Never fails the boot:
/// what goes wrong is told to the kernel's log, and the last good allow-list is guarded in place of an unreadable one.
void generate(const std::string& early);

}  // namespace ess::guard
