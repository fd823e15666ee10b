// The control socket's bytes: the first one says in how large pieces the others come.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/text.hpp"
#include "core/latch_text.hpp"
#include "core/varlink.hpp"
#include "fuzz/round_trip.hpp"

namespace {

using ess::test::give_up;

constexpr std::size_t limit = 1024;  // inputs are small: the limit must be within their reach

struct Stream {
    std::vector<std::string> messages;
    bool failed = false;

    friend bool operator==(const Stream&, const Stream&) = default;
};

Stream cut(std::string_view bytes, std::size_t piece) {
    Stream stream;
    ess::VarlinkFramer framer(limit);
    for (; !bytes.empty() && !stream.failed; bytes.remove_prefix(std::min(piece, bytes.size()))) {
        framer.append(bytes.substr(0, piece));
        while (framer.has_next() && !stream.failed) {
            const auto message = framer.next();
            stream.failed = !message;
            if (message) stream.messages.push_back(message->value());
        }
    }
    return stream;
}

template <class Message>
void expect_same(const ess::Result<Message>& message, ess::Result<Message> (*read)(std::string_view)) {
    if (!message) return;
    std::string wire = ess::to_wire(*message);
    wire.pop_back();  // the NUL
    const auto again = read(wire);
    if (!again || ess::to_wire(*again) != ess::to_wire(*message)) give_up("another message", wire);
}

/// What methods do with the parameters: read them as declared, and make a latch of a reason.
void read_parameters(const ess::Result<ess::VarlinkCall>& call) {
    if (!call) return;
    const ess::Json& given = call->parameters;
    std::string reason;
    std::optional<std::string> name;
    std::optional<std::int64_t> after;
    std::optional<bool> all;
    std::optional<ess::Json> entry;
    const auto fault = ess::VarlinkParameters(given)
                           .required("reason", reason)
                           .optional("requested_by", name)
                           .optional("after", after)
                           .optional("all", all)
                           .optional("entry", entry)
                           .fault();
    if (fault) return static_cast<void>(ess::to_wire(*fault));
    if (given.at("reason") != reason) give_up("another reason", given.dump());
    if (after && given.at("after") != *after) give_up("another number", given.dump());
    const ess::LatchContent content{ess::clean_line(reason, ess::reason_limit),
                                    ess::clean_line(name.value_or(""), ess::reason_limit), "socket"};
    const std::string text = ess::latch_content_text(content);
    const ess::LatchContent again = ess::read_latch_content(text);
    const bool same = again.reason == content.reason && again.requested_by == content.requested_by;
    if (!same || text.size() > ess::latch_content_limit) give_up("another latch", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    const Stream whole = cut(bytes, bytes.size());
    if (!(cut(bytes, std::size_t{1} + data[0]) == whole)) give_up("pieces are other messages", bytes);
    for (const std::string& message : whole.messages) {
        expect_same(ess::read_varlink_call(message), ess::read_varlink_call);
        expect_same(ess::read_varlink_reply(message), ess::read_varlink_reply);
        read_parameters(ess::read_varlink_call(message));
    }
    return 0;
}
