#include "core/fleet_report.hpp"

#include "base/text.hpp"
#include "core/latch_text.hpp"

namespace ess {

namespace {

const Json& member(const Json& object, const char* key) {
    static const Json none;
    const auto found = object.find(key);
    return found == object.end() ? none : *found;
}

std::optional<HostReport::Trip> trip_in(const Json& operation) {
    if (!operation.is_object()) return std::nullopt;
    const Json& stop = member(operation, "stop_ms");
    return HostReport::Trip{line_in(operation, "operation_id"), line_in(operation, "outcome"),
                            stop.is_number() ? std::optional(stop.get<double>()) : std::nullopt};
}

Json to_json(const std::optional<HostReport::Trip>& trip) {
    if (!trip) return nullptr;
    return {{"operation_id", trip->operation_id},
            {"outcome", trip->outcome},
            {"stop_ms", trip->stop_ms ? Json(*trip->stop_ms) : Json(nullptr)}};
}

}  // namespace

void HostReport::take(const Json& status) {
    if (!status.is_object()) return;
    state = line_in(status, "state");
    ready = flag_at(status, "ready");
    config_hash = line_in(status, "config_hash");
    version = line_in(status, "version");
    faults.clear();
    const Json& told = member(status, "faults");
    for (const Json& fault : told.is_array() ? told : Json::array())
        faults.push_back(line_in(fault, "code"));
    const Json& ledger = member(status, "ledger");
    if (ledger.is_object()) ledger_entries = number_at(ledger, "entries");
    const Json& latch = member(status, "latch");
    const bool latched = flag_at(latch, "present");
    latch_since = latched ? line_in(latch, "since") : "";
    latch_reason = latched ? line_in(latch, "reason") : "";
    // A reset is an operation too, without a time.
    const auto operation = trip_in(member(status, "last_operation"));
    if (operation && (operation->stop_ms || operation->outcome == "PARTIAL")) {
        last_trip = operation;
    } else if (latched) {
        last_trip.reset();  // the trip that is in force is not on record yet
    }
}

std::string to_text(const HostReport& report) {
    Json json{{"host", report.host},
              {"state", report.state},
              {"ready", report.ready},
              {"faults", report.faults},
              {"config_hash", report.config_hash},
              {"ledger", {{"entries", report.ledger_entries}, {"checkpoint", report.checkpoint}}},
              {"last_trip", to_json(report.last_trip)},
              {"latch", {{"since", report.latch_since}, {"reason", report.latch_reason}}},
              {"order_id", report.order_id},
              {"reset", nullptr},
              {"on_loss", report.on_loss},
              {"at", report.at},
              {"version", report.version}};
    if (report.reset) {
        json["reset"] = {{"id", report.reset->id}, {"result", report.reset->result}, {"text", report.reset->text}};
    }
    return to_text(json);
}

std::optional<HostReport> read_host_report(std::string_view text) {
    if (text.size() > host_report_limit) return std::nullopt;
    const auto json = parse_json(text);
    if (!json || !json->is_object() || text_at(*json, "host").empty()) return std::nullopt;
    HostReport report;
    report.host = line_in(*json, "host");
    report.state = line_in(*json, "state");
    report.ready = flag_at(*json, "ready");
    report.config_hash = line_in(*json, "config_hash");
    report.order_id = line_in(*json, "order_id");
    report.on_loss = line_in(*json, "on_loss");
    report.at = line_in(*json, "at");
    report.version = line_in(*json, "version");
    const Json& faults = member(*json, "faults");
    for (const Json& code : faults.is_array() ? faults : Json::array()) {
        if (code.is_string()) report.faults.push_back(clean_line(code.get<std::string>(), reason_limit));
    }
    if (const Json& ledger = member(*json, "ledger"); ledger.is_object()) {
        report.ledger_entries = number_at(ledger, "entries");
        report.checkpoint = text_at(ledger, "checkpoint");
    }
    if (const Json& latch = member(*json, "latch"); latch.is_object()) {
        report.latch_since = line_in(latch, "since");
        report.latch_reason = line_in(latch, "reason");
    }
    report.last_trip = trip_in(member(*json, "last_trip"));
    if (const Json& reset = member(*json, "reset"); reset.is_object()) {
        report.reset = HostReport::Reset{line_in(reset, "id"), line_in(reset, "result"), line_in(reset, "text")};
    }
    return report;
}

}  // namespace ess
