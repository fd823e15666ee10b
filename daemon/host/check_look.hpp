#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/check_facts.hpp"
#include "host/event_loop.hpp"
#include "host/host_facts.hpp"
#include "host/loop_inbox.hpp"
#include "host/unit_control.hpp"
#include "host/unit_inspection.hpp"

namespace ess::host {

/// Gathers what a check decides by: files on a thread of its own, which a hanging disk may keep, then systemd's word on
/// the units. One look at a time. For the loop's thread.
class CheckLook {
  public:
    using Done = std::function<void(std::optional<HostFacts>, SystemdFacts)>;

    /// How long the files may take, and systemd after that.
    static constexpr Micros files_patience = std::chrono::seconds(3);
    static constexpr Micros systemd_patience = std::chrono::seconds(5);

    using Look = std::function<HostFacts()>;

    /// `look` at the files; a test may hang it.
    CheckLook(EventLoop& loop, LoopInbox& inbox, UnitControl& units, Look look = look_at_host,
              Micros patience = files_patience);

    [[nodiscard]] bool busy() const { return done_ != nullptr; }
    /// Whether the thread that reads files has not come back, of this look or of one before.
    [[nodiscard]] bool reading() const { return thread_runs_; }
    /// `running`: the configuration that counts if the files cannot be used. `done` comes from the loop.
    void start(std::optional<Config> running, Done done);
    /// Asks systemd nothing more; `done` is not called.
    void cancel();

  private:
    void look_at_files();
    void have_files(std::optional<HostFacts> host);
    void finish(SystemdFacts systemd);

    EventLoop& loop_;
    LoopInbox& inbox_;
    UnitControl& units_;
    Look look_;
    Micros patience_;
    Source files_timer_;
    std::optional<Config> running_;
    std::optional<HostFacts> host_;
    Done done_;
    std::unique_ptr<UnitInspection> inspection_;
    bool thread_runs_ = false;  ///< may hang for good: no second one then
    bool waits_for_files_ = false;
};

}  // namespace ess::host
