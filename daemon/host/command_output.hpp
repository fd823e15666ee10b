#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace ess::host {

struct Command {
    std::vector<std::string> words;   ///< program, found along a fixed PATH, and its arguments; no shell reads them
    Micros timeout{};                 ///< then its process group is killed
    std::size_t output_limit = 0;     ///< bytes of standard output; more is a failure
    std::string input = "/dev/null";  ///< the file that is its standard input
    std::vector<std::string> keep{};  ///< variables of this program's environment that it gets in addition
};

/// Runs a program with standard error at /dev/null, in its own process group, with a small environment, and
/// returns its standard output. Fails when it cannot be run, ends other than by exit 0, or outlives the time-out. For
/// the writer thread: it blocks, but never past the time-out by more than a tenth of a second.
[[nodiscard]] Result<std::string> command_output(const Command& command);

}  // namespace ess::host
