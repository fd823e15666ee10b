#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/unit_facts.hpp"
#include "core/unit_relations.hpp"
#include "core/unit_state.hpp"
#include "host/call_window.hpp"
#include "host/event_loop.hpp"
#include "host/loop_inbox.hpp"
#include "host/system_bus.hpp"

namespace sdbus {
class Error;
}

namespace ess::host {

/// What the daemon asks of systemd (org.freedesktop.systemd1(5)), asynchronously: every call returns at once, every
/// answer comes from the loop. For the loop's thread.
class UnitControl {
  public:
    using Done = std::function<void(const Result<>&)>;
    using RelationsDone = std::function<void(const Result<UnitRelations>&)>;
    using FactsDone = std::function<void(const Result<UnitFacts>&)>;
    using NamesDone = std::function<void(const Result<std::vector<std::string>>&)>;
    using VersionDone = std::function<void(const Result<std::string>&)>;
    using StatesDone = std::function<void(const Result<UnitStates>&)>;

    struct Callbacks {
        std::function<void()> up;
        std::function<void(const std::string& why)> down;
        std::function<void(const std::string& unit)> stop_queued;
        /// The stop job is through, or systemd knows no such unit.
        std::function<void(const std::string& unit)> stop_finished;
        std::function<void(const std::string& unit, const std::string& why)> stop_failed;
        /// A job of any unit is through.
        std::function<void(const std::string& unit)> job_removed;
        /// systemd has loaded a unit, any unit.
        std::function<void(const std::string& unit)> loaded;
        /// systemd has read its unit files again.
        std::function<void()> reloaded;
    };

    UnitControl(EventLoop& loop, LoopInbox& inbox, Callbacks callbacks);

    /// Starts to connect.
    void connect() { bus_.dial(); }
    [[nodiscard]] bool connected() const { return bus_.systemd() != nullptr; }

    /// StopUnit with `replace-irreversibly`: a start that comes later does not replace the stop.
    void stop(const std::string& unit);
    /// Units that systemd has not been asked to stop yet are left alone: the stop is over, and who starts one now means
    /// it.
    void forget_stops() { stops_waiting_.clear(); }
    /// MaskUnitFiles in /run. Whether a mask holds only a LoadState read back can tell.
    void mask(const std::vector<std::string>& units, Done done);
    void unmask(const std::vector<std::string>& units, Done done);
    void reload(Done done);
    /// StartUnit or StopUnit, mode "replace", for units that are not of the allow-list; done when the job is queued.
    void start_other(const std::string& unit, Done done) { queue_job("StartUnit", unit, std::move(done)); }
    void stop_other(const std::string& unit, Done done) { queue_job("StopUnit", unit, std::move(done)); }
    /// The states of these units, loaded or not.
    void read_states(const std::vector<std::string>& units, StatesDone done);

    /// The relations of one unit, loaded or not.
    void read_relations(const std::string& unit, RelationsDone done);
    /// All that a check wants to know of one unit, loaded or not.
    void read_facts(const std::string& unit, FactsDone answered);
    /// The units that are loaded and match a pattern of fnmatch(3), and the unit files, templates too, that do.
    void find_loaded(const std::string& pattern, NamesDone done);
    void find_installed(const std::string& pattern, NamesDone done);
    void read_version(VersionDone done);

    /// systemd watches who asked for a job, by a match rule on the bus for each, of which the bus lets it have 512
    /// (dbus-daemon(1), max_match_rules_per_connection). One too many, and systemd is off the bus for good (seen on
    /// 252).
    static constexpr std::size_t stop_jobs_at_once = 256;

  private:
    void queue_job(const std::string& method, const std::string& unit, Done done);
    void read_interfaces(const std::string& path, bool service, const FactsDone& done);
    template <class Then>
    void read_properties(const std::string& path, const char* interface, const FactsDone& done, Then then);
    std::shared_ptr<void> reading();
    void stop_next();
    void ask_to_stop(const std::string& unit);
    void stop_was_answered();
    void on_job_removed(const std::string& job, const std::string& result);
    void on_stop_answered(const std::string& unit, const sdbus::Error* error, const std::string& job);
    template <class Call, class Finish>
    void try_call(CallWindow::Kind kind, Call call, Finish finish);

    EventLoop& loop_;
    Callbacks callbacks_;
    std::map<std::string, std::string> stop_jobs_;  ///< unit by job path
    std::size_t stops_asked_ = 0;                   ///< StopUnit calls without an answer yet
    std::deque<std::string> stops_waiting_;         ///< for one of the jobs before to end
    std::weak_ptr<void> reading_;                   ///< as long as properties are being read
    Source forget_objects_;
    CallWindow window_;  ///< outlives the connection, whose calls hold slots of it
    SystemBus bus_;
};

}  // namespace ess::host
