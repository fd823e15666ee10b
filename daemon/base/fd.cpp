#include "base/fd.hpp"

#include <unistd.h>

namespace ess {

Fd& Fd::operator=(Fd&& other) noexcept {
    if (this != &other) {
        reset();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

void Fd::reset() noexcept {
    if (fd_ >= 0) {
        // The descriptor is gone whatever close(2) answers; data that must last was synced by its writer.
        static_cast<void>(::close(fd_));
    }
    fd_ = -1;
}

}  // namespace ess
