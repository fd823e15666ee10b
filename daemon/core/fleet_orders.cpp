#include "core/fleet_orders.hpp"

#include <algorithm>

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "core/latch_text.hpp"

namespace ess {

namespace {

constexpr std::size_t order_id_limit = 64;

/// What may stand in a file name, a log and a line of its own.
bool is_id(std::string_view text) {
    return !text.empty() && text.size() <= order_id_limit && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}

/// The revision alone would come again in a cluster that was set up anew.
std::string id_of_put(const EtcdKeyValue& order, std::uint64_t cluster_id) {
    constexpr std::size_t digits = 12;
    const std::string revision = std::to_string(order.mod_revision);
    const std::string hash = sha256_hex(std::to_string(cluster_id) + "/" + revision + "/" + order.value);
    return "FLEET-r" + revision + "-" + hash.substr(0, digits);
}

}  // namespace

FleetTrip read_fleet_trip(const EtcdKeyValue& order, std::uint64_t cluster_id) {
    FleetTrip trip;
    trip.id = id_of_put(order, cluster_id);
    const std::string_view text = trim(std::string_view(order.value).substr(0, fleet_order_limit));
    const auto json = text.starts_with('{') ? parse_json(text) : Result<Json>(failure("no JSON"));
    if (!json || !json->is_object()) {
        trip.reason = clean_line(text, reason_limit);
        return trip;
    }
    if (const std::string id = text_at(*json, "id"); is_id(id)) trip.id = id;
    trip.reason = line_in(*json, "reason");
    trip.requested_by = line_in(*json, "requested_by");
    trip.at = line_in(*json, "at");
    const auto released = json->find("released");
    if (released != json->end() && released->is_object()) {
        trip.released_by = line_in(*released, "by");
        trip.release_reason = line_in(*released, "reason");
    }
    return trip;
}

std::string to_text(const FleetTrip& trip) {
    Json json{{"id", trip.id}, {"reason", trip.reason}, {"requested_by", trip.requested_by}, {"at", trip.at}};
    if (trip.released_by) json["released"] = {{"by", *trip.released_by}, {"reason", trip.release_reason}};
    return to_text(json);
}

std::optional<FleetReset> read_fleet_reset(std::string_view text) {
    if (text.size() > fleet_order_limit * 16) return std::nullopt;
    const auto json = parse_json(text);
    if (!json || !json->is_object()) return std::nullopt;
    FleetReset reset{text_at(*json, "id"), line_in(*json, "reason"), {}};
    const auto hosts = json->find("hosts");
    if (!is_id(reset.id) || reset.reason.empty() || hosts == json->end() || !hosts->is_object()) return std::nullopt;
    for (const auto& [host, since] : hosts->items()) {
        if (!since.is_string()) return std::nullopt;
        reset.hosts.emplace(host, since.get<std::string>());
    }
    return reset;
}

std::string to_text(const FleetReset& reset) {
    return to_text(Json{{"id", reset.id}, {"reason", reset.reason}, {"hosts", reset.hosts}});
}

std::string make_fleet_id(std::string_view date, std::string_view random) {
    return "FLEET-" + std::string(date) + "-" + to_hex(random);
}

HandledOrders::HandledOrders(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (const std::string_view line = text.substr(0, end); is_id(line)) add(std::string(line));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void HandledOrders::add(const std::string& id) {
    if (!known_.insert(id).second) return;
    ids_.push_back(id);
    if (ids_.size() <= limit) return;
    known_.erase(ids_.front());
    ids_.erase(ids_.begin());
}

std::string HandledOrders::text() const {
    std::string text;
    for (const std::string& id : ids_)
        text += id + "\n";
    return text;
}

}  // namespace ess
