#include "core/latch_text.hpp"

#include "base/text.hpp"

namespace ess {

std::string line_in(const Json& object, const char* key) {
    return clean_line(text_at(object, key), reason_limit);
}

LatchContent read_latch_content(std::string_view bytes) {
    const std::string_view text = trim(bytes.substr(0, latch_content_limit));
    if (text.starts_with('{')) {
        const auto json = parse_json(text);
        if (json && json->is_object()) {
            return {line_in(*json, "reason"), line_in(*json, "requested_by"), line_in(*json, "trigger"),
                    line_in(*json, "fleet_id")};
        }
    }
    return {clean_line(text, reason_limit), {}, {}, {}};
}

std::string latch_content_text(const LatchContent& content) {
    // Replaced, not thrown at: a reason in a broken encoding must not stop the stop.
    Json json{{"reason", clean_line(content.reason, reason_limit)},
              {"requested_by", clean_line(content.requested_by, reason_limit)},
              {"trigger", clean_line(content.trigger, reason_limit)}};
    if (!content.fleet_id.empty()) json["fleet_id"] = clean_line(content.fleet_id, reason_limit);
    return json.dump() + "\n";
}

std::string latch_copy_text(const LatchCopy& copy) {
    return Json{{"since", to_rfc3339(copy.since)},   {"reason", copy.reason},
                {"requested_by", copy.requested_by}, {"trigger", copy.trigger},
                {"operation_id", copy.operation_id}, {"running", copy.running},
                {"fleet_id", copy.fleet_id}}
               .dump() +
           "\n";
}

LatchCopy read_latch_copy(std::string_view bytes) {
    LatchCopy copy;
    const auto json = parse_json(bytes);
    if (!json || !json->is_object()) return copy;
    copy.since = from_rfc3339(line_in(*json, "since")).value_or(WallTime{});
    copy.reason = line_in(*json, "reason");
    copy.requested_by = line_in(*json, "requested_by");
    copy.trigger = line_in(*json, "trigger");
    copy.operation_id = line_in(*json, "operation_id");
    copy.fleet_id = line_in(*json, "fleet_id");
    const auto running = json->find("running");
    if (running == json->end() || !running->is_array()) return copy;
    for (const Json& unit : *running) {
        if (unit.is_string()) copy.running.push_back(unit.get<std::string>());
    }
    return copy;
}

}  // namespace ess
