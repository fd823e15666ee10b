#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "core/config.hpp"
#include "core/etcd_reply.hpp"
#include "core/fleet_keys.hpp"
#include "core/fleet_orders.hpp"

namespace ess {

/// The fleet has ordered a trip that this host has not carried out yet: set the latch.
struct CarryOutTrip {
    FleetTrip trip;
};
/// The host has been cut off for `loss_timeout`: a fault. `trip`: and set the latch (on_loss: trip).
struct LossBegan {
    Micros silent_for{};
    bool trip = false;
};
/// There is contact again.
struct LossEnded {};
/// An operator asks this host for a reset: put it to essd, whose rules decide.
struct AskReset {
    std::string id;
    std::string reason;
    std::string user;   ///< by etcd's word, who alone may write that key
    std::string since;  ///< of the trip that is meant
};
/// The orders that were carried out have changed: keep them on the disk, behind everything else.
struct KeepHandled {};
using FleetAction = std::variant<CarryOutTrip, LossBegan, LossEnded, AskReset, KeepHandled>;
using FleetActions = std::vector<FleetAction>;

/// What a host makes of what etcd says. Pure: no process, no clock, no file.
///
/// - What is at the trip key is carried out once, whoever tells of it first: one of the watches (noticed()) or a look
///   (looked()). Its id decides whether it was carried out already; no clock does, and no order of arrival.
/// - A trip that was released for the fleet before this host heard of it is carried out all the same: nobody has looked
///   at this host since. Only a host that joins the fleet takes a released trip for history (`joins`).
/// - A key that is gone says nothing. A trip ends by the reset of each host.
/// - A reset is put to essd if it names this host. It lives as long as its lease: none is left over from before a loss.
/// - Contact is an answer of the cluster's majority to a look. Without one for `loss_timeout`, counted from the last
/// one
///   or from the start, the host is cut off, which is told once, and trips it once if it is to.
class FleetWatch {
  public:
    struct Options {
        FleetKeys keys;
        std::string host;
        Micros loss_timeout{};
        OnLoss on_loss = OnLoss::Alert;
        bool joins = false;  ///< it has never carried out, or taken note of, an order
    };
    FleetWatch(Options options, HandledOrders handled, Instant now);

    /// The cluster's majority has answered with everything below keys.orders().
    [[nodiscard]] FleetActions looked(const EtcdReply& orders, Instant now);
    /// A watch of keys.orders() told of these events.
    [[nodiscard]] FleetActions noticed(const EtcdReply& events);
    /// To be called when deadline() is over; at any other time nothing comes of it.
    [[nodiscard]] FleetActions time_passed(Instant now);

    /// When the host is cut off unless there is contact before.
    [[nodiscard]] Instant deadline() const { return contact_ + options_.loss_timeout; }
    [[nodiscard]] bool lost() const { return lost_; }
    [[nodiscard]] bool has_looked() const { return has_looked_; }
    [[nodiscard]] Instant contact() const { return contact_; }
    [[nodiscard]] const HandledOrders& handled() const { return handled_; }
    /// The newest order that was carried out; empty if there was none.
    [[nodiscard]] const std::string& last_trip() const { return last_trip_; }
    /// The newest revision that is known, from which a watch goes on; 0 before the first answer.
    [[nodiscard]] std::uint64_t revision() const { return revision_; }

  private:
    void take(const EtcdReply& reply, bool joining, FleetActions& actions);
    void take_trip(const EtcdKeyValue& item, std::uint64_t cluster_id, bool joining, FleetActions& actions);
    void take_reset(const EtcdKeyValue& item, const std::string& user, FleetActions& actions);

    Options options_;
    HandledOrders handled_;
    Instant contact_;
    bool has_looked_ = false;
    bool lost_ = false;
    std::string last_trip_;
    std::uint64_t revision_ = 0;
};

}  // namespace ess
