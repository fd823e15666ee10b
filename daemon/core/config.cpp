#include "core/config.hpp"

#include <algorithm>
#include <tuple>

#include "core/config_draft.hpp"
#include "core/config_schema.hpp"
#include "core/config_values.hpp"
#include "core/unit_name.hpp"
#include "core/yaml_tree.hpp"

namespace ess {

namespace {

using namespace std::chrono_literals;

/// What the kernel's kill, and seeing that it worked, may take after the grace on a host with saturated processors.
constexpr Micros room_for_kill = 200ms;

/// More units than one host runs. A list beyond it is a generated mistake, and every line of it costs time to check.
constexpr std::size_t rule_limit = 4096;

/// More is not read by anybody.
constexpr std::size_t fault_limit = 200;

class Reading {
  public:
    explicit Reading(std::span<const ConfigSource> sources) : sources_(sources) {}

    ConfigReading read() {
        for (std::size_t i = 0; i < sources_.size(); ++i)
            read_source(i);
        check_allow_list();
        check_stop();
        check_reset();
        for (const DraftRule& rule : draft_.rules)
            finish_rule(rule);
        return {finished_config(), finished_faults()};
    }

  private:
    void read_source(std::size_t index) {
        YamlReading yaml = read_yaml(sources_[index].text);
        for (YamlFault& fault : yaml.faults)
            draft_.fault({index, fault.place.line, fault.place.column}, std::move(fault.text));
        complete_ = complete_ && yaml.complete;
        if (yaml.complete) read_schema(yaml.root, index, draft_);
    }

    void check_allow_list() {
        const ConfigPlace place = draft_.units_place.value_or(ConfigPlace{});
        if (complete_ && !draft_.may_have_units)
            draft_.fault(place, "units: the allow-list is empty: name what is to be stopped");
        if (draft_.rules.size() <= rule_limit) return;
        draft_.fault(draft_.rules[rule_limit].name.place, "units: more than " + std::to_string(rule_limit) + " units");
        draft_.rules.resize(rule_limit);
    }

    [[nodiscard]] const Placed<StopCategory>& category_of(const DraftRule& rule) const {
        return rule.category ? *rule.category : draft_.category;
    }

    /// The default grace counts where somebody wrote it or a unit lives by it; with category 0 throughout, none does.
    void check_stop() {
        const auto& rules = draft_.rules;
        const bool is_used = std::any_of(rules.begin(), rules.end(), [&](const DraftRule& rule) {
            return !rule.grace && category_of(rule).value == StopCategory::Controlled && category_of(rule).readable;
        });
        if (is_used || draft_.grace.is_given()) check_room(draft_.grace, "stop.grace");
    }

    /// A latch file that anyone at the directory may remove would be the way around the second person.
    void check_reset() {
        const Placed<bool>& four_eyes = draft_.four_eyes;
        if (!four_eyes.readable || !four_eyes.value || draft_.config.latch.file_removal == FileRemoval::Relatch) return;
        draft_.fault(four_eyes.place,
                     "reset.four_eyes: true needs latch.file_removal: relatch, since removing the "
                     "file would be a reset without a second person");
    }

    void check_room(const Placed<Micros>& grace, std::string_view name) {
        const Placed<Micros>& budget = draft_.budget;
        if (!grace.readable || !budget.readable || grace.value + room_for_kill <= budget.value) return;
        std::string text = std::string(name) + ": " + to_text(grace.value) + " does not fit in stop.budget, " +
                           to_text(budget.value) + ", with the " + to_text(room_for_kill) +
                           " that the kernel's kill needs: ";
        if (budget.value > room_for_kill) {
            text += "at most " + to_text(budget.value - room_for_kill);
        } else {
            text += "use category 0";
        }
        draft_.fault(grace.is_given() ? grace.place : budget.place, std::move(text));
    }

    void finish_rule(const DraftRule& draft) {
        const std::string& name = draft.name.value;
        check_protection(draft);
        const Placed<StopCategory>& category = category_of(draft);
        UnitRule rule{name, category.value, Micros{0}};
        if (category.value == StopCategory::Controlled) {
            rule.grace = (draft.grace ? *draft.grace : draft_.grace).value;
            if (draft.grace) check_room(*draft.grace, "units: grace of " + in_quotes(name));
        } else if (draft.grace && draft.grace->readable && category.readable) {
            draft_.fault(draft.grace->place, "units: " + in_quotes(name) + " is stopped by category 0, immediately (" +
                                                 where(category) + "): it can have no grace");
        }
        draft_.config.units.push_back(std::move(rule));
    }

    [[nodiscard]] std::string where(const Placed<StopCategory>& category) const {
        return sources_[category.place.source].file + ":" + std::to_string(category.place.line);
    }

    void check_protection(const DraftRule& rule) {
        const std::string& name = rule.name.value;
        const std::string entry = protecting_entry(name, draft_.config.protected_units);
        if (entry.empty()) return;
        const auto built_in = built_in_protected();
        const bool own = std::find(built_in.begin(), built_in.end(), entry) == built_in.end();
        const std::string by = in_quotes(entry) + (own ? " of the list \"protected\"" : " of the built-in list");
        const std::string why = is_pattern(name) ? " would stop units which are protected by " : " is protected by ";
        draft_.fault(rule.name.place, "units: " + in_quotes(name) + why + by);
    }

    Config finished_config() {
        Config config = std::move(draft_.config);
        config.stop.budget = draft_.budget.value;
        config.stop.category = draft_.category.value;
        config.stop.grace = draft_.grace.value;
        config.reset.four_eyes = draft_.four_eyes.value;
        config.reset.expiry = draft_.expiry.value;
        return config;
    }

    std::vector<ConfigFault> finished_faults() {
        const auto position = [](const DraftFault& fault) {
            return std::tuple(fault.place.source, fault.place.line, fault.place.column);
        };
        std::vector<DraftFault>& drafts = draft_.faults;
        std::stable_sort(drafts.begin(), drafts.end(),
                         [&](const DraftFault& a, const DraftFault& b) { return position(a) < position(b); });
        std::vector<ConfigFault> faults;
        for (DraftFault& fault : drafts) {
            const ConfigPlace& place = fault.place;
            const std::string file = place.source < sources_.size() ? sources_[place.source].file : "configuration";
            if (faults.size() == fault_limit) {
                faults.push_back({file, 0, 0, std::to_string(drafts.size() - fault_limit) + " more faults"});
                break;
            }
            faults.push_back({file, place.line, place.column, std::move(fault.text)});
        }
        return faults;
    }

    std::span<const ConfigSource> sources_;
    ConfigDraft draft_;
    bool complete_ = true;
};

}  // namespace

std::string to_text(const ConfigFault& fault) {
    const std::string place =
        fault.line == 0 ? "" : std::to_string(fault.line) + ":" + std::to_string(fault.column) + ":";
    return fault.file + ":" + place + " " + fault.text;
}

ConfigReading read_config(std::span<const ConfigSource> sources) {
    return Reading(sources).read();
}

}  // namespace ess
