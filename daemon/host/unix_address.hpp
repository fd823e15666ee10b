#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <string>

#include "base/result.hpp"

namespace ess::host {

/// The address of a Unix socket at a path, as the socket calls want it (unix(7)).
class UnixAddress {
  public:
    /// Fails for a path that does not fit: the kernel takes 107 bytes.
    [[nodiscard]] static Result<UnixAddress> of(const std::string& path) {
        UnixAddress address;
        if (path.empty() || path.size() >= sizeof address.address_.sun_path) return failure(path + ": too long");
        address.address_.sun_family = AF_UNIX;
        path.copy(static_cast<char*>(address.address_.sun_path), path.size());
        return address;
    }

    // The one cast that the socket interface asks for.
    [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address_); }
    [[nodiscard]] socklen_t size() const { return sizeof address_; }

  private:
    sockaddr_un address_{};
};

}  // namespace ess::host
