#include "core/operation.hpp"

#include <tuple>
#include <utility>

#include "core/operation_number.hpp"

namespace ess {

namespace {

/// What is inside an envelope: the kind and the `ess` object that the entry had before it came late, or in another
/// ledger.
void unwrap(Operation& operation) {
    if (operation.kind != LedgerKind::Late && operation.kind != LedgerKind::Append) return;
    const Json envelope = std::exchange(operation.ess, Json());
    if (!envelope.is_object()) return;
    if (const auto kind = ledger_kind_from(text_at(envelope, "kind"))) operation.kind = *kind;
    if (envelope.contains("ess")) operation.ess = envelope.at("ess");
    if (envelope.contains("comments")) operation.comments = envelope.at("comments");
}

}  // namespace

std::string Operation::id() const {
    return text_at(entry, "operation_id");
}

std::string Operation::outcome() const {
    std::string newest = text_at(entry, "outcome");
    for (const Json& amendment : amendments) {
        if (std::string outcome = text_at(amendment, "outcome"); !outcome.empty()) newest = std::move(outcome);
    }
    return newest;
}

std::optional<Operation> operation_of(const LedgerLine& line, std::string_view bytes) {
    const bool adds = line.kind == LedgerKind::Amend || line.kind == LedgerKind::Signoff;
    if (adds || text_at(line.entry, "operation_id").empty()) return std::nullopt;
    Operation operation;
    operation.entry = line.entry;
    operation.ess = line.ess;
    operation.kind = line.kind;
    operation.recorded = line.time;
    operation.seq = line.seq;
    operation.hash = ledger_hash(bytes);
    unwrap(operation);
    const bool late_addition = operation.kind == LedgerKind::Amend || operation.kind == LedgerKind::Signoff;
    if (late_addition) return std::nullopt;
    return operation;
}

bool add_to(Operation& operation, const LedgerLine& line) {
    LedgerKind kind = line.kind;
    if (kind == LedgerKind::Late) kind = ledger_kind_from(text_at(line.ess, "kind")).value_or(kind);
    if (text_at(line.entry, "operation_id") != operation.id()) return false;
    if (kind == LedgerKind::Amend) {
        operation.amendments.push_back(line.entry);
    } else if (kind == LedgerKind::Signoff) {
        operation.signoffs.push_back(line.entry);
    } else {
        return false;
    }
    return true;
}

bool is_newer(std::string_view left_id, std::string_view right_id) {
    const auto left = parse_operation_id(left_id);
    const auto right = parse_operation_id(right_id);
    if (left && right) return std::tie(left->day, left->number) > std::tie(right->day, right->number);
    if (left || right) return left.has_value();
    return left_id > right_id;
}

Json to_json(const Operation& operation) {
    Json json = operation.entry;
    json["kind"] = to_text(operation.kind);
    if (!operation.ess.is_null()) json["ess"] = operation.ess;
    if (!operation.comments.is_null()) json["comments"] = operation.comments;
    if (!operation.amendments.empty()) json["amendments"] = operation.amendments;
    if (!operation.signoffs.empty()) json["signoffs"] = operation.signoffs;
    return json;
}

}  // namespace ess
