#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/check_fixture.hpp"

namespace ess::test {

/// One thing that is wrong with a good host, and the one finding that it makes.
struct Case {
    std::string what;
    std::function<void(CheckFacts&)> spoil;
    std::string code;
    Finding::Severity severity;
    std::string subject;
    std::string remedy;  ///< a part of it
};

// All that a check finds.
[[nodiscard]] std::vector<Case> essd_cases();
[[nodiscard]] std::vector<Case> drill_cases();
[[nodiscard]] std::vector<Case> latch_cases();
[[nodiscard]] std::vector<Case> host_cases();
[[nodiscard]] std::vector<Case> guard_cases();
[[nodiscard]] std::vector<Case> unit_cases();
[[nodiscard]] std::vector<Case> ending_cases();

inline UnitFacts& unit(CheckFacts& facts, const std::string& name = checked_unit) {
    return facts.systemd.units.at(name);
}

}  // namespace ess::test
