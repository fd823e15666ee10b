#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "core/config.hpp"
#include "core/stop_engine.hpp"

namespace ess::test {

/// How the simulated systemd treats a question.
enum class Answer { Right, Late, Never, Error, Cancelled };

/// What one simulated unit does.
struct Behaviour {
    std::optional<Micros> obeys = Micros(5000);  ///< from SIGTERM to the last process gone; nothing: it ignores SIGTERM
    bool leaves_process = false;                 ///< KillMode=process: the stop job ends with a process left
    std::optional<Micros> stop_post = {};        ///< ExecStopPost= has a process for so long
    unsigned restarts = 0;                       ///< how often it comes back by itself when it dies without a stop job
    bool killable = true;
    bool loaded = true;
    Answer stop = Answer::Right;  ///< to StopUnit
};

/// What the simulated host and the adapter do.
struct HostTraits {
    Answer masks = Answer::Right;  ///< to MaskUnits, UnmaskUnits and Reload
    Answer states = Answer::Right;
    bool masks_hold = true;    ///< a mask that was answered for is in LoadState
    Micros late{3'000'000};    ///< by how much Answer::Late is late
    Micros jitter{};           ///< TimePassed comes up to this long after deadline()
    Micros notice{200};        ///< the kernel's notice comes up to this long after the change
    bool loses_kills = false;  ///< an adapter that is broken: KillUnit is not carried out
    Answer clear = Answer::Right;
};

/// A host with a simulated clock around the engine: units, systemd, the latch, and the adapter which delivers events,
/// and TimePassed at deadline(). It watches the bound while it runs: see violations().
class SimulatedHost {
  public:
    explicit SimulatedHost(const Config& config, HostTraits traits = {}, std::uint64_t seed = 1);

    void add(const std::string& name, const Behaviour& behaviour, bool running = true);
    /// The bus comes up or goes away. At first it is down.
    void bus(bool up);
    void latch(bool resumed = false) { tell(LatchSeen{resumed}); }
    /// The unit gets a process, whatever the guard says.
    void start(const std::string& name);
    /// What kept the unit from being killed is over.
    void thaw(const std::string& name);
    /// Plans something for `after` from now.
    void in(Micros after, std::function<void()> what);
    void run_for(Micros span);
    void tell(const Event& event);

    [[nodiscard]] const StopEngine& engine() const { return engine_; }
    [[nodiscard]] bool alive(const std::string& name) const { return units_.at(name).alive; }
    [[nodiscard]] bool masked(const std::string& name) const { return units_.at(name).masked; }
    [[nodiscard]] bool latch_file() const { return latch_file_; }
    /// Since the latest trip began.
    [[nodiscard]] Micros elapsed() const { return now_ - trip_at_; }
    [[nodiscard]] HostTraits& traits() { return traits_; }

    /// All actions of a kind so far, in their order.
    template <class A>
    [[nodiscard]] std::vector<A> all() const {
        std::vector<A> found;
        for (const Action& action : actions_) {
            if (const A* a = std::get_if<A>(&action)) found.push_back(*a);
        }
        return found;
    }
    [[nodiscard]] const Actions& actions() const { return actions_; }

    /// Where the promise was broken: a killable unit had a process longer than it may, a populated unit was held
    /// without a deadline, or a deadline did not move on. Empty if it holds.
    [[nodiscard]] std::vector<std::string> violations() const;

    /// The promise is kept if the last process is gone so long after it was due.
    static constexpr Micros allowance{50'000};

  private:
    struct Unit {
        Behaviour does;
        bool alive = false;
        bool told = false;  ///< what the engine last heard
        bool masked = false;
        bool mask_wanted = false;
        bool job = false;
        bool post_ran = false;
        bool kill_pending = false;
        std::uint64_t job_connection = 0;
        std::uint64_t life = 0;  ///< which process: a kill ends only the one that it met
        std::optional<Instant> due;
    };

    void carry_out(const KillUnit& action);
    void carry_out(const StopUnit& action);
    void carry_out(const MaskUnits& action);
    void carry_out(const UnmaskUnits& action);
    void carry_out(const Reload& action);
    void carry_out(const ReadStates& action);
    void carry_out(const PersistLatch&) {}
    void carry_out(const RestoreLatch&) { latch_file_ = true; }
    void carry_out(const ClearLatch&);
    void carry_out(const TripBegun&);
    void carry_out(const TripSettled&) {}
    void carry_out(const UnitCameBack&) {}
    void carry_out(const ResetDone&) {}
    void carry_out(const ResetRefused&) {}

    [[nodiscard]] bool held() const;
    [[nodiscard]] Micros grace_of(const std::string& name) const;
    [[nodiscard]] Micros up_to(Micros limit);
    void born(const std::string& name);
    void die(const std::string& name, std::uint64_t life);
    void notice(const std::string& name);
    void begin_job(const std::string& name);
    void finish_job(const std::string& name);
    void wish_masks(const std::vector<std::string>& names, bool masked);
    void answer(Answer how, Micros after, const std::function<void(const std::string& error)>& what);
    void check_deadline();
    [[nodiscard]] Instant next_time() const;

    Config config_;
    HostTraits traits_;
    StopEngine engine_;
    std::mt19937_64 random_;
    std::map<std::string, Unit> units_;
    std::multimap<Instant, std::function<void()>> plan_;
    Instant now_{std::chrono::hours(1)};
    Instant trip_at_{};
    Instant wake_{};  ///< when TimePassed comes
    unsigned wakes_at_once_ = 0;
    bool bus_up_ = false;
    std::uint64_t connection_ = 0;
    bool latch_file_ = false;
    Actions actions_;
    std::vector<std::string> violations_;
};

/// A valid configuration of these rules.
[[nodiscard]] Config config_of(std::vector<UnitRule> rules, Micros budget = std::chrono::seconds(2));

[[nodiscard]] inline UnitRule immediate(std::string name) {
    return {std::move(name), StopCategory::Immediate, {}};
}

[[nodiscard]] inline UnitRule controlled(std::string name, Micros grace = std::chrono::seconds(1)) {
    return {std::move(name), StopCategory::Controlled, grace};
}

}  // namespace ess::test
