// What a report says in words, before any number is read.

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "core/report.hpp"

namespace ess {

namespace {

using Mood = Verdict::Mood;

std::size_t running_in(const TripReport& trip) {
    return static_cast<std::size_t>(
        std::ranges::count_if(trip.units, [](const UnitTimeline& unit) { return unit.was_running; }));
}

Verdict other_verdict(const Report& report) {
    const Operation& operation = report.operation();
    const std::string outcome = operation.outcome();
    const Mood mood = outcome == "SUCCESS" ? Mood::Good : outcome.empty() ? Mood::Neutral : Mood::Warning;
    const std::string name = text_at(operation.entry, "operation_name");
    const std::string summary = text_at(operation.entry, "changes_summary");
    std::string text = name.empty() ? "An operation without a name" : name;
    if (!summary.empty()) text += ": " + summary;
    return {mood, outcome.empty() ? "RECORDED" : outcome, text};
}

/// The operation that completed a PARTIAL trip; null if none did.
const Operation* completed_by(const Report& report) {
    const auto found = std::ranges::find_if(report.followed, [](const Operation& later) {
        return later.kind == LedgerKind::Trip && text_at(later.entry, "outcome") == "SUCCESS";
    });
    return found == report.followed.end() ? nullptr : &*found;
}

Verdict unverified_verdict(const Report& report) {
    const TripReport& trip = *report.trip;
    if (const Operation* const completion = completed_by(report)) {
        const std::string by = completion->id() + " records that it is complete.";
        return trip.stop_time ? Verdict{Mood::Warning, "STOPPED, VERIFIED LATER",
                                        "Every process was gone, but not all could be verified at first; " + by}
                              : Verdict{Mood::Warning, "COMPLETED LATER",
                                        "A unit still had a process when this was recorded; " + by};
    }
    const auto alive = std::ranges::count_if(trip.units, [](const UnitTimeline& unit) { return !unit.empty; });
    if (alive > 0 || !trip.stop_time) {
        return {Mood::Bad, "NOT STOPPED",
                std::to_string(alive) + (alive == 1 ? " unit" : " units") +
                    " still had a process when this was recorded. essd keeps trying."};
    }
    if (trip.budget > Micros(0) && *trip.stop_time > trip.budget)
        return {Mood::Bad, "STOPPED TOO LATE", "Every process is gone, but it took longer than the budget."};
    return {Mood::Warning, "STOPPED, NOT ALL VERIFIED",
            "Every process of the allowed units is gone; not everything else could be verified."};
}

}  // namespace

Verdict verdict_of(const Report& report) {
    const std::string written = text_at(report.operation().entry, "outcome");
    if (!report.trip) return other_verdict(report);
    const TripReport& trip = *report.trip;
    if (written != "SUCCESS") return unverified_verdict(report);
    if (running_in(trip) == 0) {
        return {Mood::Good, "STOPPED",
                trip.resumed ? "No process was left when essd came up; every allowed unit is masked."
                             : "Nothing was running; every allowed unit is masked."};
    }
    if (!trip.stop_time || (trip.budget > Micros(0) && *trip.stop_time > trip.budget))
        return {Mood::Bad, "IN DOUBT", "The outcome is called a success, and the times say otherwise."};
    if (trip.completion) return {Mood::Good, "STOPPED", "This completes a trip that was recorded as PARTIAL before."};
    return {Mood::Good, "STOPPED", "Every allowed unit was stopped, read back as empty, and masked."};
}

std::string unit_ending(const UnitTimeline& unit, bool resumed) {
    std::string text;
    if (!unit.empty) {
        text = "STILL HAS A PROCESS";
    } else if (!unit.was_running) {
        text = "was not running";
    } else if (unit.emptied) {
        text = "gone after " + to_ms_text(*unit.emptied) + " ms";
    } else {
        text = resumed ? "gone before essd came up" : "gone";
    }
    if (unit.killed) text += ", killed by the kernel";
    text += unit.masked ? ", masked" : ", NOT MASKED";
    if (unit.came_back > 0)
        text += ", came back " + std::to_string(unit.came_back) + (unit.came_back == 1 ? " time" : " times");
    return text;
}

std::string units_summary(const TripReport& trip) {
    const auto killed =
        std::ranges::count_if(trip.units, [](const UnitTimeline& unit) { return unit.killed.has_value(); });
    return std::to_string(running_in(trip)) + " of " + std::to_string(trip.units.size()) +
           " allowed units were running, " + std::to_string(killed) + " killed by the kernel";
}

std::vector<Fact> facts_of(const Report& report) {
    const Operation& operation = report.operation();
    const Json& entry = operation.entry;
    std::vector<Fact> facts;
    const auto add = [&](std::string name, const std::string& text, std::string otherwise = "not recorded") {
        facts.push_back({std::move(name), text.empty() ? std::move(otherwise) : text, !text.empty()});
    };
    if (report.trip) add("Why", text_at(operation.ess, "reason"), "no reason was given");
    add("Who", text_at(entry, "requested_by"));
    if (report.trip) {
        add("Latch seen", text_at(operation.ess, "latch_seen"));
        add("By way of", text_at(operation.ess, "trigger"), "the latch file");
        add("Units", units_summary(*report.trip));
    } else {
        add("When", text_at(entry, "execution_timestamp"));
        add("Approved by", text_at(entry, "approved_by"));
    }
    add("Host", text_at(entry, "hostname"));
    add("Operation", operation.id() + " (" + std::string(to_text(operation.kind)) + ")");
    const std::string written = text_at(entry, "outcome");
    const bool changed = operation.outcome() != written;
    add("Outcome", operation.outcome() + (changed ? ", by an amendment; written as " + written : ""));
    if (report.found.line.kind == LedgerKind::Late)
        add("Recorded", "late, " + to_rfc3339(operation.recorded) + ": the ledger could not be written before");
    return facts;
}

std::vector<std::string> relations_of(const Report& report) {
    std::vector<std::string> relations;
    if (!report.completes.empty())
        relations.push_back("Completes " + report.completes + ", which was recorded as PARTIAL");
    for (const Operation& later : report.followed) {
        relations.push_back((later.kind == LedgerKind::Trip ? "Completed by " : "Followed by ") + later.id() + ": " +
                            text_at(later.entry, "operation_name") + ", " + later.outcome() + ", " +
                            text_at(later.entry, "execution_timestamp") + ", requested by " +
                            text_at(later.entry, "requested_by"));
    }
    for (const Json& signoff : report.operation().signoffs)
        relations.push_back("Signed off by " + text_at(signoff, "approved_by") + ", " +
                            text_at(signoff, "approval_timestamp"));
    const std::size_t amended = report.operation().amendments.size();
    if (amended > 0) relations.push_back("Amended " + std::to_string(amended) + (amended == 1 ? " time" : " times"));
    return relations;
}

std::string exact_ms(Micros time) {
    std::array<char, 32> text{};
    static_cast<void>(std::snprintf(text.data(), text.size(), "%lld.%03lld",
                                    static_cast<long long>(time.count() / 1000),
                                    static_cast<long long>(time.count() % 1000)));
    return text.data();
}

}  // namespace ess
