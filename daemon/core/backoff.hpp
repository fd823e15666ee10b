#pragma once

#include <algorithm>

#include "base/clock.hpp"

namespace ess {

/// How long to wait before a server is asked again that has been asked `in_vain` times (at least once): up to 2 s, then
/// up to 4, 8 and 16 s, and by `chance` (0 to 1, another one each time) down to half of that. All hosts of a fleet lose
/// a server in the same moment: if they came back in the same moment too, none of them would be served in time, and all
/// of them would come back in the same moment (the "thundering herd"; exponential back-off with jitter).
[[nodiscard]] constexpr Micros backoff_pause(unsigned in_vain, double chance) {
    constexpr Micros first = std::chrono::seconds(2);
    constexpr unsigned doublings = 3;
    const Micros longest = first * (1U << std::min(in_vain - 1, doublings));
    return Micros(static_cast<Micros::rep>(static_cast<double>(longest.count()) * (1 + chance) / 2));
}

}  // namespace ess
