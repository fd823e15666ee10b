#pragma once

#include <poll.h>

#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "essctl/daemon_client.hpp"
#include "host/varlink_client.hpp"

namespace ess::essctl {

/// The daemon's status as it changes, for a caller that waits for other things too: by Watch, or, of a daemon that is
/// older than that, by asking again and again. A lost connection is made anew. Silence is not taken for "no change": a
/// daemon that does not show that it lives is out of reach.
class StatusFeed {
  public:
    /// `pause`: between two questions, and between two attempts to connect.
    explicit StatusFeed(Micros pause) : pause_(pause) {}

    struct News {
        Json status;          ///< null: the daemon is out of reach
        Explanation trouble;  ///< why it is
    };
    /// What is new, if anything is. Call it again at once after news, otherwise when one of watched() has something, or
    /// at due().
    [[nodiscard]] std::optional<News> next();
    void add_watched(std::vector<pollfd>& watched) const;
    [[nodiscard]] Instant due() const;

  private:
    std::optional<News> connect();
    std::optional<News> take();
    std::optional<News> ask();
    std::optional<News> probe();
    std::optional<News> lost(const host::ClientFailure& failure);

    Micros pause_;
    bool has_watch_ = true;
    bool waiting_ = false;                           ///< for the answer to a question
    std::optional<host::ClientFailure::Kind> told_;  ///< why it is out of reach, as far as the caller knows
    std::optional<host::VarlinkClient> connection_;
    std::optional<host::VarlinkClient> probe_;
    Instant due_{};  ///< of the next attempt, question, probe, or of an answer to them
};

}  // namespace ess::essctl
