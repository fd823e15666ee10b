#include "core/start_sequence.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using namespace ess;
using namespace std::chrono_literals;
using Verdict = StartSequence::Verdict;

namespace {

constexpr Instant begin{1h};

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

/// Looks and finds the unit active until it counts as stable; what comes then.
StartSequence::Step watch(StartSequence& sequence, const std::string& unit, Instant& now) {
    for (int looks = 0; looks < 1000; ++looks) {
        now = sequence.deadline();
        StartSequence::Step step = sequence.time_passed(now);
        REQUIRE(step.verdict == Verdict::GoOn);
        REQUIRE(step.look == unit);
        step = sequence.state_is(unit, "active", now);
        if (step.verdict != Verdict::GoOn || step.start) return step;
    }
    FAIL("never stable");
    return {};
}

}  // namespace

TEST_CASE("start sequence: one after the other, each watched for its time") {
    StartSequence sequence({"a.service", "b.service"}, begin);
    Instant now = begin;
    CHECK(sequence.time_passed(now).start == "a.service");
    CHECK(watch(sequence, "a.service", now).start == "b.service");
    CHECK(now - begin >= StartSequence::stable_time);
    CHECK(watch(sequence, "b.service", now).verdict == Verdict::Done);
    REQUIRE(sequence.started().size() == 2);
    CHECK(sequence.started()[1].stable_after >= StartSequence::stable_time);
}

TEST_CASE("start sequence: a unit that is not active in between is watched anew") {
    StartSequence sequence({"a.service"}, begin);
    static_cast<void>(sequence.time_passed(begin));
    CHECK(sequence.state_is("a.service", "active", begin + 1s).verdict == Verdict::GoOn);
    CHECK(sequence.state_is("a.service", "activating", begin + 2s).verdict == Verdict::GoOn);
    CHECK(sequence.state_is("a.service", "active", begin + 3s).verdict == Verdict::GoOn);
    CHECK(sequence.state_is("a.service", "active", begin + 4900ms).verdict == Verdict::GoOn);
    CHECK(sequence.state_is("a.service", "active", begin + 5s).verdict == Verdict::Done);
}

TEST_CASE("start sequence: what ends it") {
    const auto started = [] {
        StartSequence sequence({"a.service", "b.service"}, begin);
        static_cast<void>(sequence.time_passed(begin));
        return sequence;
    };
    SUBCASE("systemd refuses") {
        const auto step = started().start_refused("a.service", "masked");
        CHECK(step.verdict == Verdict::Failed);
        CHECK(step.why == "a.service: systemd refused to start it: masked");
    }
    SUBCASE("it fails") {
        auto sequence = started();
        CHECK(sequence.state_is("a.service", "inactive", begin + 1ms).verdict == Verdict::GoOn);
        CHECK(sequence.state_is("a.service", "failed", begin + 1s).why == "a.service: it is failed");
    }
    SUBCASE("it loses its last process while it is watched") {
        auto sequence = started();
        CHECK(sequence.emptied("a.service").verdict == Verdict::GoOn);  // the process of an ExecStartPre=
        static_cast<void>(sequence.state_is("a.service", "active", begin + 1s));
        CHECK(sequence.emptied("b.service").verdict == Verdict::GoOn);
        CHECK(sequence.emptied("a.service").verdict == Verdict::Failed);
    }
    SUBCASE("one that was stable dies while the next one starts") {
        auto sequence = started();
        static_cast<void>(sequence.state_is("a.service", "active", begin + 1s));
        CHECK(sequence.state_is("a.service", "active", begin + 3s).start == "b.service");
        CHECK(sequence.emptied("a.service").why == "a.service: its last process is gone");
    }
    SUBCASE("it never comes up") {
        auto sequence = started();
        CHECK(sequence.time_passed(begin + StartSequence::start_patience - 1ms).verdict == Verdict::GoOn);
        CHECK(sequence.time_passed(begin + StartSequence::start_patience + 1s).verdict == Verdict::Failed);
    }
}

TEST_CASE("start sequence: answers about another unit change nothing") {
    StartSequence sequence({"a.service", "b.service"}, begin);
    static_cast<void>(sequence.time_passed(begin));
    CHECK(sequence.start_refused("b.service", "x").verdict == Verdict::GoOn);
    CHECK(sequence.state_is("b.service", "failed", begin + 1s).verdict == Verdict::GoOn);
}

TEST_CASE("start order: what a unit is After= comes first, and the given order otherwise") {
    const std::vector<std::string> units{"a", "b", "c", "d"};
    const auto after = [](std::vector<std::string> names) {
        UnitRelations relations;
        relations.after = std::move(names);
        return relations;
    };
    CHECK(joined(start_order(units, {})) == "a b c d");
    CHECK(joined(start_order(units, {{"a", after({"c", "basic.target"})}})) == "c a b d");
    CHECK(joined(start_order(units, {{"a", after({"b"})}, {"b", after({"d"})}})) == "d b a c");
    CHECK(joined(start_order(units, {{"a", after({"b"})}, {"b", after({"a"})}})) == "b a c d");
}
