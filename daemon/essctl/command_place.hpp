#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace ess::essctl {

/// Where in the tree of verbs and options a command line stands behind its words.
struct CommandPlace {
    const CLI::App* verb = nullptr;
    const CLI::Option* open = nullptr;  ///< an option whose value comes next
    std::size_t arguments = 0;          ///< words that are neither verbs nor options nor their values
    std::string stray;                  ///< the first word that stands where a verb should
    bool options_ended = false;         ///< behind "--"
};

/// `words` without the program's name.
[[nodiscard]] CommandPlace place_of(const CLI::App& app, const std::vector<std::string>& words);

/// The verb below `app` that has this name or alias; null if there is none.
[[nodiscard]] const CLI::App* find_verb(const CLI::App& app, const std::string& name);
[[nodiscard]] std::vector<const CLI::App*> verbs_of(const CLI::App& app);

/// The option by one of its names ("--reason", "-h"); null if there is none.
[[nodiscard]] const CLI::Option* find_option(const CLI::App& verb, const std::string& name);
/// "--reason", "-h", ...
[[nodiscard]] std::vector<std::string> option_names(const CLI::App& verb);
[[nodiscard]] bool takes_value(const CLI::Option& option);

/// "essctl ledger list"
[[nodiscard]] std::string full_name(const CLI::App& verb);

}  // namespace ess::essctl
