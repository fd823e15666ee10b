#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "core/stop_engine.hpp"
#include "simulated_host.hpp"

// The bound: no order of events lets a unit that the kernel can kill live past the budget.

using namespace ess;
using namespace ess::test;
using namespace std::chrono_literals;
using Phase = StopEngine::Phase;

namespace {

// --- every order, for two units -------------------------------------------------------------------------------------

constexpr Micros exhaustive_grace = 300ms;

/// A host that is nothing but the order of its events: a kill works at once, everything else is up to the order. What
/// the kernel says of a birth is told; of a death it may be told or not.
struct Node {
    StopEngine engine;
    Instant now{std::chrono::hours(1)};
    Instant latch_at{};
    std::array<bool, 2> alive{true, true};
    std::array<bool, 2> told{true, true};  ///< what the engine last heard
    std::array<Instant, 2> due{};
    std::uint64_t serial = 0;
    bool broken = false;
    bool loses_kills = false;
};

constexpr std::array<const char*, 2> names{"a.service", "b.service"};

void feed(Node& node, const Event& event) {
    for (const Action& action : node.engine.step(event, node.now)) {
        if (const auto* kill = std::get_if<KillUnit>(&action); kill != nullptr && !node.loses_kills) {
            node.alive.at(kill->unit == names[0] ? 0 : 1) = false;
        }
        if (const auto* read = std::get_if<ReadStates>(&action)) node.serial = read->serial;
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (node.alive.at(i) && node.now >= node.due.at(i)) node.broken = true;
    }
    // A unit that the engine holds and does not kill must have a time at which it will.
    if (node.alive[0] || node.alive[1]) node.broken = node.broken || !node.engine.deadline();
}

void pass(Node& node, Micros span) {
    node.now += span;
    feed(node, TimePassed{});
}

void to_deadline(Node& node) {
    const Instant at = node.engine.deadline().value_or(node.now);
    pass(node, std::max(at - node.now, Micros(0)));
}

/// A process that comes after the grace has to be killed in the same step: there is no time in which it may live.
void birth(Node& node, std::size_t i) {
    if (node.alive.at(i)) return;
    node.alive.at(i) = true;
    const Micros grace = i == 0 ? exhaustive_grace : Micros(0);
    // An engine that was not told of the death takes this for the process that it killed, and kills it at its next
    // turn.
    const Micros turn = std::exchange(node.told.at(i), true) ? StopEngine::kill_interval : Micros(0);
    node.due.at(i) = std::max(node.latch_at + grace, node.now + turn) + 1us;
    feed(node, CgroupChanged{names.at(i), true});
}

using Move = std::function<void(Node&)>;

StatesRead read_of(const Node& node, const char* state) {
    return {node.serial, {}, {{names[0], state}, {names[1], state}}};
}

/// What happens to one unit.
void add_unit_moves(std::vector<Move>& moves, std::size_t i) {
    const std::string unit = names.at(i);
    moves.emplace_back([unit](Node& n) { feed(n, StopQueued{unit}); });
    moves.emplace_back([unit](Node& n) { feed(n, StopFinished{unit}); });
    moves.emplace_back([unit](Node& n) { feed(n, StopFailed{unit, "refused"}); });
    moves.emplace_back([i](Node& n) { birth(n, i); });
    // The unit obeys, or the notice of a death that was the engine's work arrives.
    moves.emplace_back([i, unit](Node& n) {
        n.alive.at(i) = n.told.at(i) = false;
        feed(n, CgroupChanged{unit, false});
    });
}

std::vector<Move> moves() {
    std::vector<Move> all;
    for (std::size_t i = 0; i < names.size(); ++i)
        add_unit_moves(all, i);
    all.emplace_back([](Node& n) { feed(n, BusChanged{false}); });
    all.emplace_back([](Node& n) { feed(n, BusChanged{true}); });
    all.emplace_back([](Node& n) { feed(n, BusAnswered{n.serial, "refused"}); });
    all.emplace_back([](Node& n) { feed(n, read_of(n, "masked")); });
    all.emplace_back([](Node& n) { feed(n, read_of(n, "loaded")); });
    all.emplace_back([](Node& n) { feed(n, LatchGone{}); });
    all.emplace_back([](Node& n) { feed(n, LatchSeen{}); });
    all.emplace_back([](Node& n) { to_deadline(n); });
    all.emplace_back([](Node& n) { pass(n, n.engine.deadline() ? (*n.engine.deadline() - n.now) / 2 : 10ms); });
    return all;
}

/// The latch is seen while the first unit, controlled, and the second, immediate, are running.
Node tripped_node(bool bus_up) {
    Node node{StopEngine(config_of({controlled(names[0], exhaustive_grace), immediate(names[1])}))};
    if (bus_up) static_cast<void>(node.engine.step(BusChanged{true}, node.now));
    for (const char* const name : names)
        static_cast<void>(node.engine.step(CgroupChanged{name, true}, node.now));
    node.latch_at = node.now;
    node.due = {node.now + exhaustive_grace + 1us, node.now + 1us};
    return node;
}

/// Nothing happens any more: time alone must bring the units down.
bool ends_well(Node node) {
    const Instant end = std::max(node.due[0], node.due[1]) + 1us;
    while (!node.broken && (node.alive[0] || node.alive[1]) && node.now < end)
        to_deadline(node);
    return !node.broken && !node.alive[0] && !node.alive[1];
}

struct Walk {
    std::vector<Move> moves;
    std::size_t orders = 0;
    std::size_t broken = 0;

