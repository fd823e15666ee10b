#pragma once

#include "base/clock.hpp"

namespace ess::host {

/// How much of the loop's time something may take: `share` in each `window`. essd runs at real-time priority, so what
/// clients make it do is taken from everything else on that processor, the processes that a stop has to end among it.
class LoopShare {
  public:
    LoopShare(Micros share, Micros window) : share_(share), window_(window) {}

    /// Whether something is left of the window that `now` is in.
    [[nodiscard]] bool is_left(Instant now) {
        if (now >= ends_) {
            ends_ = now + window_;
            taken_ = Micros(0);
        }
        return taken_ < share_;
    }
    void take(Micros time) { taken_ += time; }
    /// When there is more.
    [[nodiscard]] Instant ends() const { return ends_; }

  private:
    Micros share_;
    Micros window_;
    Micros taken_{0};
    Instant ends_{};
};

}  // namespace ess::host
