#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "base/text.hpp"
#include "core/entry_form.hpp"
#include "core/paths.hpp"
#include "essctl/ledger_reading.hpp"
#include "essctl/ledger_verbs.hpp"
#include "essctl/screen.hpp"
#include "essctl/time_option.hpp"

namespace ess::essctl {

namespace {

struct ShowOptions {
    std::string directory = paths::ledger_directory;
    std::string id;
    bool json = false;
};

/// More than a line of the ledger holds.
constexpr std::size_t value_limit = ledger_line_limit;

/// A value without its name: a text on the line of the name, or each line, item and member on a line of its own.
std::string value_text(const Json& value, const std::string& indent) {
    const auto line = [](const Json& one) {
        return clean_line(one.is_string() ? one.get<std::string>() : one.dump(), value_limit);
    };
    std::string text;
    if (value.is_array()) {
        for (const Json& item : value)
            text += "\n" + indent + "- " + line(item);
    } else if (value.is_object()) {
        for (const auto& [key, member] : value.items())
            text.append("\n").append(indent).append(key).append(": ").append(line(member));
    } else if (value.is_string() && value.get_ref<const std::string&>().find('\n') != std::string::npos) {
        std::string_view rest = value.get_ref<const std::string&>();
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            text += "\n" + indent + clean_line(rest.substr(0, end), value_limit);
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
    } else {
        text += " " + line(value);
    }
    return text;
}

/// The known fields in the order of the format, then the others by name.
std::string fields_text(const Screen& screen, const Json& entry, const std::string& indent) {
    std::string text;
    const auto add = [&](const std::string& name, const Json& value) {
        text += indent + screen.paint(Colour::Dim, name + ":") + value_text(value, indent + "  ") + "\n";
    };
    for (const FieldForm& form : entry_fields()) {
        if (const auto found = entry.find(std::string(form.name)); found != entry.end())
            add(std::string(form.name), *found);
    }
    for (const auto& [name, value] : entry.items()) {
        if (field_kind(name) == FieldKind::Unknown) add(clean_line(name, value_limit), value);
    }
    return text;
}

std::string show_text(const Screen& screen, const FoundEntry& found) {
    const Operation& operation = found.operation;
    std::string text = screen.paint(Colour::Bold, operation.id()) + "  " + std::string(to_text(operation.kind)) + "  " +
                       operation.outcome() + "\n";
    text += fields_text(screen, operation.entry, "  ");
    for (const Json& amendment : operation.amendments)
        text += screen.paint(Colour::Warn, "amended") + "\n" + fields_text(screen, amendment, "  ");
    for (const Json& signoff : operation.signoffs)
        text += screen.paint(Colour::Good, "signed off") + "\n" + fields_text(screen, signoff, "  ");
    if (operation.ess.is_object() && !operation.ess.empty()) text += "ess\n" + fields_text(screen, operation.ess, "  ");
    const Json place{{"seq", std::to_string(operation.seq)},
                     {"hash", operation.hash},
                     {"segment", found.segment},
                     {"recorded", to_rfc3339(operation.recorded)}};
    return text + "in the ledger\n" + fields_text(screen, place, "  ");
}

Exit show(const ShowOptions& options) {
    const auto found = find_operation(options.directory, options.id);
    if (!found) return Exit::Failed;
    if (!options.json) {
        out(show_text(Screen(), *found));
        return Exit::Fine;
    }
    const Operation& operation = found->operation;
    Json json = to_json(operation);
    json["ledger"] = {{"seq", operation.seq},
                      {"hash", operation.hash},
                      {"segment", found->segment},
                      {"origin", found->origin},
                      {"recorded", to_rfc3339(operation.recorded)},
                      {"outcome", operation.outcome()}};
    out(json.dump(2) + "\n");
    return Exit::Fine;
}

}  // namespace

void declare_ledger_show(CLI::App& ledger, Run& run) {
    auto* const verb = ledger.add_subcommand("show", "One entry, what was added to it, and where it stands");
    const auto options = std::make_shared<ShowOptions>();
    verb->add_option("ID", options->id, "Its operation_id")->required();
    verb->add_option("--directory", options->directory, "The ledger")->capture_default_str()->type_name("DIR");
    verb->add_flag("--json", options->json, "Print it as JSON: its fields at the top level");
    verb->footer("Example: essctl ledger show OPS-2026-01-28-001");
    verb->callback([options, &run] { run = [options] { return show(*options); }; });
}

}  // namespace ess::essctl
