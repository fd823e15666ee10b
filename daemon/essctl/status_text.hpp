#pragma once

#include <optional>
#include <string>

#include "essctl/screen.hpp"
#include "essctl/status_view.hpp"

namespace ess::essctl {

/// Which units the status lists.
enum class UnitList {
    Fitting,  ///< as many as the screen has room for (in a pipe: 20), those that are not as they should be first
    Whole,
};

/// The answer alone: would it stop, or did it stop? One or two lines.
[[nodiscard]] std::string headline(const Screen& screen, const StatusView& status);

/// The one screen of `essctl status`: the headline, what is wrong, what each unit is doing, what is on record. Nothing
/// of it is wider than the screen.
[[nodiscard]] std::string status_text(const Screen& screen, const StatusView& status, UnitList list);

/// The units, at most so many lines of them; the last one counts those that are left out.
[[nodiscard]] std::string units_text(const Screen& screen, const StatusView& status, std::optional<std::size_t> lines);

}  // namespace ess::essctl
