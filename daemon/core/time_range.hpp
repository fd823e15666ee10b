#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace ess {

/// A moment as logs and people write it: RFC 3339, with a blank in place of the T if they like, and in UTC when it has
/// no offset (Python's isoformat() of a naive time). Nothing if it is not one.
[[nodiscard]] std::optional<WallTime> parse_moment(std::string_view text);

/// Both ends count. An end that is not given is open.
struct TimeRange {
    std::optional<WallTime> since;
    std::optional<WallTime> until;

    [[nodiscard]] bool contains(WallTime time) const {
        return (!since || time >= *since) && (!until || time <= *until);
    }
    [[nodiscard]] bool is_open() const { return !since && !until; }
};

/// The first moment of what the text names: a moment, or a day of UTC ("2025-11-15").
[[nodiscard]] std::optional<WallTime> parse_since(std::string_view text);
/// Its last moment: the end of the day, or of the second where no fraction is given, so that 23:59:59 is not short of
/// the last second of a day.
[[nodiscard]] std::optional<WallTime> parse_until(std::string_view text);

/// RFC 3339 in UTC to the second, for people's screens: "2026-01-28T01:41:58Z".
[[nodiscard]] std::string to_seconds_text(WallTime time);

}  // namespace ess
