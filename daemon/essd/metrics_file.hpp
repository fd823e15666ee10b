#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "core/metrics.hpp"
#include "host/loop_inbox.hpp"
#include "host/writer_thread.hpp"

namespace ess::essd {

/// The metrics as a file for the textfile collector of Prometheus' node exporter. Written on a thread of its own: where
/// operators put it may hang, and the ledger must not wait for that. Nothing waits for this but the next file. For the
/// loop's thread.
class MetricsFile {
  public:
    /// An empty path: there is none to write.
    MetricsFile(std::string path, host::LoopInbox& inbox);

    /// Whether the file should be written: it shows another state, or is about to look stale.
    [[nodiscard]] bool is_due(State state, Instant now) const;
    /// Writes it, soon. One at a time: not due again before it is known how that went.
    void write(MetricsSnapshot snapshot, Instant now);
    /// Why the file is not what it should be; empty if it is.
    [[nodiscard]] std::string trouble(Instant now) const;

    /// essd ends in order: the file says so. Whether it could, by the deadline.
    [[nodiscard]] bool farewell(WallTime now, Instant deadline);

  private:
    void written(const std::string& error, State shown);

    std::string path_;
    host::LoopInbox& inbox_;
    std::optional<host::WriterThread> thread_;
    bool writing_ = false;
    Instant next_{};
    std::optional<State> shown_;  ///< what the last try showed
    std::string trouble_;
};

}  // namespace ess::essd
