// What comes from etcd: etcdctl's replies, orders, resets and reports, which whoever has a role may have put, and the
// host's own memory of orders.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/etcd_reply.hpp"
#include "core/fleet_orders.hpp"
#include "core/fleet_report.hpp"
#include "core/latch_text.hpp"
#include "fuzz/round_trip.hpp"

namespace {

void expect_clean(const std::string& text) {
    if (text.size() > ess::reason_limit) ess::test::give_up("longer than a line may be", text);
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) ess::test::give_up("a control character", text);
    }
}

void read_order(const std::string& input) {
    const ess::FleetTrip trip = ess::read_fleet_trip({"/quantum-ess/main/orders/trip", input, 5, false}, 7);
    for (const std::string& text : {trip.id, trip.reason, trip.requested_by, trip.at, trip.released_by.value_or("")})
        expect_clean(text);
    if (trip.id.empty()) ess::test::give_up("an order without an id", input);
    const std::string text = ess::to_text(trip);
    // A longer one is an order too, by another id: essctl writes none.
    if (text.size() > ess::fleet_order_limit) return;
    const ess::FleetTrip same = ess::read_fleet_trip({"/quantum-ess/main/orders/trip", text, 5, false}, 7);
    if (same.id != trip.id || same.reason != trip.reason || same.released_by != trip.released_by)
        ess::test::give_up("another order", text);
}

void read_reset(const std::string& input) {
    const auto reset = ess::read_fleet_reset(input);
    if (!reset) return;
    expect_clean(reset->reason);
    const std::string text = ess::to_text(*reset);
    const auto same = ess::read_fleet_reset(text);
    if (same && (same->id != reset->id || same->hosts != reset->hosts)) ess::test::give_up("another reset", text);
}

void read_report(const std::string& input) {
    const auto report = ess::read_host_report(input);
    if (!report) return;
    for (const std::string& text : {report->host, report->state, report->config_hash, report->order_id, report->at})
        expect_clean(text);
    const std::string text = ess::to_text(*report);
    const auto same = ess::read_host_report(text);
    if (same && ess::to_text(*same) != text) ess::test::give_up("another report", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string input(reinterpret_cast<const char*>(data), size);
    static_cast<void>(ess::read_etcd_get(input));
    static_cast<void>(ess::read_etcd_watch(input));
    static_cast<void>(ess::read_etcd_txn(input));
    static_cast<void>(ess::read_etcd_lease(input));
    read_order(input);
    read_reset(input);
    read_report(input);
    const std::string memory = ess::HandledOrders(input).text();
    if (ess::HandledOrders(memory).text() != memory) ess::test::give_up("another memory", memory);
    return 0;
}
