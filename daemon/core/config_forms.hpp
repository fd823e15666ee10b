#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config_draft.hpp"
#include "core/config_values.hpp"
#include "core/yaml_tree.hpp"

// The forms that a setting can have: a map, a list, a word, a duration, a path. Each reader takes one value of one file
// and gives what it means, or puts a fault at its place and gives nothing.

namespace ess {

/// One value of one file, under the name that messages have for it: "stop.budget".
struct Setting {
    const YamlNode& node;
    ConfigPlace place;
    std::string name;
};

/// What the reading functions share: where they are, and where faults go.
struct ConfigFile {
    std::size_t index;
    ConfigDraft& draft;

    [[nodiscard]] ConfigPlace place(YamlPlace at) const { return {index, at.line, at.column}; }
    [[nodiscard]] Setting setting(const YamlNode& node, std::string name) const {
        return {node, place(node.place), std::move(name)};
    }
    void fault(const Setting& setting, const std::string& text) const {
        draft.fault(setting.place, (setting.name.empty() ? "the file" : setting.name) + ": " + text);
    }
};

/// A key that a map may have. Target is what its value goes into: the draft, or one rule.
template <class Target>
struct Key {
    std::string_view name;
    void (*read)(const ConfigFile&, Target&, const Setting&);
};

/// A word that a setting may have, and what it means if the word alone does not say so.
template <class T>
struct Word {
    std::string_view text;
    T value;
    std::string_view meaning;
};

/// Whether the node is of the form wanted; a fault if not. A refused node has had its fault.
[[nodiscard]] bool has_form(const ConfigFile& file, const Setting& setting, YamlNode::Kind kind,
                            std::string_view wanted);

/// The text of a scalar; nothing, and a fault, if it is something else or missing.
[[nodiscard]] std::optional<std::string_view> read_text(const ConfigFile& file, const Setting& setting,
                                                        std::string_view wanted);

[[nodiscard]] std::optional<Micros> read_duration(const ConfigFile& file, const Setting& setting);

/// Whether it is; if not, that is a fault.
[[nodiscard]] bool lies_between(const ConfigFile& file, const Setting& setting, Micros value, Micros shortest,
                                Micros longest);

void read_path_into(const ConfigFile& file, const Setting& setting, std::string (*problem_of)(std::string_view),
                    std::string& into);

/// For a list whose items mean what they say.
[[nodiscard]] inline std::string as_it_is(std::string_view text) {
    return std::string(text);
}

/// Adds the items of a list. The same one twice in one file is a slip and a fault, over several files it is a merge.
void add_to_list(const ConfigFile& file, const Setting& setting, std::string (*value_of)(std::string_view),
                 std::string (*problem_of)(std::string_view), std::vector<std::string>& list);

/// What to say of a key that is none of `known`, in the map called `map`.
[[nodiscard]] std::string unknown_key(const std::string& name, const std::string& map,
                                      const std::vector<std::string_view>& known);

template <class T>
[[nodiscard]] std::string choices(std::span<const Word<T>> words) {
    std::string text;
    for (const Word<T>& word : words) {
        if (!text.empty()) text += " or ";
        text += word.text;
        if (!word.meaning.empty()) text += " (" + std::string(word.meaning) + ")";
    }
    return text;
}

template <class T>
[[nodiscard]] std::optional<T> read_word(const ConfigFile& file, const Setting& setting,
                                         std::span<const Word<T>> words) {
    const auto text = read_text(file, setting, choices(words));
    if (!text) return std::nullopt;
    const auto known =
        std::find_if(words.begin(), words.end(), [&](const Word<T>& word) { return word.text == *text; });
    if (known != words.end()) return known->value;
    file.fault(setting, in_quotes(*text) + " is not known: write " + choices(words));
    return std::nullopt;
}

template <class T>
void read_word_into(const ConfigFile& file, const Setting& setting, std::span<const Word<T>> words, T& into) {
    into = read_word(file, setting, words).value_or(into);
}

/// A value that is checked again after the merge: what is wrong is marked, so that no fault follows from a fault.
template <class T>
[[nodiscard]] Placed<T> placed(const Setting& setting, const std::optional<T>& value) {
    return {value.value_or(T{}), setting.place, value.has_value()};
}

template <class Target>
[[nodiscard]] std::vector<std::string_view> names_of(std::span<const Key<Target>> keys) {
    std::vector<std::string_view> names(keys.size());
    std::transform(keys.begin(), keys.end(), names.begin(), [](const Key<Target>& key) { return key.name; });
    return names;
}

template <class Target>
void read_map(const ConfigFile& file, Target& target, const Setting& setting, std::span<const Key<Target>> keys) {
    // "stop:" with all of its lines commented out is a map without entries.
    if (setting.node.is_blank()) return;
    if (!has_form(file, setting, YamlNode::Kind::Mapping, "a map of settings")) return;
    for (const YamlEntry& entry : setting.node.entries) {
        const auto key =
            std::find_if(keys.begin(), keys.end(), [&](const auto& known) { return known.name == entry.key; });
        if (key == keys.end()) {
            file.draft.fault(file.place(entry.place), unknown_key(entry.key, setting.name, names_of(keys)));
            continue;
        }
        const std::string prefix = setting.name.empty() ? "" : setting.name + ".";
        key->read(file, target, file.setting(entry.value, prefix + entry.key));
    }
}

}  // namespace ess
