#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

// The Varlink protocol (UAPI.20, https://uapi-group.org/specifications/specs/varlink/) as pure functions of bytes:
// framing, calls, replies and the standard errors. Sockets are the host floor's.

namespace ess {

/// The longest call that is read. The largest that the interface has, a ledger entry to append, is a few KiB; systemd's
/// 16 MiB would let every connection claim that much locked memory of the daemon.
inline constexpr std::size_t varlink_call_limit = 64UL * 1024;

/// The longest reply that a client reads: what systemd's own clients accept (VARLINK_BUFFER_MAX).
inline constexpr std::size_t varlink_reply_limit = 16UL * 1024 * 1024;

/// Cuts a byte stream into its messages, each ended by NUL. Split and coalesced reads are the same to it.
class VarlinkFramer {
  public:
    explicit VarlinkFramer(std::size_t limit = varlink_call_limit) : limit_(limit) {}

    void append(std::string_view bytes);
    /// The next message without its NUL; nothing while it is incomplete; a failure once it is longer than the limit,
    /// after which the stream is of no more use.
    [[nodiscard]] Result<std::optional<std::string>> next();
    /// Whether next() has something to say, message or failure.
    [[nodiscard]] bool has_next();

  private:
    [[nodiscard]] std::optional<std::size_t> find_end();

    std::size_t limit_;
    std::string buffer_;
    std::size_t begin_ = 0;  ///< where the message under way begins
    std::size_t scanned_ =
        0;  ///< no NUL between begin_ and here: a message in many pieces is not searched anew for each
};

struct VarlinkCall {
    std::string method;                ///< with its interface: "org.varlink.service.GetInfo"; may still be nonsense
    Json parameters = Json::object();  ///< always an object
    bool oneway = false;               ///< never answered, not even with an error
    bool more = false;                 ///< several replies are welcome
    bool upgrade = false;              ///< at most one of the three is set
};

/// Reads one call. A failure means that the peer does not speak the protocol, and the connection has to close.
[[nodiscard]] Result<VarlinkCall> read_varlink_call(std::string_view message);

/// An error reply: its full name and its parameters.
struct VarlinkError {
    std::string name;
    Json parameters = Json::object();
};

struct VarlinkReply {
    Json parameters = Json::object();  ///< always an object
    std::string error;                 ///< empty if the call went well
    bool continues = false;            ///< more replies to the same call follow
};

/// Reads one reply as a client does: members that it does not know are ignored.
[[nodiscard]] Result<VarlinkReply> read_varlink_reply(std::string_view message);

/// The messages as they go on the wire, NUL included. Text that is not UTF-8 is sent with U+FFFD in its place.
[[nodiscard]] std::string to_wire(const VarlinkCall& call);
[[nodiscard]] std::string to_wire(const VarlinkReply& reply);
[[nodiscard]] std::string to_wire(const VarlinkError& error);
/// A reply whose parameters are text already, a JSON object.
[[nodiscard]] std::string reply_to_wire(std::string_view parameters, bool continues);

// The errors of org.varlink.service.
[[nodiscard]] VarlinkError interface_not_found(std::string_view interface);
/// `method` with its interface, as systemd reports it.
[[nodiscard]] VarlinkError method_not_found(std::string_view method);
[[nodiscard]] VarlinkError method_not_implemented(std::string_view method);
[[nodiscard]] VarlinkError invalid_parameter(std::string_view parameter);
[[nodiscard]] VarlinkError permission_denied();
[[nodiscard]] VarlinkError expected_more();

/// The interface of a full method name: what is before its last dot, empty if there is none.
[[nodiscard]] std::string_view interface_of(std::string_view method);

/// Reads the parameters of a call by declaring them:
///
///     const auto fault = VarlinkParameters(call).required("reason", reason).optional("limit", limit).fault();
///
/// The first that is missing, of the wrong type or not declared is reported as InvalidParameter with its name. Types
/// are std::string (string), std::int64_t (int: an integer without fraction or exponent, in range), bool (bool) and
/// Json (object). null counts as absent (Varlink's ?T). Targets of a faulty call may have been written.
class VarlinkParameters {
  public:
    /// `object` must outlive this.
    explicit VarlinkParameters(const Json& object) : object_(object) {}

    template <class T>
    VarlinkParameters& required(std::string_view name, T& target) {
        const Json* const value = take(name);
        if (value == nullptr || !read(*value, target)) blame(name);
        return *this;
    }

    /// Leaves `target` empty when the parameter is absent.
    template <class T>
    VarlinkParameters& optional(std::string_view name, std::optional<T>& target) {
        const Json* const value = take(name);
        if (value == nullptr) return *this;
        T read_value{};
        if (!read(*value, read_value)) blame(name);
        target = std::move(read_value);
        return *this;
    }

    /// Call it last. Nothing if the parameters are as declared.
    [[nodiscard]] std::optional<VarlinkError> fault() const;

  private:
    [[nodiscard]] const Json* take(std::string_view name);
    void blame(std::string_view name);
    static bool read(const Json& value, std::string& target);
    static bool read(const Json& value, std::int64_t& target);
    static bool read(const Json& value, bool& target);
    static bool read(const Json& value, Json& target);

    const Json& object_;
    std::vector<std::string_view> declared_;
    std::optional<std::string> blamed_;
};

}  // namespace ess
