#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/operation_finder.hpp"
#include "core/trip_report.hpp"

namespace ess {

/// All that the report of an operation tells. Made of nothing but the ledger and the proof file that an entry names,
/// and without a word of when it was made: two reports of the same ledger are the same bytes.
struct Report {
    FoundOperation found;
    std::string directory;            ///< of the ledger
    std::string segment;              ///< the file in it that has the line
    std::vector<Operation> followed;  ///< later operations that complete or reset this one
    std::string completes;            ///< the trip that this one completes, which was PARTIAL; or empty
    std::optional<TripReport> trip;   ///< the timeline, slowest unit first
    std::string no_timeline;          ///< why there is none, if there should be one
    std::string proof;                ///< what a look at the proof file showed; empty: the entry names none
    bool units_from_proof = false;    ///< the entry has fewer than were stopped, to fit a line; the proof file has all
    std::size_t units_in_entry = 0;

    [[nodiscard]] const Operation& operation() const { return found.operation; }
};

/// Reads the timeline of a trip out of its entry.
void add_timeline(Report& report);

/// The proof file that the entry names; empty if it names none.
[[nodiscard]] std::string proof_path(const Operation& operation);
/// Compares the proof file as it was read now with the entry's hash and size, and takes the whole list of units out of
/// it if it is the same and the entry's own had to be shortened.
void add_proof(Report& report, const Result<std::string>& bytes);

/// Finds an operation and what a report of it needs besides, while the lines of a ledger go by.
class ReportFinder {
  public:
    explicit ReportFinder(const std::string& id) : id_(id), finder_(id) {}

    /// Takes the next line of the chain; `bytes` is the line without its newline, `segment` the file that has it.
    void take(const LedgerLine& line, std::string_view bytes, const std::string& segment);
    /// Nothing if the operation did not go by. Without proof.
    [[nodiscard]] std::optional<Report> report(const std::string& directory) const;

  private:
    void follow(const LedgerLine& line, std::string_view bytes);

    std::string id_;
    OperationFinder finder_;
    std::string segment_;
    std::string last_trip_;       ///< the newest trip before it
    std::string last_trip_seen_;  ///< and its latch_seen
    std::string completes_;
    std::vector<Operation> followed_;
};

/// Who looks at it first sees this.
struct Verdict {
    enum class Mood { Good, Warning, Bad, Neutral };
    Mood mood = Mood::Neutral;
    std::string word;  ///< "STOPPED", so that no colour is needed
    std::string text;  ///< "Every allowed unit was stopped and masked, within the budget."
};
[[nodiscard]] Verdict verdict_of(const Report& report);

/// "gone after 1000.6 ms, killed by the kernel, masked"
[[nodiscard]] std::string unit_ending(const UnitTimeline& unit, bool resumed);
/// "3 of 5 allowed units were running, 1 killed by the kernel"
[[nodiscard]] std::string units_summary(const TripReport& trip);

/// What people ask first: why, who, when, where.
struct Fact {
    std::string name;
    std::string text;  ///< as it was recorded, or a word of our own
    bool known = true;
};
[[nodiscard]] std::vector<Fact> facts_of(const Report& report);
/// What came before and after and belongs to it, a sentence each: completions, resets, sign-offs, amendments.
[[nodiscard]] std::vector<std::string> relations_of(const Report& report);
/// Milliseconds to the microsecond, the entry's own number: "1000.600" of 1000600 us.
[[nodiscard]] std::string exact_ms(Micros time);

/// A command with which the reader can check a part of it, and what it must print or say.
struct Check {
    std::string purpose;
    std::string command;
    std::string expected;
    bool literal = false;  ///< `expected` is what it prints, not a word on it
};
[[nodiscard]] std::vector<Check> checks_of(const Report& report);

/// `essctl report --json`.
[[nodiscard]] Json to_json(const Report& report);

}  // namespace ess
