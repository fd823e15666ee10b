#include "essctl/completion.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "core/ledger_line.hpp"
#include "essctl/command_place.hpp"
#include "essctl/known_names.hpp"

namespace ess::essctl {

namespace {

/// The beginning of what is looked for, and what was found.
class Candidates {
  public:
    explicit Candidates(std::string beginning) : beginning_(std::move(beginning)) {}

    void add(const std::string& word, const std::string& meaning = "") {
        if (!word.starts_with(beginning_)) return;
        text_ += before_ + word + (meaning.empty() ? "" : "\t" + meaning) + "\n";
    }
    void add(const std::vector<std::string>& words) {
        for (const std::string& word : words)
            add(word);
    }
    /// The shell knows its files better. It completes whole words only.
    void leave_to_shell(const char* what) {
        if (before_.empty()) text_ = what;
    }
    /// "--until=" before each word.
    void keep_before(const std::string& before) { before_ = before; }
    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    std::string beginning_;
    std::string before_;
    std::string text_;
};

/// The words of "TEXT:{a,b}", which CLI11 makes of a check for one of them; none for another type.
std::vector<std::string> listed_in(const std::string& type) {
    std::vector<std::string> words;
    const std::size_t open = type.find('{');
    const std::size_t close = type.find('}');
    if (open == std::string::npos || close == std::string::npos) return words;
    for (std::size_t at = open + 1; at < close;) {
        const std::size_t end = std::min(type.find(',', at), close);
        words.push_back(type.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

std::vector<std::string> ledger_kinds() {
    std::vector<std::string> kinds;
    for (int i = 0; !to_text(static_cast<LedgerKind>(i)).empty(); ++i)
        kinds.emplace_back(to_text(static_cast<LedgerKind>(i)));
    return kinds;
}

void add_values(const CLI::App& verb, const CLI::Option& option, Candidates& found) {
    const std::string type = option.get_type_name();
    const std::vector<std::string> listed = listed_in(type);
    const bool is_named = option.get_name() == "ID";
    if (!listed.empty()) return found.add(listed);
    if (type == "UNIT" || option.get_name() == "UNIT") return found.add(allowed_units());
    if (verb.get_name() == "approve") return found.add(pending_reset_ids());
    if (type == "ID" || is_named) return found.add(newest_operation_ids());
    if (type == "KIND") return found.add(ledger_kinds());
    if (type == "OUTCOME") return found.add({"SUCCESS", "PARTIAL", "ROLLBACK"});
    if (type == "CLASS") return found.add({"READ_ONLY", "LOW_RISK_CONFIG", "SERVICE_RESTART", "FILESYSTEM_WRITE"});
    if (type == "DIR" || type == "REPOSITORY" || option.get_name() == "DIR")
        return found.leave_to_shell(":directories\n");
    const bool is_file = type == "FILE" || type == "PATH" || option.get_name() == "FILE" || option.get_name() == "PATH";
    if (is_file) found.leave_to_shell(":files\n");
}

void add_options(const CLI::App& verb, Candidates& found) {
    for (const CLI::Option* option : verb.get_options()) {
        for (const std::string& name : option->get_lnames())
            found.add("--" + name, option->get_description());
    }
}

void add_verbs(const CLI::App& app, Candidates& found) {
    for (const CLI::App* verb : verbs_of(app)) {
        found.add(verb->get_name(), verb->get_description());
        for (const std::string& alias : verb->get_aliases())
            found.add(alias, verb->get_description());
    }
}

/// The argument that comes next, or the last one, which may take many.
void add_argument(const CommandPlace& place, Candidates& found) {
    std::size_t skip = place.arguments;
    for (const CLI::Option* option : place.verb->get_options()) {
        if (!option->get_positional()) continue;
        const auto most = static_cast<std::size_t>(std::max(option->get_items_expected_max(), 0));
        if (skip < most) return add_values(*place.verb, *option, found);
        skip -= most;
    }
}

}  // namespace

std::string completion_text(const CLI::App& app, std::vector<std::string> words) {
    std::string last;
    if (!words.empty()) {
        last = words.back();
        words.pop_back();
    }
    const CommandPlace place = place_of(app, words);
    const std::size_t equals = last.find('=');
    if (place.open == nullptr && last.starts_with("--") && equals != std::string::npos) {
        Candidates found(last.substr(equals + 1));
        found.keep_before(last.substr(0, equals + 1));
        const CLI::Option* const option = find_option(*place.verb, last.substr(0, equals));
        if (option != nullptr) add_values(*place.verb, *option, found);
        return found.text();
    }
    Candidates found(last);
    if (place.open != nullptr) {
        add_values(*place.verb, *place.open, found);
    } else if (last.starts_with('-') && !place.options_ended) {
        add_options(*place.verb, found);
    } else if (!verbs_of(*place.verb).empty()) {
        if (place.stray.empty()) add_verbs(*place.verb, found);
    } else {
        add_argument(place, found);
    }
    return found.text();
}

std::string complete(const CLI::App& app, const std::vector<std::string>& arguments) {
    std::vector<std::string> words;
    if (arguments.size() == 2 && arguments[0] == "--line") {
        auto split = split_words(arguments[1]);
        if (!split || split->empty()) return "";  // within quotes there is nothing to offer
        words.assign(split->begin() + 1, split->end());
        const char end = arguments[1].back();
        if (end == ' ' || end == '\t') words.emplace_back();
    } else if (!arguments.empty() && arguments[0] == "--") {
        words.assign(arguments.begin() + 1, arguments.end());
    } else {
        return "";
    }
    return completion_text(app, std::move(words));
}

}  // namespace ess::essctl
