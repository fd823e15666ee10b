#include "core/fleet_watch.hpp"

#include <algorithm>
#include <utility>

namespace ess {

FleetWatch::FleetWatch(Options options, HandledOrders handled, Instant now)
    : options_(std::move(options)), handled_(std::move(handled)), contact_(now) {}

FleetActions FleetWatch::looked(const EtcdReply& orders, Instant now) {
    FleetActions actions;
    take(orders, options_.joins, actions);
    contact_ = now;
    has_looked_ = true;
    options_.joins = false;
    if (std::exchange(lost_, false)) actions.emplace_back(LossEnded{});
    return actions;
}

FleetActions FleetWatch::noticed(const EtcdReply& events) {
    FleetActions actions;
    // What is put while this host joins is no history.
    take(events, false, actions);
    return actions;
}

FleetActions FleetWatch::time_passed(Instant now) {
    if (lost_ || now < deadline()) return {};
    lost_ = true;
    return {LossBegan{std::chrono::duration_cast<Micros>(now - contact_), options_.on_loss == OnLoss::Trip}};
}

void FleetWatch::take(const EtcdReply& reply, bool joining, FleetActions& actions) {
    revision_ = std::max(revision_, reply.revision);
    for (const EtcdKeyValue& item : reply.items) {
        if (item.deleted) continue;
        if (item.key == options_.keys.trip()) {
            take_trip(item, reply.cluster_id, joining, actions);
        } else if (const auto user = options_.keys.user_of_reset(item.key)) {
            take_reset(item, *user, actions);
        }
    }
}

void FleetWatch::take_trip(const EtcdKeyValue& item, std::uint64_t cluster_id, bool joining, FleetActions& actions) {
    FleetTrip trip = read_fleet_trip(item, cluster_id);
    if (handled_.contains(trip.id)) return;
    handled_.add(trip.id);
    if (!joining || !trip.released_by) {
        last_trip_ = trip.id;
        actions.emplace_back(CarryOutTrip{std::move(trip)});
    }
    actions.emplace_back(KeepHandled{});
}

void FleetWatch::take_reset(const EtcdKeyValue& item, const std::string& user, FleetActions& actions) {
    const auto reset = read_fleet_reset(item.value);
    if (!reset) return;
    const auto meant = reset->hosts.find(options_.host);
    if (meant == reset->hosts.end() || handled_.contains(reset->id)) return;
    handled_.add(reset->id);
    actions.emplace_back(AskReset{reset->id, reset->reason, user, meant->second});
    actions.emplace_back(KeepHandled{});
}

}  // namespace ess
