#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace ess {

using Json = nlohmann::json;

/// Nesting that outside JSON may have. nlohmann's dump() recurses, so the depth must be bounded where bytes come in.
inline constexpr std::size_t json_depth_limit = 32;

/// Reads one JSON text strictly (RFC 8259): well-formed UTF-8, no duplicate keys (nlohmann would let the last one win
/// silently), at most json_depth_limit deep, nothing behind it.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

/// Compact JSON. Text that is not UTF-8 is written with U+FFFD in its place: what is told may quote bytes from outside.
[[nodiscard]] std::string to_text(const Json& json);

/// The text that is a member of an object; empty for everything else: no object, no such member, no text.
[[nodiscard]] std::string text_at(const Json& object, const std::string& key);
/// In the same way a whole number that is not negative; otherwise 0.
[[nodiscard]] std::uint64_t number_at(const Json& object, const std::string& key);
/// In the same way a boolean; otherwise false.
[[nodiscard]] bool flag_at(const Json& object, const std::string& key);

}  // namespace ess
