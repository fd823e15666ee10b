#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ess::essctl {

/// What the shells' completions (packaging/completions) show for the last of `words`, which may be empty: one candidate
/// a line, with a tab and what it is, where that is known. A line ":files" or ":directories" leaves it to the shell.
/// `words` without the program's name. Verbs and options are read off `app`; so there is nothing that could be
/// forgotten.
[[nodiscard]] std::string completion_text(const CLI::App& app, std::vector<std::string> words);

/// The hidden verb that they call: `essctl complete -- WORD...`, or `essctl complete --line TEXT` with the line as it
/// was typed, the program's name included, up to the cursor. Never fails, never complains, and takes a blink at most.
[[nodiscard]] std::string complete(const CLI::App& app, const std::vector<std::string>& arguments);

}  // namespace ess::essctl
