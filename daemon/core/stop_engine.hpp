#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "core/config.hpp"
#include "core/trip_report.hpp"

namespace ess {

// What the engine is told. Everything may arrive at any time, twice, late or never.

/// The latch was seen. `resumed`: it was there when essd came up. `at`: when it was seen first, if that was earlier
/// than this is told; budget and grace count from there.
struct LatchSeen {
    bool resumed = false;
    std::optional<Instant> at = {};
};
/// The latch file is not there any more.
struct LatchGone {};
/// The kernel's word on the unit's cgroup: `populated` of cgroup.events (cgroups(7)); a cgroup that is gone is empty.
struct CgroupChanged {
    std::string unit;
    bool populated = false;
};
/// systemd queued the stop job.
struct StopQueued {
    std::string unit;
};
/// systemd finished the stop job, or there is nothing to stop (unit not loaded).
struct StopFinished {
    std::string unit;
};
/// systemd refused to stop the unit, or could not be asked.
struct StopFailed {
    std::string unit;
    std::string why;
};
/// The kernel refused to kill the unit's cgroup.
struct KillFailed {
    std::string unit;
    std::string why;
};
/// An answer to MaskUnits, UnmaskUnits or Reload of the same serial. `error` is empty if it was carried out.
struct BusAnswered {
    std::uint64_t serial = 0;
    std::string error;
};
/// The answer to ReadStates of the same serial.
struct StatesRead {
    std::uint64_t serial = 0;
    std::string error;
    std::map<std::string, std::string> load_states;  ///< LoadState by unit
};
/// The connection to the bus is up, or is gone.
struct BusChanged {
    bool up = false;
};
/// A person wants the latch released. Whether that person may is decided before.
struct ResetAsked {};
/// Both copies of the latch are gone; or, with an error, they are not and count as there.
struct LatchCleared {
    std::string error;
};
/// Both copies of the latch are gone, and nobody has recorded a reset: essd ended in the middle of one, and masks may
/// be left of it.
struct ReleaseFound {};
/// deadline() has come. May come early or late.
struct TimePassed {};

using Event = std::variant<LatchSeen, LatchGone, CgroupChanged, StopQueued, StopFinished, StopFailed, KillFailed,
                           BusAnswered, StatesRead, BusChanged, ResetAsked, LatchCleared, ReleaseFound, TimePassed>;

// What the engine wants done, in this order. None of it may block the caller.

struct KillUnit {
    std::string unit;
};
struct StopUnit {
    std::string unit;
};
struct MaskUnits {
    std::uint64_t serial = 0;
    std::vector<std::string> units;
};
struct UnmaskUnits {
    std::uint64_t serial = 0;
    std::vector<std::string> units;
};
struct Reload {
    std::uint64_t serial = 0;
};
struct ReadStates {
    std::uint64_t serial = 0;
    std::vector<std::string> units;
};
/// Write the latch's copy on disk.
struct PersistLatch {};
/// Make the latch file, unless it is there.
struct RestoreLatch {};
/// Remove the latch file, then its copy on disk.
struct ClearLatch {};
struct TripBegun {
    bool resumed = false;
};
/// The trip is as complete as it gets for the moment: record it. Once per trip, and once more when a Partial one
/// completes.
struct TripSettled {
    TripReport report;
};
/// While tripped, a unit had a process again; it is being stopped again.
struct UnitCameBack {
    std::string unit;
    std::uint32_t count = 0;
};
struct ResetDone {
    std::vector<std::string> problems;
};
/// The answer to ResetAsked: why not, and what to do.
struct ResetRefused {
    enum class Kind {
        NotTripped,  ///< there is nothing to reset
        Busy,        ///< ask again when what is under way is done
        Refused,     ///< something has to change first
    };
    Kind kind = Kind::Refused;
    std::string why;
};

using Action = std::variant<KillUnit, StopUnit, MaskUnits, UnmaskUnits, Reload, ReadStates, PersistLatch, RestoreLatch,
                            ClearLatch, TripBegun, TripSettled, UnitCameBack, ResetDone, ResetRefused>;
using Actions = std::vector<Action>;

/// The stop, as a pure state machine: no descriptor, clock, bus or log; the caller turns the world into events, carries
/// out the actions, and calls step(TimePassed) no later than deadline(). One thread.
///
///   phase     | waits for                                                     | then
///   Armed     | LatchSeen; ReleaseFound, which finishes the reset             | Stopping; Unmasking
///   Stopping  | every unit empty and its stop job done, or the budget over    | Masking
///   Masking   | the answers to MaskUnits, Reload and ReadStates               | Tripped (reports)
///   Tripped   | ResetAsked; tries again what is not complete                  | Clearing, Masking
///   Clearing  | LatchCleared                                                  | Unmasking; Tripped on an error
///   Unmasking | the answers to UnmaskUnits, Reload and ReadStates             | Armed (reports)
///
/// LatchSeen in Clearing or Unmasking begins a new trip at once: a stop outranks a reset (ISO 13850, 4.1.4). From
/// Stopping to Tripped it changes nothing.
///
/// From Stopping to Clearing, whatever the phase and whatever the bus does, the kernel side runs by these rules alone:
///  - Immediate: killed when the latch is seen, and whenever it has a process after that.
///  - Controlled: killed `grace` after the latch, and whenever it has a process after that; at once if systemd cannot
///  be
///    asked to stop it.
///  - A unit that still has a process is killed again every kill_interval.
/// Systemd is asked to stop all units at once when the latch is seen. Masks and Reload wait until the units are down,
/// since a Reload that masks a unit which is still stopping makes systemd forget its ExecStopPost= and KillMode=; but
/// not past the budget. What the bus does not answer within answer_patience is given up for this round, reported, and
/// tried again after retry_interval for as long as the trip lasts.
class StopEngine {
  public:
    enum class Phase { Armed, Stopping, Masking, Tripped, Clearing, Unmasking };

