#include "core/etcd_reply.hpp"

#include <array>
#include <charconv>

#include "base/base64.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace ess {

namespace {

Result<Json> read_object(std::string_view text) {
    auto json = parse_json(trim(text));
    if (!json) return failure_in("etcdctl", json.error());
    if (!json->is_object()) return failure("etcdctl: what it printed is no reply");
    return json;
}

Result<EtcdKeyValue> read_key_value(const Json& json) {
    const auto key = from_base64(text_at(json, "key"));
    const auto value = from_base64(text_at(json, "value"));
    if (!json.is_object() || !key || key->empty() || !value) return failure("etcdctl: a key that is none");
    return EtcdKeyValue{*key, *value, number_at(json, "mod_revision"), false};
}

/// `header` is "header" or "Header": of a watch, etcdctl prints the names of Go's fields.
Result<EtcdReply> read_header(const Json& json, const char* header) {
    const auto found = json.find(header);
    if (found == json.end() || !found->is_object()) return failure("etcdctl: a reply without a header");
    EtcdReply reply{number_at(*found, "cluster_id"), number_at(*found, "revision"), {}};
    if (reply.revision == 0) return failure("etcdctl: a reply without a revision");
    return reply;
}

}  // namespace

Result<EtcdReply> read_etcd_get(std::string_view text) {
    const auto json = read_object(text);
    if (!json) return tl::unexpected(json.error());
    auto reply = read_header(*json, "header");
    if (!reply) return reply;
    const Json items = json->value("kvs", Json::array());
    for (const Json& item : items.is_array() ? items : Json::array()) {
        auto read = read_key_value(item);
        if (!read) return tl::unexpected(read.error());
        reply->items.push_back(std::move(*read));
    }
    return reply;
}

Result<EtcdReply> read_etcd_watch(std::string_view line) {
    const auto json = read_object(line);
    if (!json) return tl::unexpected(json.error());
    // The last of a watch; why, it says on standard error. Its header is empty.
    if (json->value("Canceled", Json()) == true) return EtcdReply{};
    auto reply = read_header(*json, "Header");
    if (!reply) return reply;
    const Json events = json->value("Events", Json::array());
    for (const Json& event : events.is_array() ? events : Json::array()) {
        if (!event.is_object()) return failure("etcdctl: an event that is none");
        auto read = read_key_value(event.value("kv", Json()));
        if (!read) return tl::unexpected(read.error());
        // mvccpb.Event.EventType: PUT is 0, and left out as every zero is in protobuf's JSON.
        read->deleted = number_at(event, "type") != 0;
        reply->items.push_back(std::move(*read));
    }
    return reply;
}

Result<bool> read_etcd_txn(std::string_view text) {
    const auto json = read_object(text);
    if (!json) return tl::unexpected(json.error());
    const auto reply = read_header(*json, "header");
    if (!reply) return tl::unexpected(reply.error());
    return json->value("succeeded", Json()) == true;
}

Result<std::string> read_etcd_lease(std::string_view text) {
    const auto json = read_object(text);
    if (!json) return tl::unexpected(json.error());
    const std::uint64_t id = number_at(*json, "ID");
    if (id == 0) return failure("etcdctl: a lease without an id");
    std::array<char, 16> digits{};
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), id, 16);
    return std::string(digits.data(), written.ptr);
}

}  // namespace ess
