#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "base/result.hpp"

namespace ess::host {

/// What the canary says of itself (daemon/canary). Read, not mapped: a file that its owner cuts off under a mapping
/// would end the reader (SIGBUS), and the reader is the stop. It may be gone from its directory while it is read.
class BeatFile {
  public:
    [[nodiscard]] static Result<BeatFile> open(const std::string& path);

    /// Nothing while there is no whole beat in it.
    [[nodiscard]] std::optional<Instant> last() const;

  private:
    explicit BeatFile(Fd file) : file_(std::move(file)) {}
    Fd file_;
};

}  // namespace ess::host
