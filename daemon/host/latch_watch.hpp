#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/result.hpp"
#include "host/event_loop.hpp"

namespace ess::host {

/// Watches one path. Anything there counts: file, directory, dangling link, a name that cannot be read. An inotify
/// event means "look again", except that a creation which was seen counts even if the file is gone. What inotify cannot
/// see (a file system mounted over the directory) look() covers. For the loop's thread.
class LatchWatch {
  public:
    struct Callbacks {
        std::function<void()> seen;                        ///< the latch is there, or was for a moment
        std::function<void()> gone;                        ///< it was there and is not any more
        std::function<void(const std::string&)> repaired;  ///< the directory was missing or replaced: what was done
    };

    /// `group` gets a directory that has to be made (the group quantum-ess, looked up beforehand).
    LatchWatch(EventLoop& loop, std::string path, gid_t group, Callbacks callbacks);

    /// Watches, then looks: calls `seen` if the latch is there. Makes the directory if it is missing.
    [[nodiscard]] Result<> start();

    /// Looks now. The owner calls it now and then, for what inotify cannot see.
    void look();

    [[nodiscard]] bool present() const { return present_; }
    /// Whether the directory is there and watched.
    [[nodiscard]] bool watching() const { return directory_watch_ >= 0; }

    /// Makes the latch file unless something is there. Never follows a link. It is then `owner`'s, whose word the
    /// content is; without one this process's.
    [[nodiscard]] Result<> create(std::string_view content, std::optional<uid_t> owner = std::nullopt);
    /// Says by the file's time that the stop was demanded once more.
    void touch();
    /// Removes whatever is at the latch's path (an empty directory too).
    [[nodiscard]] Result<> remove();

  private:
    void drain();
    [[nodiscard]] Result<> watch_directory();
    void check_directory();
    [[nodiscard]] bool is_present() const;

    std::string path_;
    std::string directory_;
    std::string name_;
    gid_t group_;
    Callbacks callbacks_;
    EventLoop& loop_;
    Fd inotify_;
    Source source_;
    int directory_watch_ = -1;
    int parent_watch_ = -1;
    bool present_ = false;
};

/// Makes the latch file, and its directory, unless something is there. Never follows a link.
[[nodiscard]] Result<> make_latch(const std::string& path, gid_t group, std::string_view content,
                                  std::optional<uid_t> owner = std::nullopt);

}  // namespace ess::host
