#pragma once

#include <functional>
#include <string_view>

#include "base/clock.hpp"
#include "host/journal.hpp"

namespace ess::host {

/// Exit codes of services. sysexits(3) has the last: their unit files keep systemd from trying again with the same
/// configuration.
inline constexpr int exit_failure = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_configuration = 78;

/// How long the last lines may take to reach the journal.
inline constexpr Micros log_patience = std::chrono::seconds(2);

/// A program that systemd starts without a word; and with one that is for OnFailure=.
struct ServiceProgram {
    std::string_view name;
    const char* usage;
    std::string_view option;
    std::function<int()> with_option;
    std::function<int(journal::Log& log)> run;
};

/// What main() returns. Knows --help and --version besides; what is thrown is logged, and a failure.
[[nodiscard]] int run_program(int argc, char** argv, const ServiceProgram& program);

}  // namespace ess::host
