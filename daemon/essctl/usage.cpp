#include "essctl/usage.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

#include "base/text.hpp"
#include "essctl/command_place.hpp"

namespace ess::essctl {

namespace {

constexpr std::size_t text_limit = 300;

std::vector<std::string> names_of(const std::vector<const CLI::App*>& verbs, bool aliases) {
    std::vector<std::string> names;
    for (const CLI::App* verb : verbs) {
        names.push_back(verb->get_name());
        if (aliases) names.insert(names.end(), verb->get_aliases().begin(), verb->get_aliases().end());
    }
    return names;
}

std::string meant(const std::string& word, const std::vector<std::string>& candidates) {
    const std::string_view near = nearest(word, {candidates.begin(), candidates.end()});
    return near.empty() ? "" : "; did you mean " + std::string(near) + "?";
}

/// The first option that the verb does not have; empty if all are known.
std::string unknown_option(const CLI::App& verb, const std::vector<std::string>& words) {
    for (const std::string& word : words) {
        if (word == "--") break;
        std::string name = word.substr(0, word.find('='));
        if (name.starts_with("--") && find_option(verb, name) == nullptr) return name;
    }
    return "";
}

std::string fault_of(const CLI::App& verb, const CommandPlace& place, const std::vector<std::string>& words,
                     const CLI::Error& error) {
    // Not by its name: in place of that of the error some have that of the verb.
    const auto is = [&](CLI::ExitCodes code) { return error.get_exit_code() == static_cast<int>(code); };
    const std::vector<const CLI::App*> verbs = verbs_of(verb);
    if (!place.stray.empty()) {
        return "there is no verb " + clean_line(place.stray, text_limit) + meant(place.stray, names_of(verbs, true));
    }
    if (!verbs.empty() && is(CLI::ExitCodes::RequiredError)) {
        return "a verb is missing, one of: " + join(names_of(verbs, false), ", ");
    }
    const std::string option = unknown_option(verb, words);
    if (is(CLI::ExitCodes::ExtrasError) && !option.empty()) {
        return "there is no option " + clean_line(option, text_limit) + meant(option, option_names(verb));
    }
    return clean_line(error.what(), text_limit);
}

/// The line of the help that shows how it is done.
std::string example_of(const CLI::App& verb) {
    const std::string footer = verb.get_footer();
    const std::size_t at = footer.rfind("Example: ");
    return at == std::string::npos ? "" : footer.substr(at, footer.find('\n', at) - at);
}

}  // namespace

std::string usage_text(const CLI::App& app, const std::vector<std::string>& words, const CLI::Error& error) {
    const CommandPlace place = place_of(app, words);
    const std::string name = full_name(*place.verb);
    std::string text = name + ": " + fault_of(*place.verb, place, words, error) + "\n";
    if (const std::string example = example_of(*place.verb); !example.empty()) text += example + "\n";
    return text + "All about it: " + name + " --help\n";
}

}  // namespace ess::essctl
