#pragma once

#include <optional>
#include <string>

#include "base/json.hpp"

namespace ess::essctl {

/// An entry that a person wrote from the template.
struct WrittenEntry {
    Json entry = Json::object();  ///< without operation_id, if it gives none
    Json comments;                ///< those behind its values, or null
};

/// Reads it from a file, or "-" for standard input, and checks each field. All that is wrong is told as FILE:LINE.
[[nodiscard]] std::optional<WrittenEntry> read_entry_file(const std::string& path);

/// The template with a comment on each field: what `essctl ledger template` prints.
[[nodiscard]] std::string commented_template();

}  // namespace ess::essctl
