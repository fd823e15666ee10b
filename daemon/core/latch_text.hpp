#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/status.hpp"

namespace ess {

/// What a latch file may hold, at most: enough for a reason, too little to be a burden.
inline constexpr std::size_t latch_content_limit = 4096;
/// The copy on disk names units besides: room for thousands of them.
inline constexpr std::size_t latch_copy_limit = std::size_t{1} << 20;
/// A reason is a line of a log and of an entry.
inline constexpr std::size_t reason_limit = 512;

/// A text of an object as one clean line, of at most reason_limit bytes; empty if there is none.
[[nodiscard]] std::string line_in(const Json& object, const char* key);

/// What the latch file says of the trip. All of it is the word of whoever could make the file.
struct LatchContent {
    std::string reason;        ///< one clean line; empty if none was given
    std::string requested_by;  ///< claimed; to be believed only from a file of root
    std::string trigger;       ///< "essctl", or empty
    std::string fleet_id{};    ///< of the fleet's order that is carried out; to be believed as requested_by is
};

/// Reads the content of a latch: JSON {"reason", "requested_by", "trigger", "fleet_id"}, or plain text taken as the
/// reason. Anything else is cleaned and taken as text: there is no wrong content, since the file alone is the demand.
[[nodiscard]] LatchContent read_latch_content(std::string_view bytes);

/// The content as essctl writes it.
[[nodiscard]] std::string latch_content_text(const LatchContent& content);

/// The latch's copy on disk: who, when and why, and, once it is written, the trip's entry.
struct LatchCopy {
    WallTime since{};
    std::string reason;
    std::string requested_by;
    std::string trigger;
    std::string operation_id;  ///< of the entry; empty as long as there is none
    /// Units that had a process when the latch was seen: an essd that comes up in the middle of the trip cannot see
    /// them any more. Empty if the one that wrote this came up with the latch set.
    std::vector<std::string> running;
    std::string fleet_id{};  ///< of the fleet's order that was carried out; empty if there was none
};

[[nodiscard]] std::string latch_copy_text(const LatchCopy& copy);
/// Whatever the file holds, it is a latch: what cannot be read is left at its default.
[[nodiscard]] LatchCopy read_latch_copy(std::string_view bytes);

}  // namespace ess
