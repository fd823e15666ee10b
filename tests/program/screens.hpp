#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "program/process.hpp"

namespace ess::test {

// What people see of essctl, compared as a whole with the files in tests/fixtures/screens. ESS_RENEW=1 in the
// environment makes those that differ anew: read the diff before it is committed.

/// tests/fixtures/screens/NAME.json
[[nodiscard]] Json status_fixture(const std::string& name);

/// Whether `text` is tests/fixtures/screens/NAME.txt.
[[nodiscard]] bool is_as_before(const std::string& name, const std::string& text);

/// essctl on a terminal of 24 lines, without colours unless the environment is another; without carriage returns.
[[nodiscard]] Ended on_terminal(std::vector<std::string> arguments, unsigned short columns,
                                std::vector<std::string> environment = {"NO_COLOR=1"});

/// Characters of the longest line; those of the fixtures are one column wide each.
[[nodiscard]] std::size_t longest_line(const std::string& text);

}  // namespace ess::test
