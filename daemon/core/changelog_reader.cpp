#include "core/changelog_reader.hpp"

#include <map>
#include <utility>

#include "base/text.hpp"
#include "core/changelog_block_reader.hpp"
#include "core/changelog_blocks.hpp"

namespace ess {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

enum class ChangelogForm { Markdown, Yaml, Json };

/// A text without a fence is YAML if its first line looks like it; Markdown then has no entries.
ChangelogForm form_of(std::string_view text) {
    const std::string_view bare = trim(text);
    if (bare.starts_with('[') || bare.starts_with('{')) return ChangelogForm::Json;
    if (has_fence(text)) return ChangelogForm::Markdown;
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        if (trim(line).empty() || line.starts_with('#')) continue;
        const std::size_t word = line.find_first_not_of("abcdefghijklmnopqrstuvwxyz_\"");
        const bool key = word != 0 && word != std::string_view::npos && line[word] == ':';
        return key || line.starts_with("---") ? ChangelogForm::Yaml : ChangelogForm::Markdown;
    }
    return ChangelogForm::Markdown;
}

void read_blocks(ChangelogBlocks cut, IdRule rule, ChangelogReading& reading) {
    reading.faults = std::move(cut.faults);
    for (const ChangelogBlock& block : cut.blocks) {
        if (block.is_template && rule == IdRule::Required) continue;
        read_block(block, rule, reading);
        if (reading.faults.size() <= yaml_fault_limit) continue;
        reading.faults.push_back({{block.line, 1}, "too many faults: reading stops here"});
        return;
    }
}

void read_markdown(std::string_view text, ChangelogReading& reading) {
    ChangelogBlocks cut = blocks_of_markdown(text);
    // An empty changelog has its template. What has not even that is some other file.
    if (!cut.any_yaml && cut.faults.empty())
        cut.faults.push_back({{}, "no entry in it: one is a fenced block of the language yaml that begins with ---"});
    read_blocks(std::move(cut), IdRule::Required, reading);
}

/// What must differ between two entries of one changelog; an amendment is itself.
std::string identity(const ChangelogEntry& entry) {
    return entry.amends ? "amends " + entry.entry.dump() : entry.id();
}

bool same_content(const ChangelogEntry& left, const ChangelogEntry& right) {
    return left.entry == right.entry && left.comments == right.comments && left.ess == right.ess &&
           left.kind == right.kind;
}

void keep_each_once(ChangelogReading& reading) {
    std::map<std::string, std::size_t> seen;
    std::vector<ChangelogEntry> kept;
    for (ChangelogEntry& entry : reading.entries) {
        const auto [first, is_new] = seen.emplace(identity(entry), kept.size());
        if (is_new) {
            kept.push_back(std::move(entry));
        } else if (!entry.amends && !same_content(kept[first->second], entry)) {
            reading.faults.push_back({{entry.line, 1},
                                      entry.id() + " is already given in line " +
                                          std::to_string(kept[first->second].line) + ", with another content"});
        }
    }
    reading.entries = std::move(kept);
}

ChangelogReading refused(std::string text) {
    return {{}, {{{}, std::move(text)}}};
}

std::string_view without_mark(std::string_view text) {
    return text.starts_with(byte_order_mark) ? text.substr(byte_order_mark.size()) : text;
}

}  // namespace

std::string ChangelogEntry::id() const {
    const auto found = entry.find("operation_id");
    return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
}

ChangelogReading read_changelog(std::string_view text) {
    if (text.size() > changelog_size_limit)
        return refused("larger than " + std::to_string(changelog_size_limit) + " bytes: import it in parts");
    text = without_mark(text);
    ChangelogReading reading;
    switch (form_of(text)) {
        case ChangelogForm::Json:
            read_json_export(text, reading);
            break;
        case ChangelogForm::Yaml:
            read_blocks(blocks_of_yaml(text), IdRule::Required, reading);
            break;
        case ChangelogForm::Markdown:
            read_markdown(text, reading);
    }
    keep_each_once(reading);
    if (!reading.faults.empty()) reading.entries.clear();
    return reading;
}

ChangelogReading read_entry(std::string_view text) {
    if (text.size() > changelog_size_limit) return refused("too large for an entry");
    text = without_mark(text);
    ChangelogReading reading;
    read_blocks(has_fence(text) ? blocks_of_markdown(text) : blocks_of_yaml(text), IdRule::Optional, reading);
    if (reading.faults.empty() && reading.entries.size() != 1) {
        reading.faults.push_back(
            {{}, "one entry is expected, and " + std::to_string(reading.entries.size()) + " are here"});
    }
    if (!reading.faults.empty()) reading.entries.clear();
    return reading;
}

std::string to_text(const YamlFault& fault) {
    return std::to_string(fault.place.line) + ":" + std::to_string(fault.place.column) + ": " + fault.text;
}

}  // namespace ess
