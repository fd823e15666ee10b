#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "core/varlink.hpp"

namespace ess::host {

/// Why a call brought no reply.
struct ClientFailure {
    enum class Kind {
        NobodyListening,  ///< no socket there, or none behind it: the daemon is down
        NotPermitted,     ///< the file system does not let this user connect
        NoAnswer,         ///< somebody listens, but not a whole reply came in time: the daemon hangs or is busy
        Closed,           ///< the daemon closed the connection: a limit was met, or it went down
        Malformed,        ///< what came is not Varlink
        Answered,         ///< the daemon answered with `error`
    };
    Kind kind = Kind::NoAnswer;
    std::string text;    ///< a sentence for a person
    VarlinkError error;  ///< of Answered
};

template <class T>
using ClientResult = tl::expected<T, ClientFailure>;

/// A connection to a Varlink service, blocking, for essctl. After any failure but Answered the connection is closed and
/// further calls are Closed: a late reply must not be taken for that of another call.
class VarlinkClient {
  public:
    [[nodiscard]] static ClientResult<VarlinkClient> connect(const std::string& path, Instant deadline);

    /// The parameters of the reply. Instant::max() waits for ever.
    [[nodiscard]] ClientResult<Json> call(std::string_view method, Json parameters, Instant deadline);

    /// Whether to go on.
    using OnReply = std::function<bool(const Json& parameters)>;
    /// Calls with `more` and hands over each reply, the final one too, until on_reply has enough (the connection is
    /// closed then) or the final one came. `patience` bounds the silence before each reply; Micros::max() has no bound.
    [[nodiscard]] ClientResult<void> call_more(std::string_view method, Json parameters, Micros patience,
                                               const OnReply& on_reply);

    // For a caller that waits for other things too: post() a call, poll(2) descriptor() for input, and take() what has
    // come.

    /// Sends a call and does not wait for its replies.
    [[nodiscard]] ClientResult<void> post(std::string_view method, Json parameters, bool more, Instant deadline);
    /// The next reply, if a whole one is there; never waits.
    [[nodiscard]] ClientResult<std::optional<VarlinkReply>> take();
    /// -1 when the connection is closed.
    [[nodiscard]] int descriptor() const { return fd_.get(); }

  private:
    explicit VarlinkClient(Fd fd) : fd_(std::move(fd)) {}

    ClientResult<VarlinkReply> exchange(const VarlinkCall& call, Instant deadline);
    ClientResult<void> send(const VarlinkCall& call, Instant deadline);
    ClientResult<VarlinkReply> receive(Instant deadline);
    ClientResult<std::optional<VarlinkReply>> next_reply();
    ClientResult<bool> receive_some();
    ClientResult<void> wait(short events, Instant deadline);
    tl::unexpected<ClientFailure> give_up(ClientFailure::Kind kind, std::string text);

    Fd fd_;
    VarlinkFramer input_{varlink_reply_limit};
};

}  // namespace ess::host
