#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace ess::essctl {

/// What is wrong with a command line, and what would be right: the word that was probably meant, an example, where to
/// read on. `words` without the program's name.
[[nodiscard]] std::string usage_text(const CLI::App& app, const std::vector<std::string>& words,
                                     const CLI::Error& error);

}  // namespace ess::essctl
