#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/fd.hpp"
#include "core/varlink.hpp"
#include "host/event_loop.hpp"
#include "host/peer.hpp"

namespace ess::host {

class VarlinkConnection;

/// The way to answer one call, now or later, from the loop's thread. Safe to use when the client is gone meanwhile:
/// then nothing happens. Only queues bytes; they are sent at the clients' priority. Destroyed without a final answer,
/// it closes the connection, since a client that waits for an answer must not wait for ever.
class CallReply {
  public:
    CallReply(std::weak_ptr<VarlinkConnection> connection, std::uint64_t call);
    CallReply(CallReply&&) noexcept = default;
    /// Swaps: what this was to answer is then up to `other`.
    CallReply& operator=(CallReply&& other) noexcept;
    CallReply(const CallReply&) = delete;
    CallReply& operator=(const CallReply&) = delete;
    ~CallReply();

    /// Whether somebody still waits. Who keeps a stream's reply for long drops it when this is false.
    [[nodiscard]] bool is_wanted() const;
    /// The final answer. What comes after it is ignored.
    void reply(Json parameters);
    void error(const VarlinkError& error);
    /// One of several answers; a final one has to follow. Whether somebody still waits. Does nothing for a call that
    /// did not ask for `more`: look at the request first.
    bool stream(Json parameters);
    /// The same with replies that were put into their form elsewhere (to_wire()): for many clients, or on another
    /// thread.
    void reply_encoded(const std::string& wire);
    bool stream_encoded(const std::string& wire);
    /// Whether the client still has to take what it was sent. Who streams a lot looks first.
    [[nodiscard]] bool is_behind() const;

  private:
    bool answer(const std::string& wire, bool final);

    std::weak_ptr<VarlinkConnection> connection_;
    std::uint64_t call_;
    bool answered_ = false;
};

/// What a connection needs of the server that it belongs to.
class VarlinkServer {
  public:
    virtual void dispatch(VarlinkCall call, const Peer& peer, CallReply reply) = 0;
    /// Whether the connection may do a turn's work now. If not, the server calls resume() when it may.
    virtual bool grants_turn(VarlinkConnection& connection) = 0;
    /// How long that took.
    virtual void turn_took(Micros time) = 0;
    /// The connection is closed; the server drops it.
    virtual void on_closed(const VarlinkConnection& connection) = 0;

  protected:
    VarlinkServer() = default;
    ~VarlinkServer() = default;
    VarlinkServer(const VarlinkServer&) = default;
    VarlinkServer& operator=(const VarlinkServer&) = default;
};

/// One client. Reads a call only when the one before is answered and the answer is sent, so a client that floods or
/// does not read holds up itself; each turn of the loop does a bounded part of the work. A client that hangs up is not
/// answered any more, but what it had sent in whole is carried out: a Trip by a dying program counts.
class VarlinkConnection : public std::enable_shared_from_this<VarlinkConnection> {
  public:
    /// `server` outlives the connection. `output_limit`: unsent bytes above which the client is taken for stuck.
    VarlinkConnection(EventLoop& loop, VarlinkServer& server, Fd fd, Peer peer, std::size_t output_limit);
    /// Begins to read. Throws where the loop cannot watch the descriptor (epoll_ctl(2): ENOSPC, ENOMEM).
    void open();

    [[nodiscard]] const Peer& peer() const { return peer_; }
    /// Since when no call is under way; nothing while one is. A call that never gets whole does not count, so a client
    /// cannot stay by sending a byte now and then.
    [[nodiscard]] std::optional<Instant> idle_since() const;
    /// Whether the client has sent something that is still to be looked at.
    [[nodiscard]] bool has_unread_input() const;
    void close();
    /// Its turn has come.
    void resume();

  private:
    friend class CallReply;

    struct UnderWay {
        std::uint64_t number = 0;
        bool oneway = false;
        bool more = false;
    };

    void on_io(std::uint32_t events);
    void turn();
    void work();
    void flush();
    void receive();
    void serve();
    void begin(VarlinkCall call);
    bool answer(std::uint64_t call, const std::string& wire, bool final);
    void abandon(std::uint64_t call);
    void settle();
    void watch();
    void schedule();
    [[nodiscard]] bool may_serve() const;
    [[nodiscard]] bool is_under_way(std::uint64_t call) const;

    EventLoop& loop_;
    VarlinkServer& server_;
    Fd fd_;
    Peer peer_;
    std::size_t output_limit_;
    Source source_;
    std::optional<Source> next_turn_;
    std::uint32_t watched_ = 0;

    VarlinkFramer input_;
    std::string output_;  ///< what the kernel did not take yet
    std::optional<UnderWay> under_way_;
    std::uint64_t calls_ = 0;
    Instant idle_since_;
    bool in_turn_ = false;
    bool resting_ = false;      ///< until resume()
    bool input_ended_ = false;  ///< the client sends no more; it may still read
    bool hung_up_ = false;      ///< the client does not read any more either
};

}  // namespace ess::host