    void from(const Node& node, unsigned depth) {
        if (depth == 0 || node.broken) {
            ++orders;
            broken += ends_well(node) ? 0 : 1;
            return;
        }
        for (const Move& move : moves) {
            Node next = node;
            move(next);
            from(next, depth - 1);
        }
    }
};

Walk walk(bool bus_up, unsigned depth, bool loses_kills = false) {
    Walk walk{moves()};
    Node node = tripped_node(bus_up);
    node.loses_kills = loses_kills;
    feed(node, LatchSeen{});
    walk.from(node, depth);
    return walk;
}

// --- at random ------------------------------------------------------------------------------------------------------

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    Micros ms(std::uint64_t limit) { return Micros(static_cast<std::int64_t>(below(limit * 1000))); }

  private:
    std::mt19937_64 random_;
};

Answer any_answer(Dice& dice) {
    constexpr std::array answers{Answer::Right, Answer::Right, Answer::Right,    Answer::Late,
                                 Answer::Never, Answer::Error, Answer::Cancelled};
    return answers.at(dice.below(answers.size()));
}

Behaviour any_behaviour(Dice& dice) {
    Behaviour does;
    if (dice.one_in(3)) does.obeys.reset();
    if (does.obeys) does.obeys = dice.ms(1500);
    does.leaves_process = dice.one_in(5);
    if (dice.one_in(4)) does.stop_post = dice.ms(3000);
    if (dice.one_in(3)) does.restarts = static_cast<unsigned>(dice.below(4));
    does.killable = !dice.one_in(12);
    does.loaded = !dice.one_in(10);
    does.stop = any_answer(dice);
    return does;
}

HostTraits any_traits(Dice& dice) {
    HostTraits traits;
    traits.masks = any_answer(dice);
    traits.states = any_answer(dice);
    traits.masks_hold = !dice.one_in(5);
    traits.late = dice.ms(4000);
    traits.jitter = dice.ms(30);
    traits.notice = dice.ms(5);
    traits.clear = dice.one_in(4) ? any_answer(dice) : Answer::Right;
    return traits;
}

/// Two rules by name and two patterns, each with its own grace.
Config any_config(Dice& dice) {
    const Micros budget = 500ms + dice.ms(2500);
    std::vector<UnitRule> rules;
    for (const char* const name : {"a.service", "b.service", "s@*.service", "q-*.service"}) {
        const auto room = static_cast<std::uint64_t>((budget - 200ms).count() / 1000);
        rules.push_back(dice.one_in(3) ? immediate(name) : controlled(name, dice.ms(room)));
    }
    return config_of(std::move(rules), budget);
}

