#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace ess {

/// A value of an entry as HTML: a text as it was written, its line breaks too; lists and maps as such.
[[nodiscard]] std::string value_html(const Json& value);

/// The fields of an entry as an HTML list of terms, in the order of the format, then the others by name; those of
/// `left_out` not.
[[nodiscard]] std::string fields_html(const Json& entry, const std::vector<std::string_view>& left_out = {});

}  // namespace ess
