#include "core/latch_text.hpp"

#include "base/json.hpp"
#include "base/text.hpp"

namespace ess {

namespace {

std::string member(const Json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end() || !found->is_string()) return {};
    return clean_line(found->get<std::string>(), reason_limit);
}

}  // namespace

LatchContent read_latch_content(std::string_view bytes) {
    const std::string_view text = trim(bytes.substr(0, latch_content_limit));
    if (text.starts_with('{')) {
        const auto json = parse_json(text);
        if (json && json->is_object()) {
            return {member(*json, "reason"), member(*json, "requested_by"), member(*json, "trigger")};
        }
    }
    return {clean_line(text, reason_limit), {}, {}};
}

std::string latch_content_text(const LatchContent& content) {
    // Replaced, not thrown at: a reason in a broken encoding must not stop the stop.
    return Json{{"reason", clean_line(content.reason, reason_limit)},
                {"requested_by", clean_line(content.requested_by, reason_limit)},
                {"trigger", clean_line(content.trigger, reason_limit)}}
               .dump() +
           "\n";
}

std::string latch_copy_text(const LatchCopy& copy) {
    return Json{{"since", to_rfc3339(copy.since)},   {"reason", copy.reason},
                {"requested_by", copy.requested_by}, {"trigger", copy.trigger},
                {"operation_id", copy.operation_id}, {"running", copy.running}}
               .dump() +
           "\n";
}

LatchCopy read_latch_copy(std::string_view bytes) {
    LatchCopy copy;
    const auto json = parse_json(bytes);
    if (!json || !json->is_object()) return copy;
    copy.since = from_rfc3339(member(*json, "since")).value_or(WallTime{});
    copy.reason = member(*json, "reason");
    copy.requested_by = member(*json, "requested_by");
    copy.trigger = member(*json, "trigger");
    copy.operation_id = member(*json, "operation_id");
    const auto running = json->find("running");
    if (running == json->end() || !running->is_array()) return copy;
    for (const Json& unit : *running) {
        if (unit.is_string()) copy.running.push_back(unit.get<std::string>());
    }
    return copy;
}

}  // namespace ess
