#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "essctl/exit_code.hpp"
#include "host/varlink_client.hpp"

namespace ess::essctl {

/// Calls a method of io.quantum.EmergencyStop on a connection of its own.
[[nodiscard]] host::ClientResult<Json> ask_daemon(const std::string& method, Json parameters, Micros patience);

/// A text of an answer as it can be shown: one line without control characters, whoever wrote it. Empty if it is not
/// there.
[[nodiscard]] std::string line_at(const Json& answer, const char* name);

/// What a person should read, and what a script gets, when a call failed.
struct Explanation {
    std::string text;
    Exit exit = Exit::Failed;
};
[[nodiscard]] Explanation explain(const host::ClientFailure& failure);

/// The exit code that a status means.
[[nodiscard]] Exit exit_of(const Json& status);

}  // namespace ess::essctl