constexpr std::array<const char*, 6> cast_of_units{"a.service",   "b.service",   "s@1.service",
                                                   "s@2.service", "q-1.service", "q-2.service"};

void plan_disturbances(SimulatedHost& host, Dice& dice) {
    for (std::uint64_t n = dice.below(4); n > 0; --n)
        host.in(dice.ms(4000), [&host, up = dice.one_in(2)] { host.bus(up); });
    for (std::uint64_t n = dice.below(4); n > 0; --n)
        host.in(dice.ms(6000), [&host, name = cast_of_units.at(dice.below(6))] { host.start(name); });
    for (std::uint64_t n = dice.below(3); n > 0; --n)
        host.in(dice.ms(4000), [&host] { host.tell(LatchSeen{}); });
    if (dice.one_in(3)) host.in(dice.ms(4000), [&host] { host.tell(LatchGone{}); });
    if (dice.one_in(3)) host.in(dice.ms(4000), [&host] { host.tell(ResetAsked{}); });
    if (dice.one_in(3)) host.in(dice.ms(4000), [&host] { host.thaw(cast_of_units.at(0)); });
}

/// One run with everything at random. What broke, if anything did.
std::vector<std::string> run(std::uint64_t seed, bool loses_kills = false) {
    Dice dice(seed);
    const Config config = any_config(dice);
    HostTraits traits = any_traits(dice);
    traits.loses_kills = loses_kills;
    SimulatedHost host(config, traits, seed);
    if (!dice.one_in(6)) host.bus(true);
    for (const char* const name : cast_of_units)
        host.add(name, any_behaviour(dice), !dice.one_in(3));
    plan_disturbances(host, dice);
    host.run_for(dice.ms(300));
    host.latch();
    host.run_for(4s);
    host.tell(ResetAsked{});
    host.run_for(dice.ms(100));
    host.latch();
    host.run_for(3s);
    return host.violations();
}

}  // namespace

TEST_CASE("bound: every order of five events with the bus, and of four without") {
    const Walk with_bus = walk(true, 5);
    CHECK(with_bus.orders == 19UL * 19 * 19 * 19 * 19);
    CHECK(with_bus.broken == 0);
    const Walk without = walk(false, 4);
    CHECK(without.orders == 19UL * 19 * 19 * 19);
    CHECK(without.broken == 0);
}

TEST_CASE("bound: the walk finds an adapter that does not kill") {
    const Walk walked = walk(true, 2, true);
    CHECK(walked.broken > walked.orders / 2);
}

TEST_CASE("bound: tens of thousands of hosts at random") {
    constexpr std::uint64_t runs = 20'000;
    for (const std::uint64_t first : {1'000'000U, 2'000'000U}) {
        for (std::uint64_t seed = first; seed < first + runs / 2; ++seed) {
            const std::vector<std::string> violations = run(seed);
            if (violations.empty()) continue;
            CAPTURE(seed);
            FAIL_CHECK(join(violations, "; "));
        }
    }
}

TEST_CASE("bound: a run finds an adapter that does not kill") {
    std::size_t found = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed)
        found += run(seed, true).empty() ? 0 : 1;
    CHECK(found > 150);
}

TEST_CASE("bound: a host that keeps it shows no violation, and the same host without kills does") {
    for (const bool loses_kills : {false, true}) {
        HostTraits traits;
        traits.loses_kills = loses_kills;
        SimulatedHost host(config_of({controlled("c.service", 1800ms)}), traits);
        host.add("c.service", {.obeys = {}});
        host.bus(true);
        host.latch();
        host.run_for(2s);
        CHECK(host.violations().empty() == !loses_kills);
        CHECK(host.alive("c.service") == loses_kills);
    }
}
