#include "essd/metrics_file.hpp"

#include <utility>

#include "base/file.hpp"

namespace ess::essd {

namespace {

/// Well below what makes a file look stale (the alert waits for 90 s), and a usual scrape interval.
constexpr Micros interval = std::chrono::seconds(15);
/// A write that takes longer than this hangs.
constexpr Micros disk_patience = std::chrono::seconds(5);
/// The one that runs, and the last one.
constexpr std::size_t capacity = 2;
/// The exporter runs as another user.
constexpr mode_t mode = 0644;

/// Volatile: what a crash takes is made again within seconds, and is wrong until then anyway.
std::string put(const std::string& path, const std::string& text) {
    const auto written = replace_file(path, text, mode, Durability::Volatile);
    return written ? "" : written.error().text;
}

}  // namespace

MetricsFile::MetricsFile(std::string path, host::LoopInbox& inbox) : path_(std::move(path)), inbox_(inbox) {
    if (!path_.empty()) thread_.emplace(capacity);
}

bool MetricsFile::is_due(State state, Instant now) const {
    return thread_ && !writing_ && (now >= next_ || shown_ != state);
}

void MetricsFile::write(MetricsSnapshot snapshot, Instant now) {
    if (!thread_ || writing_) return;
    next_ = now + interval;
    // The text is made over there too: on a host with a thousand units it is long.
    writing_ = thread_->submit([this, path = path_, from = std::move(snapshot)] {
        const std::string error = put(path, metrics_text(from));
        inbox_.post([this, error, shown = from.status.state] { written(error, shown); });
    });
}

void MetricsFile::written(const std::string& error, State shown) {
    writing_ = false;
    shown_ = shown;
    trouble_ = error;
}

std::string MetricsFile::trouble(Instant now) const {
    if (!thread_) return {};
    const auto since = thread_->stuck_since();
    if (since && now - *since > disk_patience)
        return "the disk of " + path_ + " does not answer: the metrics are stale";
    return trouble_.empty() ? "" : "the metrics are not written: " + trouble_;
}

bool MetricsFile::farewell(WallTime now, Instant deadline) {
    if (!thread_) return true;
    const bool queued =
        thread_->submit([path = path_, now] { static_cast<void>(put(path, metrics_text_when_down(now))); });
    return thread_->stop(deadline) && queued;
}

}  // namespace ess::essd
