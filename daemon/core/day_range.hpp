#pragma once

#include <string>

namespace ess {

/// Days from and to, both included, as "2026-01-28"; an empty one is no bound.
struct DayRange {
    std::string since;
    std::string until;

    [[nodiscard]] bool has(const std::string& day) const {
        return (since.empty() || day >= since) && (until.empty() || day <= until);
    }
};

}  // namespace ess
