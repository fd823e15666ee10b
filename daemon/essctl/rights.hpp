#pragma once

#include <string>

namespace ess::essctl {

/// For who was refused: who may, and how the person who asks gets there.
[[nodiscard]] std::string how_to_be_permitted();

}  // namespace ess::essctl
