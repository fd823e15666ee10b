#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace ess {

/// What a field of the operators' changelog format holds. An integer is only proof_file.size_bytes.
enum class FieldKind {
    Text,
    Time,       ///< RFC 3339, kept as it was written
    RiskClass,  ///< one of the format's words
    Outcome,    ///< one of the format's words
    Names,      ///< a list of names; a text "a, b" is read as one
    Texts,      ///< a list of texts
    Map,        ///< a map of texts
    Proof,      ///< a map {path, sha256, size_bytes, mtime_utc}
    Unknown,    ///< a text, a list of texts, or a map of texts
};

struct FieldForm {
    std::string_view name;
    FieldKind kind;
    std::string_view placeholder;  ///< what the template has in its place; empty: the template does not have it
};

/// The known fields (DESIGN.md 7.2) in the order in which they are written. Others come behind them, by name.
[[nodiscard]] const std::vector<FieldForm>& entry_fields();
[[nodiscard]] FieldKind field_kind(std::string_view name);

/// What must not be the name of a field: the JSON export has them beside the fields.
[[nodiscard]] bool is_reserved_field(std::string_view name);

/// The template's placeholder of the operation_id: an entry with it is the template.
inline constexpr std::string_view template_operation_id = "OPS-YYYY-MM-DD-NNN";

/// Longest name of a field, or key of a map: YAML 1.1 reads a key only within 1024 characters, escapes included.
inline constexpr std::size_t entry_key_limit = 128;

struct EntryProblem {
    std::string field;  ///< "risk_class", "proof_file.size_bytes", "commits.0"
    std::string text;
};

/// What is wrong with the fields that are there; each once, in the order of the fields. It is not a problem that one is
/// missing: the ledger gives the operation_id, and an old entry has what it has.
[[nodiscard]] std::vector<EntryProblem> problems_of(const Json& entry);

/// The fields that a new entry must have and this one has not (or has empty).
[[nodiscard]] std::vector<std::string> missing_fields(const Json& entry);

/// "a, b,c" as names.
[[nodiscard]] std::vector<std::string> split_names(std::string_view text);

}  // namespace ess
