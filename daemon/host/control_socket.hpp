#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "core/varlink_interface.hpp"
#include "host/event_loop.hpp"
#include "host/loop_share.hpp"
#include "host/varlink_connection.hpp"

namespace ess::host {

/// What a method asks of its caller. The default grants nothing to anybody, so a method that somebody forgot to think
/// about is closed.
enum class Privilege {
    Nobody,
    Anyone,    ///< what a service has to tell everybody: org.varlink.service
    Reader,    ///< who may see the state
    Operator,  ///< root, and whom ControlSocketOptions::operators names
    Root,
};

/// Whether a method makes sense without `more`.
enum class Stream {
    Optional,  ///< it gives a single reply to who did not ask for more
    Required,  ///< ExpectedMore is answered before the method is called
};

struct ControlRequest {
    std::string method;
    Json parameters;  ///< always an object; read it with VarlinkParameters
    Peer peer;
    bool wants_more = false;
};

using ControlFunction = std::function<void(const ControlRequest& request, CallReply reply)>;

/// A method, with what it needs, in one place.
struct ControlMethod {
    std::string name;  ///< with its interface: "io.quantum.EmergencyStop.Status"
    Privilege privilege = Privilege::Nobody;
    Stream stream = Stream::Optional;
    ControlFunction call;  ///< answers now or later; must not block
};

/// The limits, which tests make small.
struct ControlSocketOptions {
    /// Everyone's connections together: descriptors and buffers of the daemon that one socket may use. An operator has
    /// one or two, a monitoring program one.
    std::size_t connections = 64;
    /// One user's connections, so that a program that leaks them shuts out itself alone.
    std::size_t connections_per_uid = 16;
    /// Places that only root gets: whatever the users do, root still reaches the daemon.
    std::size_t root_reserve = 16;
    /// Unsent bytes of one connection. A status is some KiB for each hundred units: a client that is this far behind a
    /// stream is stuck.
    std::size_t output_limit = 1024UL * 1024;
    /// A connection without a call under way. Well above a pause of a person's program, low enough that forgotten
    /// connections do not add up.
    Micros idle_timeout = std::chrono::seconds(60);
    /// What calls may take of the loop's time in each share_window, and what new connections may. Enough for thousands
    /// of each a second, too little to keep a processor from others (LoopShare).
    Micros call_share = std::chrono::microseconds(1500);
    Micros accept_share = std::chrono::microseconds(1000);
    Micros share_window = std::chrono::milliseconds(10);
    /// Looked up at the start. Without any only root is one.
    Operators operators = {};
    /// Whether everyone is a reader; otherwise operators alone.
    bool everyone_reads = true;
    /// Told of each call that was refused for want of a privilege. May be empty.
    std::function<void(const std::string& method, const Peer& peer)> denied = {};
};

/// The control socket: a Varlink server on the loop, after everything else there (Priority::Client).
/// org.varlink.service is built in. Together clients get a share of the loop's time, in turns. A client over its limit
/// takes the place of the connection that has been idle longest among those that count towards the limit; if none is
/// idle it is closed at once.
class ControlSocket : private VarlinkServer {
  public:
    /// `listening` is non-blocking, from activated_socket() or listen_at(). Serves `interfaces`.
    ControlSocket(EventLoop& loop, Fd listening,
                  std::vector<VarlinkInterface> interfaces = {emergency_stop_interface()},
                  ControlSocketOptions options = {});
    ~ControlSocket();
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;

    /// Throws for a name that is taken or whose interface is not served: a programming error.
    void add_method(ControlMethod method);
    [[nodiscard]] std::size_t connections() const { return connections_.size(); }

  private:
    using Connections = std::map<const VarlinkConnection*, std::shared_ptr<VarlinkConnection>>;

    void dispatch(VarlinkCall call, const Peer& peer, CallReply reply) override;
    bool grants_turn(VarlinkConnection& connection) override;
    void turn_took(Micros time) override { call_share_.take(time); }
    void on_closed(const VarlinkConnection& connection) override;
    void accept_some();
    void pause_accepting(Instant until);
    void resume_some();
    void admit(Fd fd);
    void open(Fd fd, Peer peer);
    [[nodiscard]] bool make_room(uid_t uid);
    [[nodiscard]] bool evict(const std::function<bool(uid_t)>& counts);
    [[nodiscard]] std::size_t count(const std::function<bool(uid_t)>& counts) const;
    [[nodiscard]] bool is_granted(Privilege privilege, const Peer& peer) const;
    [[nodiscard]] VarlinkError not_found(const std::string& method) const;
    [[nodiscard]] const VarlinkInterface* find_interface(std::string_view name) const;
    void get_info(const ControlRequest& request, CallReply reply) const;
    void get_description(const ControlRequest& request, CallReply reply) const;
    void close_idle();
    void arm_idle_timer();

    EventLoop& loop_;
    Fd listening_;
    ControlSocketOptions options_;
    std::vector<VarlinkInterface> interfaces_;
    std::map<std::string, ControlMethod> methods_;
    Connections connections_;
    Source accept_source_;
    Source accept_again_;
    LoopShare accept_share_;
    LoopShare call_share_;
    std::deque<std::weak_ptr<VarlinkConnection>> resting_;  ///< the one that has waited longest first
    Source resume_timer_;
    Source idle_timer_;
    bool idle_timer_armed_ = false;
};

}  // namespace ess::host
