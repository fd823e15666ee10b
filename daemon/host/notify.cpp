#include "host/notify.hpp"

#include <systemd/sd-daemon.h>

namespace ess::host {

// A message that cannot be sent is not tried again: the service manager's own time-outs deal with a daemon that it has
// not heard of.

StoppingNotice::~StoppingNotice() {
    static_cast<void>(sd_notify(0, "STOPPING=1"));
}

void notify_ready() {
    static_cast<void>(sd_notify(0, "READY=1"));
}

void notify_status(const std::string& text) {
    static_cast<void>(sd_notify(0, ("STATUS=" + text).c_str()));
}

}  // namespace ess::host
