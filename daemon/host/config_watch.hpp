#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "host/event_loop.hpp"

namespace ess::host {

/// Tells that files of a directory may have changed (inotify(7)): "look again", nothing more. The loop reads the news;
/// the paths, which may lie on a disk that hangs, are looked up by watch(), on the writer thread.
class ConfigWatch {
  public:
    /// `changed` comes once, after the files have been quiet for a moment: editors write, rename and remove in a row.
    /// Throws without inotify, as nothing of this host would work.
    ConfigWatch(EventLoop& loop, std::function<void()> changed);

    /// Watches the directories in which `names` of `directory` are, as they are now: called again after each change,
    /// it follows a directory that was replaced. For any thread, one at a time.
    [[nodiscard]] Result<> watch(const std::string& directory, const std::vector<std::string>& names) const;

  private:
    void drain();

    std::function<void()> changed_;
    Fd inotify_;
    Source events_;
    Source quiet_;
    std::optional<Instant> latest_;  ///< when `changed` comes even if it is not quiet
};

}  // namespace ess::host
