#include "essctl/command_place.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace ess::essctl {

CommandPlace place_of(const CLI::App& app, const std::vector<std::string>& words) {
    CommandPlace place;
    place.verb = &app;
    for (const std::string& word : words) {
        if (place.open != nullptr) {
            place.open = nullptr;
        } else if (word == "--") {
            place.options_ended = true;
        } else if (!place.options_ended && word.size() > 1 && word.front() == '-') {
            const CLI::Option* const option = find_option(*place.verb, word);
            if (option != nullptr && takes_value(*option)) place.open = option;
        } else if (const CLI::App* const verb = find_verb(*place.verb, word); verb != nullptr) {
            place.verb = verb;
        } else {
            if (!verbs_of(*place.verb).empty() && place.stray.empty()) place.stray = word;
            ++place.arguments;
        }
    }
    return place;
}

const CLI::App* find_verb(const CLI::App& app, const std::string& name) {
    const std::vector<const CLI::App*> verbs = verbs_of(app);
    const auto found = std::ranges::find_if(verbs, [&](const CLI::App* verb) { return verb->check_name(name); });
    return found != verbs.end() ? *found : nullptr;
}

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

const CLI::Option* find_option(const CLI::App& verb, const std::string& name) {
    const std::vector<const CLI::Option*> options = verb.get_options();
    const auto found = std::ranges::find_if(
        options, [&](const CLI::Option* option) { return option->nonpositional() && option->check_name(name); });
    return found != options.end() ? *found : nullptr;
}

std::vector<std::string> option_names(const CLI::App& verb) {
    std::vector<std::string> names;
    for (const CLI::Option* option : verb.get_options()) {
        for (const std::string& name : option->get_lnames())
            names.push_back("--" + name);
        for (const std::string& name : option->get_snames())
            names.push_back("-" + name);
    }
    return names;
}

bool takes_value(const CLI::Option& option) {
    return option.get_items_expected_max() > 0;
}

std::string full_name(const CLI::App& verb) {
    return verb.get_parent() == nullptr ? verb.get_name() : full_name(*verb.get_parent()) + " " + verb.get_name();
}

}  // namespace ess::essctl
