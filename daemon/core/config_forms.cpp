#include "core/config_forms.hpp"

#include <map>

#include "base/clock.hpp"
#include "base/text.hpp"

namespace ess {

namespace {

std::string_view form_of(const YamlNode& node) {
    switch (node.kind) {
        case YamlNode::Kind::Sequence:
            return "a list";
        case YamlNode::Kind::Mapping:
            return "a map";
        default:
            return "a single value";
    }
}

}  // namespace

bool has_form(const ConfigFile& file, const Setting& setting, YamlNode::Kind kind, std::string_view wanted) {
    if (setting.node.kind == kind) return true;
    if (setting.node.kind != YamlNode::Kind::Refused) {
        file.fault(setting, "must be " + std::string(wanted) + ", not " + std::string(form_of(setting.node)));
    }
    return false;
}

std::optional<std::string_view> read_text(const ConfigFile& file, const Setting& setting, std::string_view wanted) {
    if (!has_form(file, setting, YamlNode::Kind::Scalar, wanted)) return std::nullopt;
    if (!setting.node.is_blank()) return setting.node.text;
    file.fault(setting, "has no value: write " + std::string(wanted) + ", or leave the line out");
    return std::nullopt;
}

std::optional<Micros> read_duration(const ConfigFile& file, const Setting& setting) {
    const auto text = read_text(file, setting, "a duration such as 250ms");
    if (!text) return std::nullopt;
    const auto span = parse_duration(*text);
    if (!span) file.fault(setting, in_quotes(*text) + " is not a duration: write 250ms, 2s or 1min 30s");
    return span;
}

bool lies_between(const ConfigFile& file, const Setting& setting, Micros value, Micros shortest, Micros longest) {
    if (value >= shortest && value <= longest) return true;
    file.fault(setting, to_text(value) + " is not between " + to_text(shortest) + " and " + to_text(longest));
    return false;
}

void read_path_into(const ConfigFile& file, const Setting& setting, std::string (*problem_of)(std::string_view),
                    std::string& into) {
    const auto text = read_text(file, setting, "a path");
    if (!text) return;
    if (const std::string problem = problem_of(*text); !problem.empty()) return file.fault(setting, problem);
    into = *text;
}

void add_to_list(const ConfigFile& file, const Setting& setting, std::string (*value_of)(std::string_view),
                 std::string (*problem_of)(std::string_view), std::vector<std::string>& list) {
    std::map<std::string, ConfigPlace> seen;
    for (const YamlNode& item : setting.node.items) {
        const Setting at = file.setting(item, setting.name);
        const auto text = read_text(file, at, "a list of single values");
        if (!text) continue;
        const std::string value = value_of(*text);
        const auto [first, is_new] = seen.emplace(value, at.place);
        if (const std::string problem = problem_of(value); !problem.empty()) {
            file.fault(at, problem);
        } else if (!is_new) {
            file.fault(at, in_quotes(value) + " is already in line " + std::to_string(first->second.line));
        } else if (std::find(list.begin(), list.end(), value) == list.end()) {
            list.push_back(value);
        }
    }
}

std::string unknown_key(const std::string& name, const std::string& map, const std::vector<std::string_view>& known) {
    // A key longer than any known one is not a slip of the finger, and the distance costs its length.
    constexpr std::size_t longest_slip = 40;
    const std::string_view meant = name.size() > longest_slip ? "" : nearest(name, known);
    const std::string fault = (map.empty() ? "" : map + ": ") + "unknown key " + in_quotes(name);
    if (!meant.empty()) return fault + ": did you mean " + in_quotes(meant) + "?";
    return fault + ": known are " + join({known.begin(), known.end()}, ", ");
}

}  // namespace ess
