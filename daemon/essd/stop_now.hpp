#pragma once

namespace ess::essd {

/// `essd --stop-now`: the last resort, for when essd cannot stay up (essd.service's OnFailure=). If a latch is set, or
/// if the configuration says `on_daemon_failure: trip`, kills every allowed unit by the kernel alone, without loop,
/// bus, ledger or socket, until all are empty. The guard keeps systemd from starting them again. Returns the exit code:
/// 0 if nothing allowed is alive, or if nothing had to be done.
int stop_now();

}  // namespace ess::essd
