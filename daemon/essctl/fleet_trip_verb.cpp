#include <poll.h>

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "core/fleet_orders.hpp"
#include "core/latch_text.hpp"
#include "essctl/columns.hpp"
#include "essctl/fleet_text.hpp"
#include "essctl/fleet_verbs.hpp"
#include "essctl/person.hpp"
#include "essctl/screen.hpp"

namespace ess::essctl {

namespace {

/// Elections take a second or two. An order that is not taken by then is given up: hosts are to be tripped one by one.
constexpr Micros put_patience = std::chrono::seconds(10);
/// A stop takes under 2 s, and a report of it not much longer.
constexpr Micros follow_patience = std::chrono::seconds(10);
/// The entries come behind the stop, from disks that may hang.
constexpr Micros entry_patience = std::chrono::seconds(4);
constexpr int look_pause_ms = 100;

void pause() {
    static_cast<void>(::poll(nullptr, 0, look_pause_ms));
}

/// Tried again over the members until one takes it: the same order, so one that was taken unseen is no second one.
FleetResult<> put_order(FleetClient& client, const FleetTrip& order, bool quiet) {
    const Instant deadline = monotonic_now() + put_patience;
    for (bool told = quiet;;) {
        const auto done = client.put(client.keys().trip(), to_text(order));
        if (done || done.error().lasting) return done;
        if (monotonic_now() > deadline) return done;
        if (!told) out("etcd does not take the order yet (" + done.error().text + "); trying on\n");
        static_cast<void>(flush_out());  // what cannot be read does not hold the stop
        told = true;
        pause();
    }
}

/// Follows the hosts until all of them are down.
class Following {
  public:
    Following(FleetClient& client, const FleetTrip& order, bool quiet)
        : client_(client), order_(order), quiet_(quiet) {}

    void run() {
        while (!is_over()) {
            auto now = client_.look();
            if (now) take(std::move(*now));
            trouble_ = now ? "" : now.error().text;
            if (!now && now.error().lasting) return;
            if (!is_over()) pause();
        }
    }

    [[nodiscard]] const FleetPicture& picture() const { return picture_; }
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    /// By this order, or by a newer one that another operator put: the host says which was the last.
    [[nodiscard]] bool is_down(const FleetHost& host) const {
        return host.present && (host.is_down_by(order_.id) || (picture_.order && host.is_down_by(picture_.order->id)));
    }
    [[nodiscard]] bool all_down() const {
        return !picture_.hosts.empty() &&
               std::ranges::all_of(picture_.hosts, [&](const FleetHost& host) { return is_down(host); });
    }
    [[nodiscard]] bool is_success() const {
        return all_down() && std::ranges::all_of(picture_.hosts, [](const FleetHost& host) {
                   return host.report.last_trip && host.report.last_trip->outcome == "SUCCESS";
               });
    }

  private:
    void take(FleetPicture now) {
        picture_ = std::move(now);
        for (const FleetHost& host : picture_.hosts) {
            if (!is_down(host) || !host.report.last_trip) continue;
            if (!fallen_.insert(host.name).second || quiet_) continue;
            out("  " + host.name + " is down: " + stop_text(host) + "\n");
            static_cast<void>(flush_out());  // as above
        }
        if (!down_at_ && !picture_.hosts.empty() && present_are_down()) down_at_ = monotonic_now();
    }

    [[nodiscard]] bool present_are_down() const {
        return std::ranges::all_of(picture_.hosts,
                                   [&](const FleetHost& host) { return !host.present || is_down(host); });
    }

    [[nodiscard]] bool is_over() const {
        if (is_success()) return true;
        const Instant now = monotonic_now();
        if (!down_at_) return now - begun_ > follow_patience;
        const bool all_recorded = std::ranges::all_of(
            picture_.hosts, [](const FleetHost& host) { return !host.present || host.report.last_trip.has_value(); });
        return all_recorded || now - *down_at_ > entry_patience;
    }

    FleetClient& client_;
    const FleetTrip& order_;
    bool quiet_;
    Instant begun_ = monotonic_now();
    std::optional<Instant> down_at_;  ///< all that are present
    FleetPicture picture_;
    std::set<std::string> fallen_;
    std::string trouble_;
};

std::string result_text(const Screen& screen, const Following& following, const FleetTrip& order) {
    const bool good = following.is_success();
    std::string text =
        "\n" + answer_line(screen, good ? Colour::Good : Colour::Bad, good ? "ALL DOWN" : "NOT ALL DOWN", order.id) +
        "\n" + hosts_text(screen, following.picture(), wall_now());
    if (following.picture().hosts.empty() && following.trouble().empty()) {
        text += fact(screen, "hosts", "nobody is in this fleet: is quantum-ess-fleet.service enabled on the hosts?");
    }
    for (const FleetHost& host : following.picture().hosts) {
        if (!host.present) {
            text += fact(screen, host.name,
                         "is out of contact and trips when it is back. To stop it now: essctl trip there, "
                         "or its power.");
        } else if (!following.is_down(host)) {
            text += fact(screen, host.name, "IS NOT KNOWN TO BE DOWN. Look at once: essctl status there; essctl trip.");
        }
    }
    if (!following.trouble().empty()) text += fact(screen, "etcd", following.trouble());
    return text;
}

Json result_json(const Following& following, const FleetTrip& order) {
    Json json = to_json(following.picture(), wall_now());
    json["order_id"] = order.id;
    json["outcome"] = following.is_success() ? "SUCCESS" : "PARTIAL";
    return json;
}

constexpr const char* instead = " Trip each host by itself: essctl trip --reason TEXT\n";

/// Nothing was put, or etcd did not take it.
Exit not_tripped(const FleetFailure& failure) {
    const Exit exit = fail(failure);
    err(std::string("essctl: THE FLEET IS NOT TRIPPED.") + instead);
    return exit;
}

}  // namespace

Exit fleet_trip(const FleetTripOptions& options) {
    auto client = FleetClient::make(options.access);
    if (!client) return not_tripped(client.error());
    FleetTrip order;
    order.id = new_fleet_id();
    order.reason = clean_line(options.reason, reason_limit);
    order.requested_by = person();
    order.at = to_rfc3339(wall_now());
    const auto done = put_order(*client, order, options.json);
    if (!done && done.error().lasting) return not_tripped(done.error());
    if (!done) {
        err("essctl: " + done.error().text + "\nessctl: nobody confirms the order " + order.id +
            ": TAKE THE FLEET FOR NOT TRIPPED." + instead);
        return done.error().exit;
    }
    if (!options.json) out("Emergency stop of the fleet " + client->name() + ": the order " + order.id + " is put.\n");
    static_cast<void>(flush_out());  // what cannot be read does not hold the stop
    if (options.no_wait) {
        if (options.json) out(Json{{"order_id", order.id}}.dump(2) + "\n");
        return Exit::Fine;
    }
    Following following(*client, order, options.json);
    following.run();
    out(options.json ? result_json(following, order).dump(2) + "\n" : result_text(Screen(), following, order));
    return following.is_success() ? Exit::Fine : Exit::Failed;
}

}  // namespace ess::essctl
