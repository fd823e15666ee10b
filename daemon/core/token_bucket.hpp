#pragma once

#include <algorithm>
#include <cstddef>

#include "base/clock.hpp"

namespace ess {

/// How often something may happen: `capacity` times at once, and once more for each `interval` that has passed.
class TokenBucket {
  public:
    TokenBucket(std::size_t capacity, Micros interval) : capacity_(capacity), interval_(interval), tokens_(capacity) {}

    /// Takes a token if there is one.
    [[nodiscard]] bool take(Instant now) {
        const auto earned = static_cast<std::size_t>(std::max<Micros::rep>(0, (now - filled_) / interval_));
        filled_ += earned * interval_;
        tokens_ = std::min(capacity_, tokens_ + std::min(earned, capacity_));
        if (tokens_ == 0) return false;
        if (tokens_ == capacity_) filled_ = now;
        --tokens_;
        return true;
    }

  private:
    std::size_t capacity_;
    Micros interval_;
    std::size_t tokens_;
    Instant filled_{};  ///< when the tokens were counted last
};

}  // namespace ess
