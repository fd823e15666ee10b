#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"

namespace ess {

/// The second person of a reset (`reset: {four_eyes: true}`): a reset that was asked for waits here until somebody else
/// approves it. One at a time. Nothing survives a restart: a reset that is forgotten has to be asked for again, which
/// is the safe side.
class ResetApproval {
  public:
    struct Request {
        std::string operation_id;  ///< of the entry that records it
        std::string requested_by;
        std::string reason;
        Instant expires{};
    };

    /// Makes it the one that waits. There must be none.
    void ask(Request request);

    enum class Verdict {
        Granted,
        NoRequest,   ///< none waits by that id
        SamePerson,  ///< who asked cannot approve
    };
    /// `by` is a name by the word of the kernel, or of root, as `requested_by` is. The request stays: see take().
    [[nodiscard]] Verdict approve(const std::string& operation_id, const std::string& by) const;

    /// The request that waits, if any.
    [[nodiscard]] const std::optional<Request>& waiting() const { return request_; }
    /// Takes the request away: it was granted, or what it asked for is over.
    [[nodiscard]] std::optional<Request> take();
    /// The request, if its time is up; it is taken away.
    [[nodiscard]] std::optional<Request> take_expired(Instant now);

  private:
    std::optional<Request> request_;
};

}  // namespace ess
