#include "core/config_schema.hpp"

#include <array>
#include <map>
#include <string_view>

#include "core/config_fleet.hpp"
#include "core/config_forms.hpp"
#include "core/config_values.hpp"
#include "core/unit_name.hpp"

namespace ess {

namespace {

using namespace std::chrono_literals;

/// The promise of the whole product. A longer stop would be no emergency stop, and nothing measures or drills it.
constexpr Micros longest_budget = 2s;
/// Below it, a busy host cannot even be expected to schedule the kill.
constexpr Micros shortest_budget = 100ms;

/// A second person has to be fetched, and a request must not lie about until nobody remembers what it was for.
constexpr Micros shortest_expiry = 30s;
constexpr Micros longest_expiry = 24h;
/// Nobody can drill more often than that and trade; a stop that was not exercised for longer is not known to work.
constexpr Micros shortest_drill_age = 1min;
constexpr Micros longest_drill_age = 366 * 24h;
/// A window longer than a week is no window.
constexpr Micros longest_window = 7 * 24h;
/// Each one costs a few milliseconds when the configuration has changed.
constexpr std::size_t window_limit = 50;

using DraftKey = Key<ConfigDraft>;
using RuleKey = Key<DraftRule>;
using WindowKey = Key<MaintenanceWindow>;

constexpr std::array<Word<StopCategory>, 2> categories{{
    {"0", StopCategory::Immediate, "immediate"},
    {"1", StopCategory::Controlled, "controlled"},
}};
constexpr std::array<Word<FileRemoval>, 2> removals{{
    {"relatch", FileRemoval::Relatch, ""},
    {"reset", FileRemoval::Reset, ""},
}};
constexpr std::array<Word<Interlock>, 2> interlocks{{
    {"start", Interlock::Start, ""},
    {"none", Interlock::None, ""},
}};
constexpr std::array<Word<OnDaemonFailure>, 2> daemon_failures{{
    {"alert", OnDaemonFailure::Alert, ""},
    {"trip", OnDaemonFailure::Trip, ""},
}};
constexpr std::array<Word<ControlRead>, 2> control_reads{{
    {"everyone", ControlRead::Everyone, ""},
    {"operators", ControlRead::Operators, ""},
}};
constexpr std::array<Word<bool>, 2> booleans{{{"false", false, ""}, {"true", true, ""}}};

constexpr std::array<RuleKey, 3> rule_keys{{
    {"name",
     [](const ConfigFile& file, DraftRule& rule, const Setting& setting) {
         const auto text = read_text(file, setting, "the name of a unit");
         rule.name = placed<std::string>(setting, text ? std::optional(with_suffix(*text)) : std::nullopt);
     }},
    {"category",
     [](const ConfigFile& file, DraftRule& rule, const Setting& setting) {
         rule.category = placed(setting, read_word<StopCategory>(file, setting, categories));
     }},
    {"grace", [](const ConfigFile& file, DraftRule& rule,
                 const Setting& setting) { rule.grace = placed(setting, read_duration(file, setting)); }},
}};

/// An entry of the allow-list, a name or a map; its name is unreadable if it cannot be used.
DraftRule read_rule(const ConfigFile& file, const YamlNode& node) {
    DraftRule rule;
    rule.name.readable = false;
    const Setting entry = file.setting(node, "units");
    if (node.kind == YamlNode::Kind::Scalar) {
        rule_keys.front().read(file, rule, entry);
    } else if (has_form(file, entry, YamlNode::Kind::Mapping, "a list of names and of maps with a name")) {
        read_map<DraftRule>(file, rule, entry, rule_keys);
        if (!rule.name.is_given()) file.fault(entry, "a unit needs a name, as in {name: my-engine, category: 0}");
    }
    if (!rule.name.readable) return rule;
    const std::string problem = problem_of_rule_name(rule.name.value);
    if (problem.empty()) return rule;
    file.draft.fault(rule.name.place, "units: " + problem);
    rule.name.readable = false;
    return rule;
}

/// By name: a later file says more about a unit that an earlier one listed, or lists another.
void merge_rule(std::vector<DraftRule>& rules, std::map<std::string, std::size_t>& index, DraftRule rule) {
    const auto [known, is_new] = index.emplace(rule.name.value, rules.size());
    if (is_new) {
        rules.push_back(std::move(rule));
        return;
    }
    DraftRule& earlier = rules[known->second];
    if (rule.category) earlier.category = rule.category;
    if (rule.grace) earlier.grace = rule.grace;
}

void read_units(const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
    if (!draft.units_place) draft.units_place = setting.place;
    if (setting.node.is_blank()) return;
    draft.may_have_units |= setting.node.kind != YamlNode::Kind::Sequence || !setting.node.items.empty();
    if (!has_form(file, setting, YamlNode::Kind::Sequence, "a list of units")) return;
    std::map<std::string, std::size_t> index;
    for (std::size_t i = 0; i < draft.rules.size(); ++i)
        index.emplace(draft.rules[i].name.value, i);
    std::map<std::string, ConfigPlace> seen;
    for (const YamlNode& node : setting.node.items) {
        DraftRule rule = read_rule(file, node);
        if (!rule.name.readable) continue;
        const auto [first, is_new] = seen.emplace(rule.name.value, rule.name.place);
        if (is_new) {
            merge_rule(draft.rules, index, std::move(rule));
        } else {
            const std::string line = std::to_string(first->second.line);
            draft.fault(rule.name.place, "units: " + in_quotes(rule.name.value) + " is already in line " + line);
        }
    }
}

void read_protected(const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
    if (setting.node.is_blank() || !has_form(file, setting, YamlNode::Kind::Sequence, "a list of units")) return;
    add_to_list(file, setting, protected_entry, problem_of_protected, draft.config.protected_units);
}

void read_budget(const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
    draft.budget = placed(setting, read_duration(file, setting));
    if (!draft.budget.readable) return;
    const std::string value = to_text(draft.budget.value);
    draft.budget.readable = draft.budget.value >= shortest_budget && draft.budget.value <= longest_budget;
    if (draft.budget.value > longest_budget)
        file.fault(setting, value + " is too long: an emergency stop is over within " + to_text(longest_budget));
    if (draft.budget.value < shortest_budget)
        file.fault(setting, value + " is too short: a busy host needs " + to_text(shortest_budget) + " for a stop");
}

constexpr std::array<DraftKey, 3> stop_keys{{
    {"budget", read_budget},
    {"category",
     [](const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
         draft.category = placed(setting, read_word<StopCategory>(file, setting, categories));
     }},
    {"grace", [](const ConfigFile& file, ConfigDraft& draft,
                 const Setting& setting) { draft.grace = placed(setting, read_duration(file, setting)); }},
}};

void read_latch_path(const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
    std::string& path = draft.config.latch.path;
    read_path_into(file, setting, problem_of_latch_path, path);
    // /var/run is a link to /run (FHS 3.0, 5.13). One name for it, since guard and daemon compare texts.
    constexpr std::string_view old_name = "/var/run/";
    if (path.starts_with(old_name)) path.replace(0, old_name.size(), "/run/");
}

constexpr std::array<DraftKey, 2> latch_keys{{
    {"path", read_latch_path},
    {"file_removal",
     [](const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
         read_word_into<FileRemoval>(file, setting, removals, draft.config.latch.file_removal);
     }},
}};

void read_expiry(const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
    draft.expiry = placed(setting, read_duration(file, setting));
    if (!draft.expiry.readable) return;
    draft.expiry.readable = lies_between(file, setting, draft.expiry.value, shortest_expiry, longest_expiry);
}

constexpr std::array<DraftKey, 2> reset_keys{{
    {"four_eyes",
     [](const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
         draft.four_eyes = placed(setting, read_word<bool>(file, setting, booleans));
     }},
    {"expiry", read_expiry},
}};

constexpr std::array<DraftKey, 1> drill_keys{{
    {"max_age",
     [](const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
         const auto age = read_duration(file, setting);
         if (age && lies_between(file, setting, *age, shortest_drill_age, longest_drill_age)) {
             draft.config.drill.max_age = *age;
         }
     }},
}};

constexpr std::array<DraftKey, 1> metrics_keys{{
    {"textfile",
     [](const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
         read_path_into(file, setting, problem_of_textfile, draft.config.metrics.textfile);
     }},
}};

void read_hash_files(const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
    if (!setting.node.is_blank() && !has_form(file, setting, YamlNode::Kind::Sequence, "a list of files")) return;
    if (setting.node.items.empty()) return file.fault(setting, "is empty: name a file, or leave it out");
    if (file.index == 0) draft.config.config_hash.files.clear();
    add_to_list(file, setting, as_it_is, problem_of_relative_path, draft.config.config_hash.files);
}

constexpr std::array<WindowKey, 2> window_keys{{
    {"start",
     [](const ConfigFile& file, MaintenanceWindow& window, const Setting& setting) {
         window.start = read_text(file, setting, "a calendar event of systemd.time(7)").value_or("");
     }},
    {"duration", [](const ConfigFile& file, MaintenanceWindow& window,
                    const Setting& setting) { window.duration = read_duration(file, setting).value_or(Micros(0)); }},
}};

void read_window(const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
    const std::size_t known = draft.faults.size();
    MaintenanceWindow window;
    if (!has_form(file, setting, YamlNode::Kind::Mapping, "a map {start, duration}")) return;
    read_map<MaintenanceWindow>(file, window, setting, window_keys);
    if (draft.faults.size() > known) return;
    if (window.start.empty() || window.duration <= Micros(0) || window.duration > longest_window)
        return file.fault(setting, "needs a start and a duration of at most " + to_text(longest_window) +
                                       ", as in {start: \"Sat *-*-* 02:00\", duration: 2h}");
    auto& windows = draft.config.config_hash.maintenance;
    if (windows.size() >= window_limit)
        return file.fault(setting, "more than " + std::to_string(window_limit) + " windows");
    windows.push_back(std::move(window));
}

void read_maintenance(const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
    if (setting.node.is_blank()) return;
    if (!has_form(file, setting, YamlNode::Kind::Sequence, "a list of maps {start, duration}")) return;
    for (const YamlNode& node : setting.node.items)
        read_window(file, draft, file.setting(node, setting.name));
}

constexpr std::array<DraftKey, 3> hash_keys{{
    {"directory",
     [](const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
         read_path_into(file, setting, problem_of_absolute_path, draft.config.config_hash.directory);
     }},
    {"files", read_hash_files},
    {"maintenance", read_maintenance},
}};

constexpr std::array<DraftKey, 1> ledger_keys{{
    {"git_repository",
     [](const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
         const auto empty_or_path = [](std::string_view path) {
             return path.empty() ? std::string{} : problem_of_absolute_path(path);
         };
         read_path_into(file, setting, empty_or_path, draft.config.ledger.git_repository);
     }},
}};

/// An empty list is one: root alone.
void read_accounts(const ConfigFile& file, const Setting& setting, std::vector<std::string>& into) {
    if (setting.node.is_blank()) return;
    if (!has_form(file, setting, YamlNode::Kind::Sequence, "a list of names")) return;
    if (file.index == 0) into.clear();
    add_to_list(file, setting, as_it_is, problem_of_account, into);
}

constexpr std::array<DraftKey, 3> control_keys{{
    {"read",
     [](const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
         read_word_into<ControlRead>(file, setting, control_reads, draft.config.control.read);
     }},
    {"groups", [](const ConfigFile& file, ConfigDraft& draft,
                  const Setting& setting) { read_accounts(file, setting, draft.config.control.groups); }},
    {"users", [](const ConfigFile& file, ConfigDraft& draft,
                 const Setting& setting) { read_accounts(file, setting, draft.config.control.users); }},
}};

template <const auto& keys>
void read_section(const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
    read_map<ConfigDraft>(file, draft, setting, keys);
}

constexpr std::array<DraftKey, 13> top_keys{{
    {"units", read_units},
    {"protected", read_protected},
    {"stop", read_section<stop_keys>},
    {"latch", read_section<latch_keys>},
    {"interlock",
     [](const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
         read_word_into<Interlock>(file, setting, interlocks, draft.config.interlock);
     }},
    {"on_daemon_failure",
     [](const ConfigFile& file, ConfigDraft& draft, const Setting& setting) {
         read_word_into<OnDaemonFailure>(file, setting, daemon_failures, draft.config.on_daemon_failure);
     }},
    {"reset", read_section<reset_keys>},
    {"config_hash", read_section<hash_keys>},
    {"ledger", read_section<ledger_keys>},
    {"drill", read_section<drill_keys>},
    {"metrics", read_section<metrics_keys>},
    {"control", read_section<control_keys>},
    {"fleet", read_fleet},
}};

}  // namespace

void read_schema(const YamlNode& root, std::size_t source, ConfigDraft& draft) {
    const ConfigFile from{source, draft};
    draft.may_have_units |= root.kind != YamlNode::Kind::Mapping;
    read_map<ConfigDraft>(from, draft, from.setting(root, ""), top_keys);
}

}  // namespace ess
