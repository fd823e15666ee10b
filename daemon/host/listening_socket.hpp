#pragma once

#include <optional>
#include <string>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace ess::host {

/// The listening Unix stream socket that systemd handed over (sd_listen_fds(3)): the one named "varlink", or the only
/// one. Nothing if none was; a failure if what came is of no use. Call it once: the descriptor is the caller's then.
[[nodiscard]] Result<std::optional<Fd>> activated_socket();

/// Creates the listening socket at `path`, and the directory if only that is missing. A socket that is there already is
/// replaced only if nobody answers on it; anything else in its place is a failure. Everyone may connect (0666), because
/// each method declares the privilege that it needs.
[[nodiscard]] Result<Fd> listen_at(const std::string& path);

}  // namespace ess::host
