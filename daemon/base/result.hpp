#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace ess {

/// Why something that may fail in service did. Low floors return it, the floor that knows what it means logs it, once.
struct Error {
    std::string text;  ///< "context: object: reason", a sentence for a person
    int code = 0;      ///< errno where a system call failed, otherwise 0
};

/// A value, or the documented failure. What cannot happen in service throws, and is caught in main alone.
template <class T = void>
using Result = tl::expected<T, Error>;

/// "what: reason"
[[nodiscard]] tl::unexpected<Error> failure(std::string text);

/// "what: strerror(code)"
[[nodiscard]] tl::unexpected<Error> system_failure(std::string_view what, int code);

/// Puts the caller's context before a failure that travels up: "context: text".
[[nodiscard]] tl::unexpected<Error> failure_in(std::string_view context, const Error& error);

}  // namespace ess
