#include "essctl/fleet_text.hpp"

#include <array>
#include <cstdio>

#include "base/text.hpp"
#include "essctl/columns.hpp"

namespace ess::essctl {

namespace {

/// What a host says of itself it says again every 60 s: more than that, and the time that it takes, is its clock.
constexpr Micros clock_tolerance = std::chrono::seconds(70);

std::string ms_text(double ms) {
    std::array<char, 32> text{};
    static_cast<void>(std::snprintf(text.data(), text.size(), "%.1f ms", ms));
    return text.data();
}

Cell state_of(const FleetHost& host) {
    const std::string& state = host.report.state;
    if (state.empty()) return {"says nothing that can be read", Colour::Bad};
    if (!host.present) return {state + ", then absent", Colour::Warn};
    if (state == "armed") return {state, host.report.ready ? Colour::Good : Colour::Warn};
    return {state, state == "tripping" || state == "down" ? Colour::Bad : Colour::Warn};
}

Cell ready_of(const FleetHost& host) {
    if (!host.present || host.report.state.empty()) return {"unknown", Colour::Warn};
    if (host.report.ready) return {"ready", Colour::Plain};
    return {"NOT READY", Colour::Bad};
}

Cell stop_of(const FleetHost& host) {
    const auto& trip = host.report.last_trip;
    return {stop_text(host), trip && trip->outcome != "SUCCESS" ? Colour::Bad : Colour::Plain};
}

Cell seen_of(const FleetHost& host, WallTime now) {
    if (!host.present) return {host.report.at.empty() ? "never" : host.report.at + " by its clock", Colour::Plain};
    if (!clock_differs(host, now)) return {"now", Colour::Plain};
    return {"now; its clock says " + host.report.at, Colour::Warn};
}

Json host_json(const FleetHost& host, WallTime now) {
    const auto report = parse_json(to_text(host.report));
    Json json = report ? *report : Json::object();
    json["host"] = host.name;
    json["present"] = host.present;
    json["clock_differs"] = clock_differs(host, now);
    return json;
}

}  // namespace

std::string stop_text(const FleetHost& host) {
    const auto& trip = host.report.last_trip;
    if (!trip) return host.is_latched() ? "not on record yet" : "none";
    if (!trip->stop_ms) return trip->outcome;
    return ms_text(*trip->stop_ms) + " " + trip->outcome;
}

bool clock_differs(const FleetHost& host, WallTime now) {
    const auto at = from_rfc3339(host.report.at);
    if (!host.present || !at) return false;
    return (*at > now ? *at - now : now - *at) > clock_tolerance;
}

std::string hosts_text(const Screen& screen, const FleetPicture& picture, WallTime now) {
    std::vector<Cells> rows;
    if (!picture.hosts.empty()) {
        rows.push_back({{"  host", Colour::Dim},
                        {"state", Colour::Dim},
                        {"would stop", Colour::Dim},
                        {"last stop", Colour::Dim},
                        {"seen", Colour::Dim},
                        {"configuration", Colour::Dim}});
    }
    for (const FleetHost& host : picture.hosts) {
        rows.push_back({{"  " + host.name, Colour::Bold},
                        state_of(host),
                        ready_of(host),
                        stop_of(host),
                        seen_of(host, now),
                        {host.report.config_hash.empty() ? "unknown" : host.report.config_hash, Colour::Plain}});
    }
    return fitted_table(screen, std::move(rows));
}

std::string order_text(const FleetPicture& picture) {
    if (!picture.order) return "there has never been one";
    const FleetTrip& order = *picture.order;
    const std::string by = order.requested_by.empty() ? "" : " (" + order.requested_by + ")";
    const std::string reason = order.reason.empty() ? "no reason given" : order.reason;
    if (!order.released_by) return order.id + " in force: " + reason + by;
    return order.id + " released by " + *order.released_by + ": " + order.release_reason + "; it was: " + reason + by;
}

Json to_json(const FleetPicture& picture, WallTime now) {
    Json json{{"order", nullptr}, {"hosts", Json::array()}};
    if (picture.order) {
        const FleetTrip& order = *picture.order;
        json["order"] = {{"id", order.id},
                         {"reason", order.reason},
                         {"requested_by", order.requested_by},
                         {"at", order.at},
                         {"in_force", !order.released_by.has_value()},
                         {"released_by", order.released_by ? Json(*order.released_by) : Json(nullptr)},
                         {"release_reason", order.released_by ? Json(order.release_reason) : Json(nullptr)}};
    }
    for (const FleetHost& host : picture.hosts)
        json["hosts"].push_back(host_json(host, now));
    return json;
}

}  // namespace ess::essctl
