#include "essd/drill.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"
#include "core/message_id.hpp"
#include "core/paths.hpp"
#include "host/journal.hpp"

namespace ess::essd {

namespace {

namespace journal = host::journal;
using journal::Level;

/// How often the canary is looked at until it beats, and a hierarchy whose kernel does not tell (cgroup v1).
constexpr Micros look_interval = std::chrono::milliseconds(2);
/// A start on a busy host.
constexpr Micros start_patience = std::chrono::seconds(10);
/// The engine gives up by itself, on the masks after StopEngine::answer_patience.
constexpr Micros engine_patience = std::chrono::seconds(60);
/// An entry that a disk holds up for longer is on its way, and is not waited for.
constexpr Micros record_patience = std::chrono::seconds(10);
/// A latch, and what is to be counted of this drill and of the one before.
constexpr std::size_t thread_capacity = 8;
/// More of them tell nothing new.
constexpr std::size_t failures_limit = 3;

}  // namespace

struct Drill::Run {
    Requester who;
    bool wants_more = false;
    host::CallReply reply;
    DrillReport report;
    std::size_t failures = 0;
    Json result;  ///< once it is counted
    host::LatchWatch latch;

    Phase phase = Phase::Between;
    Instant phase_ends{};
    DrillRound round;
    std::optional<StopEngine> engine;
    std::optional<UnitActions> actions;
    std::deque<Event> events;
    bool stepping = false;
    bool start_asked = false;
    Instant started{};
    std::optional<host::BeatFile> beats;
    /// When the latch was about to be made, by the thread that makes it; 0: not yet.
    std::shared_ptr<std::atomic<Micros::rep>> latch_made;
    Instant seen{};
};

Drill::Drill(const Config& config, host::EventLoop& loop, host::LoopInbox& inbox, host::CgroupTree& cgroups,
             host::UnitControl& units, gid_t latch_group, Record record)
    : config_(config),
      loop_(loop),
      inbox_(inbox),
      cgroups_(cgroups),
      units_(units),
      latch_group_(latch_group),
      record_(std::move(record)),
      thread_(thread_capacity),
      look_timer_(loop.add_timer(host::Priority::Client, [this] { look(); })),
      engine_timer_(loop.add_timer(host::Priority::Deadline, [this] { step(TimePassed{}); })) {}

Drill::~Drill() = default;

void Drill::begin(const Requester& who, std::uint32_t rounds, bool wants_more, host::CallReply reply) {
    DrillReport report;
    report.asked = rounds;
    report.budget = config_.stop.budget;
    report.rounds.reserve(rounds);
    host::LatchWatch::Callbacks latch{
        .seen = [this] { seen(); },
        .gone = [this] { step(LatchGone{}); },
        .repaired = [](const std::string& what) { journal::log(Level::Warning, "drill latch: " + what); }};
    run_.reset(new Run{.who = who,
                       .wants_more = wants_more,
                       .reply = std::move(reply),
                       .report = std::move(report),
                       .result = {},
                       .latch = host::LatchWatch(loop_, drill_latch_path(config_), latch_group_, std::move(latch)),
                       .round = {},
                       .engine = {},
                       .actions = {},
                       .events = {},
                       .beats = {},
                       .latch_made = {}});
    journal::log(Level::Notice, "drill: " + std::to_string(rounds) + " rounds on the canary");
    const auto watched = run_->latch.start();
    if (watched) return begin_round();
    run_->round.number = 1;
    run_->report.ended = "its latch cannot be watched";
    fail("seen", watched.error().text);
}

void Drill::wait(Phase phase, Micros patience) {
    run_->phase = phase;
    run_->phase_ends = monotonic_now() + patience;
    look_timer_.arm(phase == Phase::Starting ? monotonic_now() + look_interval : run_->phase_ends);
}

void Drill::begin_round() {
    Run& run = *run_;
    run.round = DrillRound{};
    run.round.number = static_cast<std::uint32_t>(run.report.rounds.size()) + 1;
    run.round.category = drill_category(run.round.number);
    run.engine.emplace(drill_config(config_, run.round.category));
    run.events.clear();
    run.start_asked = false;
    run.beats.reset();
    run.latch_made = std::make_shared<std::atomic<Micros::rep>>(0);
    run.actions.emplace(cgroups_, units_, [this, number = ++number_](const Event& event) {
        if (number == number_) step(event);
    });
    wait(Phase::Tidying, start_patience);
    if (const auto removed = run.latch.remove(); !removed) return fail("start", removed.error().text);
    silence_canary();
    step(BusChanged{units_.connected()});
    step(CgroupChanged{paths::canary_unit, populated_});
    step(ReleaseFound{});
}

/// The timer: what the phase waits for, or the end of its patience.
void Drill::look() {
    if (!run_) cgroups_.poll();
    if (!run_) return end_stray();
    const bool over = monotonic_now() >= run_->phase_ends;
    switch (run_->phase) {
        case Phase::Starting:
            if (over) return fail("start", "the canary did not run and beat within " + to_text(start_patience));
            return start_canary();
        case Phase::Tidying:
            return fail("start", "systemd did not say that the canary is unmasked");
        case Phase::Latching:
            return fail("seen", "the latch was not seen within " + to_text(config_.stop.budget));
        case Phase::Stopping:
            if (cgroups_.is_polled() && !over) {
                cgroups_.poll();
                return look_timer_.arm(monotonic_now() + look_interval);
            }
            return fail("stop", "the engine did not settle");
        case Phase::Resetting:
            return fail("reset", "systemd did not say that the canary is unmasked again");
        case Phase::Between:
            return next();
        case Phase::Recording:
            return answer("");
    }
}

/// As soon as nothing is left of an earlier one.
void Drill::start_canary() {
    Run& run = *run_;
    look_timer_.arm(monotonic_now() + look_interval);
    cgroups_.poll();
    if (!run.start_asked) {
        if (populated_) return;
        run.start_asked = true;
        run.started = monotonic_now();
        units_.start_other(paths::canary_unit, [this, number = number_](const Result<>& queued) {
            if (queued || number != number_ || !run_) return;
            fail("start", "the canary cannot be started: " + queued.error().text);
        });
        return;
    }
    if (!run.beats) {
        auto opened = host::BeatFile::open(paths::canary_beat);
        if (opened) run.beats.emplace(std::move(*opened));
    }
    const auto beat = run.beats ? run.beats->last() : std::nullopt;
    // Of an earlier canary is what was there before this one was asked for.
    if (beat && *beat < run.started) run.beats.reset();
    if (beat && *beat >= run.started && populated_) make_latch();
}

/// By a thread, as by any program: the loop sleeps meanwhile, and has to be woken.
void Drill::make_latch() {
    wait(Phase::Latching, config_.stop.budget);
    const bool taken = thread_.submit(
        [this, path = drill_latch_path(config_), group = latch_group_, when = run_->latch_made, number = number_] {
            when->store(monotonic_now().time_since_epoch().count());
            const auto made = host::make_latch(path, group, "");
            if (made) return;
            inbox_.post([this, number, why = made.error().text] {
                if (number == number_ && run_ && run_->phase == Phase::Latching) fail("seen", why);
            });
        });
    if (!taken) fail("seen", "the latch could not be made");
}

void Drill::seen() {
    if (!run_ || run_->phase != Phase::Latching) return;
    run_->seen = monotonic_now();
    step(LatchSeen{});
    if (run_->phase != Phase::Latching) return;
    wait(Phase::Stopping, engine_patience);
    if (cgroups_.is_polled()) look_timer_.arm(monotonic_now());
}

void Drill::canary_is(bool populated) {
    populated_ = populated;
    end_stray();
    step(CgroupChanged{paths::canary_unit, populated});
}

void Drill::tell(const Event& event) {
    step(event);
}

/// One event at a time, whatever happens while the actions of the one before are carried out.
void Drill::step(const Event& event) {
    if (!run_ || !run_->engine) return;
    run_->events.push_back(event);
    if (std::exchange(run_->stepping, true)) return;
    while (run_->engine && !run_->events.empty()) {
        const Event next = std::move(run_->events.front());
        run_->events.pop_front();
        for (const Action& action : run_->engine->step(next, monotonic_now()))
            carry_out(action);
    }
    run_->stepping = false;
    const auto at = run_->engine ? run_->engine->deadline() : std::nullopt;
    if (!at) return engine_timer_.set_enabled(false);
    engine_timer_.arm(*at);
}

void Drill::carry_out(const Action& action) {
    if (!run_->engine) return;
    const auto through = [this](const auto& wanted) { run_->actions->carry_out(wanted); };
    if (const auto* kill = std::get_if<KillUnit>(&action)) return through(*kill);
    if (const auto* stop = std::get_if<StopUnit>(&action)) return through(*stop);
    if (const auto* mask = std::get_if<MaskUnits>(&action)) return through(*mask);
    if (const auto* unmask = std::get_if<UnmaskUnits>(&action)) return through(*unmask);
    if (const auto* read = std::get_if<ReadStates>(&action)) {
        return run_->actions->carry_out(*read, [](const Result<UnitStates>&) {});
    }
    // Left out, see above.
    if (const auto* reload = std::get_if<Reload>(&action)) return step(BusAnswered{reload->serial, ""});
    if (std::holds_alternative<RestoreLatch>(action) && !run_->latch.present()) {
        return static_cast<void>(run_->latch.create(""));  // nobody waits for it, and the round ends all the same
    }
    if (std::holds_alternative<ClearLatch>(action)) {
        const auto removed = run_->latch.remove();
        return step(LatchCleared{removed ? "" : removed.error().text});
    }
    if (const auto* trip = std::get_if<TripSettled>(&action)) return settled(trip->report);
    if (const auto* done = std::get_if<ResetDone>(&action)) return reset_done(*done);
    if (const auto* refused = std::get_if<ResetRefused>(&action)) {
        run_->report.ended = "the canary cannot be released: " + refused->why;
        return fail("reset", refused->why);
    }
}

void Drill::settled(const TripReport& report) {
    Run& run = *run_;
    // Once more when a Partial one completes: the round has been judged.
    if (run.phase == Phase::Resetting) return;
    // Nothing is known of a latch that somebody else made in this moment.
    const Micros::rep before = run.latch_made->load();
    const Instant made = before > 0 ? Instant(Micros(before)) : run.seen;
    const auto beat = run.beats ? run.beats->last() : std::nullopt;
    const auto since = [&](Instant at) { return std::max(Micros(0), at - made); };
    judge(run.round, {since(run.seen), report, beat ? std::optional(since(*beat)) : std::nullopt, config_.stop.budget});
    wait(Phase::Resetting, engine_patience);
    step(ResetAsked{});
}

void Drill::reset_done(const ResetDone& action) {
    const bool released = action.problems.empty();
    if (run_->phase == Phase::Tidying) {
        if (!released) return fail("start", join(action.problems, "; "));
        return wait(Phase::Starting, start_patience);
    }
    if (!released) return fail("reset", join(action.problems, "; "));
    end_round();
}

void Drill::fail(const std::string& phase, const std::string& why) {
    if (run_->round.failed.empty()) {
        run_->round.failed = phase;
        run_->round.why = why;
    }
    end_round();
}

void Drill::end_round() {
    Run& run = *run_;
    run.engine.reset();
    ++number_;
    engine_timer_.set_enabled(false);
    if (!run.round.failed.empty()) {
        ++run.failures;
        journal::log(Level::Error, "drill: round " + std::to_string(run.round.number) + " failed at '" +
                                       run.round.failed + "': " + run.round.why);
    }
    run.report.rounds.push_back(run.round);
    tell_round(run.round);
    // From the loop, not from the middle of a callback.
    wait(Phase::Between, Micros(0));
}

void Drill::next() {
    DrillReport& report = run_->report;
    const bool more = report.rounds.size() < report.asked;
    if (more && report.ended.empty() && run_->failures >= failures_limit) report.ended = "too many failures";
    if (more && report.ended.empty() && !run_->reply.is_wanted()) report.ended = "who asked for it has gone";
    if (!more || !report.ended.empty()) return finish();
    begin_round();
}

/// Nothing of it is left to run, or to be taken for a latch.
void Drill::silence_canary() {
    if (!populated_) return;
    static_cast<void>(cgroups_.kill(paths::canary_unit));  // one that cannot be killed fails the next round
    units_.stop_other(paths::canary_unit, [](const Result<>&) {});
}

/// When a drill gives way to a trip its canary may be there, or just being started. By the kernel alone: systemd has a
/// trip to see to. And again: the end of its condition and its own beginning may be told as one.
void Drill::end_stray() {
    if (run_ || !populated_) return;
    static_cast<void>(cgroups_.kill(paths::canary_unit));  // RuntimeMaxSec= ends it otherwise
    look_timer_.arm(monotonic_now() + StopEngine::kill_interval);
}

void Drill::finish() {
    Run& run = *run_;
    static_cast<void>(run.latch.remove());  // seen, and taken back, by the next drill
    silence_canary();
    wait(Phase::Recording, record_patience);
    record(std::move(run.report), run.who);
}

/// Counts, and then records, whether anybody still waits or not.
void Drill::record(DrillReport report, const Requester& who) {
    report.at = wall_now();
    const auto ended = std::make_shared<const DrillReport>(std::move(report));
    const bool taken = thread_.submit([this, ended, who, number = ++number_] {
        inbox_.post([this, who, number, event = drill_event(*ended), result = drill_result(*ended, "")] {
            counted(event, result, who, number);
        });
    });
    if (!taken) journal::log(Level::Error, "drill: it could not be counted, and is not on record");
}

void Drill::counted(const EventText& event, const Json& result, const Requester& who, std::uint64_t number) {
    const bool good = event.outcome == Outcome::Success;
    const bool cut_short = event.ess.at("tripped") == true;
    journal::event(message_id::drill_done,
                   good        ? Level::Notice
                   : cut_short ? Level::Warning
                               : Level::Error,
                   "drill: " + event.summary);
    if (number == number_ && run_) run_->result = result;
    record_(event, who, [this, number](const std::string& id) {
        if (number == number_ && run_) answer(id);
    });
}

void Drill::answer(const std::string& operation_id) {
    ++number_;
    const auto ended = std::exchange(run_, nullptr);
    look_timer_.set_enabled(false);
    end_stray();
    if (ended->result.is_null()) {
        return ended->reply.error(
            {"io.quantum.EmergencyStop.Failed", {{"reason", "the drill was not counted in time"}}});
    }
    ended->result["operation_id"] = operation_id;
    ended->reply.reply({{"result", std::move(ended->result)}});
}

void Drill::give_way() {
    if (!run_) return;
    ++number_;
    engine_timer_.set_enabled(false);
    look_timer_.set_enabled(false);
    const auto ended = std::exchange(run_, nullptr);
    static_cast<void>(ended->latch.remove());  // seen, and taken back, by the next drill
    end_stray();
    // One that was over is on its way to the ledger as it is.
    if (ended->phase != Phase::Recording) {
        ended->report.tripped = true;
        ended->report.ended = "the stop was tripped";
        record(std::move(ended->report), ended->who);
    }
    ended->reply.error({"io.quantum.EmergencyStop.Tripped", Json::object()});
}

void Drill::tell_round(const DrillRound& round) const {
    // Who does not read is told the result alone.
    if (run_->wants_more && !run_->reply.is_behind()) run_->reply.stream({{"round", to_json(round)}});
}

}  // namespace ess::essd
