#include "core/report.hpp"

#include <utility>

#include "base/sha256.hpp"
#include "core/timeline_reading.hpp"

namespace ess {

namespace {

/// A timeline of its own that begins with the same latch: what an essd that came later recorded of the same trip.
bool is_completion_of(const Operation& operation, const std::string& latch_seen) {
    return operation.kind == LedgerKind::Trip && operation.ess.is_object() && !latch_seen.empty() &&
           operation.ess.value("completion", Json()) == true && text_at(operation.ess, "latch_seen") == latch_seen;
}

}  // namespace

void add_timeline(Report& report) {
    const Operation& operation = report.operation();
    if (operation.kind != LedgerKind::Trip) return;
    auto trip = read_timeline(operation.ess);
    if (!trip) {
        report.no_timeline = trip.error().text;
        return;
    }
    sort_slowest_first(trip->units);
    report.units_in_entry = trip->units.size();
    report.trip = std::move(*trip);
}

std::string proof_path(const Operation& operation) {
    const auto proof = operation.entry.find("proof_file");
    return proof == operation.entry.end() ? std::string() : text_at(*proof, "path");
}

void add_proof(Report& report, const Result<std::string>& bytes) {
    if (proof_path(report.operation()).empty()) return;
    const Json& proof = report.operation().entry.at("proof_file");
    const std::string hash = text_at(proof, "sha256");
    if (!bytes) {
        report.proof = "not read: " + bytes.error().text;
        return;
    }
    const std::string found = sha256_hex(*bytes);
    if (hash.size() < 16 || found.substr(0, hash.size()) != hash) {
        report.proof = "it is NOT the file of the entry any more: its SHA-256 is " + found;
        return;
    }
    report.proof = "read back: its SHA-256 is the entry's";
    if (!report.trip) return;
    const auto json = parse_json(*bytes);
    if (!json) return;
    auto whole = read_timeline(*json);
    if (!whole || whole->units.size() <= report.trip->units.size()) return;
    sort_slowest_first(whole->units);
    report.trip->units = std::move(whole->units);
    report.units_from_proof = true;
}

void ReportFinder::take(const LedgerLine& line, std::string_view bytes, const std::string& segment) {
    const bool known = finder_.found().has_value();
    finder_.take(line, bytes);
    if (known) return follow(line, bytes);
    if (const auto& found = finder_.found()) {
        segment_ = segment;
        if (is_completion_of(found->operation, last_trip_seen_)) completes_ = last_trip_;
        return;
    }
    const auto operation = operation_of(line, bytes);
    if (!operation || operation->kind != LedgerKind::Trip) return;
    last_trip_ = operation->id();
    last_trip_seen_ = text_at(operation->ess, "latch_seen");
}

void ReportFinder::follow(const LedgerLine& line, std::string_view bytes) {
    for (Operation& one : followed_)
        static_cast<void>(add_to(one, line));
    const Operation& mine = finder_.found()->operation;
    if (mine.kind != LedgerKind::Trip) return;
    auto later = operation_of(line, bytes);
    if (!later) return;
    const std::string undone = text_at(later->entry, "rollback_of");
    bool of_mine = undone == id_ || is_completion_of(*later, text_at(mine.ess, "latch_seen"));
    // The reset names the newest entry of the trip, which may be a completion.
    for (const Operation& one : followed_)
        of_mine = of_mine || (!undone.empty() && undone == one.id());
    if (of_mine) followed_.push_back(std::move(*later));
}

std::optional<Report> ReportFinder::report(const std::string& directory) const {
    if (!finder_.found()) return std::nullopt;
    Report report;
    report.found = *finder_.found();
    report.directory = directory;
    report.segment = segment_;
    report.followed = followed_;
    report.completes = completes_;
    add_timeline(report);
    return report;
}

Json to_json(const Report& report) {
    const Operation& operation = report.operation();
    Json json = to_json(operation);
    json["ledger"] = {{"seq", operation.seq},           {"hash", operation.hash},
                      {"segment", report.segment},      {"origin", report.found.origin},
                      {"prev", report.found.line.prev}, {"recorded", to_rfc3339(operation.recorded)},
                      {"outcome", operation.outcome()}};
    if (const auto& checkpoint = report.found.checkpoint) json["checkpoint"] = checkpoint->body();
    json["followed"] = Json::array();
    for (const Operation& one : report.followed)
        json["followed"].push_back(to_json(one));
    return json;
}

}  // namespace ess
