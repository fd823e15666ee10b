#pragma once

#include <string>

namespace ess::host {

// What the service manager is told (sd_notify(3)). Nothing happens where no service manager listens.

void notify_ready();
/// One line for `systemctl status`.
void notify_status(const std::string& text);

/// Says STOPPING=1 at the end of its scope, whichever way that is left.
struct StoppingNotice {
    StoppingNotice() = default;
    ~StoppingNotice();
    StoppingNotice(const StoppingNotice&) = delete;
    StoppingNotice& operator=(const StoppingNotice&) = delete;
};

}  // namespace ess::host
