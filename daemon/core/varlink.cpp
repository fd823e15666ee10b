#include "core/varlink.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace ess {

namespace {

bool read_flag(const Json& call, const char* name, bool& flag) {
    const auto member = call.find(name);
    if (member == call.end()) return true;
    if (!member->is_boolean()) return false;
    flag = member->get<bool>();
    return true;
}

/// A header member that is neither the protocol's nor a vendor's: those carry a reverse domain name, so a dot.
bool is_foreign(const std::string& name) {
    constexpr std::array<std::string_view, 5> own{"method", "parameters", "oneway", "more", "upgrade"};
    const bool vendor = name.find('.') != std::string::npos;
    return !vendor && std::find(own.begin(), own.end(), name) == own.end();
}

/// Absent and null are the empty object.
Result<Json> read_parameters(const Json& message) {
    const auto member = message.find("parameters");
    if (member == message.end() || member->is_null()) return Json::object();
    if (!member->is_object()) return failure("parameters: not an object");
    return *member;
}

Result<Json> read_object(std::string_view message) {
    auto parsed = parse_json(message);
    if (parsed && !parsed->is_object()) return failure("message: not an object");
    return parsed;
}

std::string framed(const Json& message) {
    std::string wire = to_text(message);
    wire += '\0';
    return wire;
}

VarlinkError service_error(std::string_view name, Json parameters = Json::object()) {
    return {"org.varlink.service." + std::string(name), std::move(parameters)};
}

}  // namespace

void VarlinkFramer::append(std::string_view bytes) {
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
    buffer_.append(bytes);
}

std::optional<std::size_t> VarlinkFramer::find_end() {
    const std::size_t end = buffer_.find('\0', scanned_);
    scanned_ = std::min(end, buffer_.size());
    if (end == std::string::npos) return std::nullopt;
    return end;
}

Result<std::optional<std::string>> VarlinkFramer::next() {
    const auto end = find_end();
    if (scanned_ - begin_ > limit_) return failure("message: longer than " + std::to_string(limit_) + " bytes");
    if (!end) return std::nullopt;
    std::string message = buffer_.substr(begin_, *end - begin_);
    begin_ = *end + 1;
    scanned_ = begin_;
    return message;
}

bool VarlinkFramer::has_next() {
    return find_end().has_value() || scanned_ - begin_ > limit_;
}

Result<VarlinkCall> read_varlink_call(std::string_view message) {
    const auto header = read_object(message);
    if (!header) return tl::unexpected(header.error());
    for (const auto& member : header->items()) {
        if (is_foreign(member.key())) return failure("call: unknown member \"" + member.key() + "\"");
    }
    const auto method = header->find("method");
    if (method == header->end() || !method->is_string()) return failure("call: no method");
    auto parameters = read_parameters(*header);
    if (!parameters) return tl::unexpected(parameters.error());

    VarlinkCall call{method->get<std::string>(), std::move(*parameters), false, false, false};
    if (call.method.empty()) return failure("call: no method");
    const bool flags = read_flag(*header, "oneway", call.oneway) && read_flag(*header, "more", call.more) &&
                       read_flag(*header, "upgrade", call.upgrade);
    if (!flags) return failure("call: a flag is not boolean");
    if (int{call.oneway} + int{call.more} + int{call.upgrade} > 1) return failure("call: flags exclude each other");
    return call;
}

Result<VarlinkReply> read_varlink_reply(std::string_view message) {
    const auto header = read_object(message);
    if (!header) return tl::unexpected(header.error());
    auto parameters = read_parameters(*header);
    if (!parameters) return tl::unexpected(parameters.error());

    VarlinkReply reply{std::move(*parameters), {}, false};
    if (!read_flag(*header, "continues", reply.continues)) return failure("reply: continues is not boolean");
    const auto error = header->find("error");
    if (error == header->end() || error->is_null()) return reply;
    if (!error->is_string() || error->get<std::string>().empty()) return failure("reply: error is not a name");
    reply.error = error->get<std::string>();
    return reply;
}

std::string to_wire(const VarlinkCall& call) {
    Json message = {{"method", call.method}, {"parameters", call.parameters}};
    if (call.oneway) message["oneway"] = true;
    if (call.more) message["more"] = true;
    if (call.upgrade) message["upgrade"] = true;
    return framed(message);
}

std::string to_wire(const VarlinkReply& reply) {
    Json message = {{"parameters", reply.parameters}};
    if (reply.continues) message["continues"] = true;
    if (!reply.error.empty()) message["error"] = reply.error;
    return framed(message);
}

std::string to_wire(const VarlinkError& error) {
    return to_wire(VarlinkReply{error.parameters, error.name, false});
}

std::string reply_to_wire(std::string_view parameters, bool continues) {
    const std::string_view head = continues ? R"({"continues":true,"parameters":)" : R"({"parameters":)";
    std::string wire;
    wire.reserve(head.size() + parameters.size() + 2);
    wire.append(head).append(parameters).append("}");
    wire += '\0';
    return wire;
}

VarlinkError interface_not_found(std::string_view interface) {
    return service_error("InterfaceNotFound", {{"interface", interface}});
}

VarlinkError method_not_found(std::string_view method) {
    return service_error("MethodNotFound", {{"method", method}});
}

VarlinkError method_not_implemented(std::string_view method) {
    return service_error("MethodNotImplemented", {{"method", method}});
}

VarlinkError invalid_parameter(std::string_view parameter) {
    return service_error("InvalidParameter", {{"parameter", parameter}});
}

VarlinkError permission_denied() {
    return service_error("PermissionDenied");
}

VarlinkError expected_more() {
    return service_error("ExpectedMore");
}

std::string_view interface_of(std::string_view method) {
    const std::size_t dot = method.rfind('.');
    return dot == std::string_view::npos ? std::string_view{} : method.substr(0, dot);
}

const Json* VarlinkParameters::take(std::string_view name) {
    declared_.push_back(name);
    const auto member = object_.find(name);
    return member == object_.end() || member->is_null() ? nullptr : &*member;
}

void VarlinkParameters::blame(std::string_view name) {
    if (!blamed_) blamed_ = name;
}

std::optional<VarlinkError> VarlinkParameters::fault() const {
    if (blamed_) return invalid_parameter(*blamed_);
    for (const auto& member : object_.items()) {
        const bool declared = std::find(declared_.begin(), declared_.end(), member.key()) != declared_.end();
        if (!declared) return invalid_parameter(member.key());
    }
    return std::nullopt;
}

bool VarlinkParameters::read(const Json& value, std::string& target) {
    if (!value.is_string()) return false;
    target = value.get<std::string>();
    return true;
}

bool VarlinkParameters::read(const Json& value, std::int64_t& target) {
    if (!value.is_number_integer()) return false;
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > most) return false;
    target = value.get<std::int64_t>();
    return true;
}

bool VarlinkParameters::read(const Json& value, bool& target) {
    if (!value.is_boolean()) return false;
    target = value.get<bool>();
    return true;
}

bool VarlinkParameters::read(const Json& value, Json& target) {
    if (!value.is_object()) return false;
    target = value;
    return true;
}

}  // namespace ess
