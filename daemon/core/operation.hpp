#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/ledger_line.hpp"

namespace ess {

/// One operation as people see it: an entry of the ledger with what later lines add to it. A late or imported entry
/// counts as what it was when it happened.
struct Operation {
    Json entry = Json::object();  ///< the operators' fields, as written; always with operation_id
    Json ess;                     ///< a stop's timeline, or null
    Json comments;                ///< of an imported entry: {"commits.0": "monitoring guide"}, or null
    LedgerKind kind = LedgerKind::Append;
    WallTime recorded{};           ///< the time of its line
    std::uint64_t seq = 0;         ///< of its line
    std::string hash;              ///< of its line
    std::vector<Json> amendments;  ///< the entries of its amend lines, oldest first
    std::vector<Json> signoffs;    ///< the entries of its signoff lines, oldest first

    [[nodiscard]] std::string id() const;
    /// The outcome that holds: that of the newest amendment that has one, else the entry's own.
    [[nodiscard]] std::string outcome() const;
};

/// The operation that a line begins; nothing for a line without an operation_id (genesis) and for one that adds to
/// another (amend, signoff).
[[nodiscard]] std::optional<Operation> operation_of(const LedgerLine& line, std::string_view bytes);

/// Puts an amend or signoff line under its operation. False for any other line, and if this is not its operation.
bool add_to(Operation& operation, const LedgerLine& line);

/// Newest first: by the day and number of the id; ids of another form come last, by their text.
[[nodiscard]] bool is_newer(std::string_view left_id, std::string_view right_id);

/// The object of `export --format json`: the entry's fields at its top level, then kind, and where they are not empty
/// ess, comments, amendments and signoffs.
[[nodiscard]] Json to_json(const Operation& operation);

}  // namespace ess
