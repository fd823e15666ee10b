#include "base/result.hpp"

#include <system_error>
#include <utility>

namespace ess {

tl::unexpected<Error> failure(std::string text) {
    return tl::unexpected<Error>(Error{std::move(text), 0});
}

tl::unexpected<Error> system_failure(std::string_view what, int code) {
    return tl::unexpected<Error>(Error{std::string(what) + ": " + std::generic_category().message(code), code});
}

tl::unexpected<Error> failure_in(std::string_view context, const Error& error) {
    return tl::unexpected<Error>(Error{std::string(context) + ": " + error.text, error.code});
}

}  // namespace ess