    /// A unit whose processes are still there is killed again this often: a kill can be lost only to a process that
    /// sleeps uninterruptibly, so there is no point in being quicker.
    static constexpr Micros kill_interval = std::chrono::milliseconds(100);
    /// A big host may need many seconds for a Reload; past this the trip is reported without it.
    static constexpr Micros answer_patience = std::chrono::seconds(30);
    /// How often a trip that is not complete asks systemd again; doubled each time up to retry_interval_limit, since a
    /// Reload costs a big host seconds. The kernel side has its own, kill_interval.
    static constexpr Micros retry_interval = std::chrono::seconds(1);
    static constexpr Micros retry_interval_limit = std::chrono::seconds(64);

    explicit StopEngine(const Config& config);

    /// The one way in. `now` never goes back.
    [[nodiscard]] Actions step(const Event& event, Instant now);

    /// When step(TimePassed) is wanted at the latest; nothing if the engine waits for events alone.
    [[nodiscard]] std::optional<Instant> deadline() const;

    [[nodiscard]] Phase phase() const { return phase_; }
    /// Whether this trip has been reported: "tripping" before, "tripped" after.
    [[nodiscard]] bool settled() const { return settled_; }
    /// The trip as it is now; in Armed, the units of the allow-list that are known.
    [[nodiscard]] TripReport report() const;

  private:
    struct Unit {
        UnitTimeline times;
        Micros grace{};
        bool populated = false;
        bool asked = false;    ///< StopUnit was sent and not refused
        bool stopped = false;  ///< systemd says that the stop is done
        bool masked = false;
        Instant killed_at{};
    };

    void on(const LatchSeen& event);
    void on(const LatchGone& event);
    void on(const CgroupChanged& event);
    void on(const StopQueued& event);
    void on(const StopFinished& event);
    void on(const StopFailed& event);
    void on(const KillFailed& event);
    void on(const BusAnswered& event);
    void on(const StatesRead& event);
    void on(const BusChanged& event);
    void on(const ResetAsked& event);
    void on(const LatchCleared& event);
    void on(const ReleaseFound& event);
    void on(const TimePassed& event);

    [[nodiscard]] bool is_listed(const std::string& name) const;
    [[nodiscard]] Unit* find(const std::string& name);
    [[nodiscard]] Unit* find_or_add(const std::string& name);
    [[nodiscard]] bool holding() const;
    [[nodiscard]] bool killing() const;
    [[nodiscard]] std::optional<Instant> kill_due(const Unit& unit) const;
    [[nodiscard]] bool all_down() const;
    [[nodiscard]] bool all_masked() const;
    [[nodiscard]] Micros elapsed() const { return now_ - seen_at_; }
    [[nodiscard]] std::vector<std::string> names() const;
    [[nodiscard]] std::vector<std::string> problems() const;

    void begin_trip(const LatchSeen& latch);
    void request_stop(Unit& unit);
    void became_populated(Unit& unit);
    void kill(Unit& unit);
    void kill_what_is_due();
    void advance();
    void ask_systemd(bool mask);
    void retry();
    void settle();
    void finish_reset(const StatesRead& states);

    std::vector<UnitRule> rules_;
    Micros budget_;
    FileRemoval file_removal_;
    std::map<std::string, Unit> units_;

    Phase phase_ = Phase::Armed;
    Instant now_{};
    Instant seen_at_{};
    Instant patience_ends_{};  ///< in Masking and Unmasking
    Instant retry_at_{};       ///< in Tripped
    Micros retry_after_ = retry_interval;
    bool bus_up_ = false;
    bool resumed_ = false;
    bool settled_ = false;        ///< the trip has been reported
    bool read_back_ = false;      ///< the masks were read back after a Reload
    bool complete_ = false;       ///< and nothing is left to do
    bool told_complete_ = false;  ///< the latest report said so
    std::uint64_t serial_ = 0;    ///< of the latest question to the bus; answers to older ones are void
    std::vector<std::string> bus_problems_;
    Actions actions_;
};

}  // namespace ess
