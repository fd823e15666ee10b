#pragma once

#include <cstddef>
#include <string>

#include "base/json.hpp"
#include "essctl/screen.hpp"

namespace ess::essctl {

/// The answer of Check for people: first whether the stop would work, then what was found, each with its remedy.
/// Findings that differ in nothing but the unit are told once. No line is wider than `columns`, but for a word that is.
[[nodiscard]] std::string check_text(const Screen& screen, const Json& report, std::size_t columns);

}  // namespace ess::essctl
