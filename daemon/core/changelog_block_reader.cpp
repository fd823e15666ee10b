#include "core/changelog_block_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <utility>

#include "base/text.hpp"
#include "core/entry_form.hpp"

namespace ess {

namespace {

/// A line of the ledger has 64 KiB; the escapes of a text that fits it need no more than this.
constexpr std::size_t block_size_limit = std::size_t{256} << 10U;
/// As deep as a line of the ledger may be, and the entry around it.
constexpr std::size_t block_depth_limit = json_depth_limit + 2;
constexpr std::size_t comment_limit = 4096;
constexpr std::int64_t greatest_integer = (std::int64_t{1} << 53U) - 1;
constexpr std::size_t shown_limit = 60;

/// The lines of a block, by number.
class Lines {
  public:
    explicit Lines(std::string_view text) {
        while (!text.empty())
            lines_.push_back(take_line(text));
    }

    /// What stands from that place to the end of the line. Columns count characters.
    [[nodiscard]] std::string_view from(YamlPlace place) const {
        if (place.line == 0 || place.line > lines_.size()) return {};
        std::string_view line = lines_[place.line - 1];
        for (std::size_t column = 1; column < place.column && !line.empty(); ++column) {
            line.remove_prefix(1);
            while (!line.empty() && (static_cast<unsigned char>(line.front()) & 0xC0U) == 0x80U)
                line.remove_prefix(1);
        }
        return line;
    }

  private:
    std::vector<std::string_view> lines_;
};

/// The text of a comment, if nothing else follows: `  # text`.
std::string comment_in(std::string_view rest) {
    const std::size_t mark = rest.find_first_not_of(" \t");
    if (mark == std::string_view::npos || mark == 0 || rest[mark] != '#') return {};
    return clean_line(rest.substr(mark + 1), comment_limit);
}

/// The lenient rule's text, and what it changed.
struct Mended {
    std::string text;
    std::vector<YamlFault> warnings;  ///< places within the block
};

/// Where the rest of a line `key: rest` begins, if it is an unquoted text with ": " in it.
std::optional<std::size_t> unquoted_rest(std::string_view line) {
    constexpr std::string_view key_characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    const std::size_t colon = line.find_first_not_of(key_characters);
    if (colon == 0 || colon == std::string_view::npos || line[colon] != ':') return std::nullopt;
    const std::size_t start = line.find_first_not_of(' ', colon + 1);
    if (start == std::string_view::npos || start == colon + 1) return std::nullopt;
    const std::string_view rest = trim(line.substr(start));
    if (rest.empty()) return std::nullopt;
    const bool indicator = std::string_view("\"'[{|>&*!%@`#").find(rest.front()) != std::string_view::npos;
    if (indicator || rest.starts_with("- ") || rest.starts_with("? ")) return std::nullopt;
    if (rest.find(": ") == std::string_view::npos && rest.find(":\t") == std::string_view::npos && rest.back() != ':')
        return std::nullopt;
    return start;
}

Mended mend(std::string_view text) {
    Mended mended;
    std::size_t number = 0;
    while (!text.empty()) {
        const std::string_view line = take_line(text);
        ++number;
        const auto start = unquoted_rest(line);
        mended.text.append(line.substr(0, start.value_or(line.size())));
        if (start) {
            mended.text += '\'';
            for (const char c : trim(line.substr(*start)))
                mended.text.append(c == '\'' ? 2 : 1, c);
            mended.text += '\'';
            mended.warnings.push_back({{number, *start + 1},
                                       std::string(line.substr(0, line.find(':'))) +
                                           " has \": \" in an unquoted value, which is not YAML: read as text up to "
                                           "the end of the line; put quotes around it"});
        }
        mended.text += '\n';
    }
    return mended;
}

/// Where the block has a line break that YAML 1.1 knows and YAML 1.2, and this reader, do not.
std::optional<YamlPlace> odd_break(std::string_view text) {
    constexpr std::array<std::string_view, 4> breaks{"\r", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xA9"};
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = take_line(text);
        for (const std::string_view one : breaks) {
            if (line.find(one) != std::string_view::npos) return YamlPlace{number, 1};
        }
    }
    return std::nullopt;
}

std::optional<std::int64_t> integer_in(std::string_view text) {
    std::int64_t value = 0;
    const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = fault == std::errc{} && stop == text.data() + text.size();
    if (!whole || value > greatest_integer || value < -greatest_integer) return std::nullopt;
    // "007" and "-0" would be second spellings.
    return std::to_string(value) == text ? std::optional(value) : std::nullopt;
}

/// Makes the entry of a tree.
class EntryBuilder {
  public:
    explicit EntryBuilder(std::string_view text) : lines_(text) {}

    void build(const YamlNode& root, IdRule rule) {
        place_[""] = root.place;
        if (root.kind != YamlNode::Kind::Mapping)
            return fault(root.place, "an entry is a map: lines of \"key: value\"");
        for (const YamlEntry& field : root.entries)
            take(field);
        settle_id(rule, root.place);
        for (const EntryProblem& problem : problems_of(entry.entry))
            fault(place_of(problem.field), problem.field + ": " + problem.text);
        if (!comments_.empty()) entry.comments = std::move(comments_);
    }

    ChangelogEntry entry;
    std::vector<YamlFault> faults;  ///< places within the block

  private:
    void fault(YamlPlace at, std::string text) { faults.push_back({at, std::move(text)}); }

    /// That of the field, or of what it is in.
    [[nodiscard]] YamlPlace place_of(const std::string& path) const {
        const auto found = place_.find(path);
        if (found != place_.end()) return found->second;
        const auto outer = place_.find(path.substr(0, path.find('.')));
        return outer != place_.end() ? outer->second : place_.at("");
    }

    void take(const YamlEntry& field) {
        place_[field.key] = field.value.place;
        if (field.key == "ess") {
            entry.ess = typed(field.value);
            if (!entry.ess.is_object()) fault(field.value.place, "ess: must be a map");
        } else if (field.key == "kind") {
            entry.kind = ledger_kind_from(field.value.text);
            if (!entry.kind) fault(field.value.place, "kind: not a kind of the ledger");
        } else if (field.key == "amends") {
            entry.amends = true;
            amended_ = value_of(field);
        } else {
            entry.entry[field.key] = value_of(field);
        }
    }

    void settle_id(IdRule rule, YamlPlace at) {
        Json& fields = entry.entry;
        const auto id = fields.find("operation_id");
        if (entry.amends) {
            if (id != fields.end())
                return fault(place_of("operation_id"), "operation_id: an amendment has amends in its place");
            fields["operation_id"] = amended_;
            return;
        }
        if (id == fields.end()) {
            if (rule == IdRule::Required) fault(at, "no operation_id");
        } else if (rule == IdRule::Optional && (*id == template_operation_id || *id == "")) {
            fields.erase(id);
            if (fields.empty()) fault(at, "the entry has no fields");
        }
    }

    Json value_of(const YamlEntry& field) {
        const FieldKind kind = field_kind(field.key);
        const YamlNode& node = field.value;
        note_comment(field.key, node, &field);
        if (node.kind == YamlNode::Kind::Scalar) return of_scalar(kind, node);
        if (node.kind == YamlNode::Kind::Sequence) return of_list(field.key, kind, node);
        return of_map(field.key, node);
    }

    static Json of_scalar(FieldKind kind, const YamlNode& node) {
        if (kind == FieldKind::Names) return split_names(node.text);
        if (kind == FieldKind::Texts) return node.is_blank() ? Json::array() : Json::array({node.text});
        const bool map = kind == FieldKind::Map || kind == FieldKind::Proof;
        return map && node.is_blank() ? Json::object() : Json(node.text);
    }

    Json of_list(const std::string& name, FieldKind kind, const YamlNode& node) {
        Json list = Json::array();
        for (const YamlNode& item : node.items) {
            const std::string path = name + "." + std::to_string(list.size());
            note_comment(path, item, nullptr);
            place_[path] = item.place;
            if (kind != FieldKind::Names) {
                list.push_back(text_of(path, item));
                continue;
            }
            for (std::string& part : split_names(text_of(path, item)))
                list.push_back(std::move(part));
        }
        return list;
    }

    Json of_map(const std::string& name, const YamlNode& node) {
        Json map = Json::object();
        for (const YamlEntry& member : node.entries) {
            const std::string path = name + "." + member.key;
            note_comment(path, member.value, &member);
            place_[path] = member.value.place;
            const std::string text = text_of(path, member.value);
            const bool size = path == "proof_file.size_bytes";
            const auto number = size ? integer_in(text) : std::nullopt;
            map[member.key] = number ? Json(*number) : Json(text);
        }
        return map;
    }

    std::string text_of(const std::string& path, const YamlNode& node) {
        if (node.kind != YamlNode::Kind::Scalar)
            fault(node.place, path + ": must be a text; lists and maps have one level");
        return node.text;
    }

    /// JSON in YAML's flow form: what is quoted is text.
    Json typed(const YamlNode& node) {
        if (node.kind == YamlNode::Kind::Sequence) {
            Json list = Json::array();
            for (const YamlNode& item : node.items)
                list.push_back(typed(item));
            return list;
        }
        if (node.kind == YamlNode::Kind::Mapping) {
            Json map = Json::object();
            for (const YamlEntry& member : node.entries)
                map[member.key] = typed(member.value);
            return map;
        }
        if (node.quoted) return node.text;
        if (node.text == "null") return nullptr;
        if (node.text == "true" || node.text == "false") return node.text == "true";
        if (const auto number = integer_in(node.text)) return *number;
        fault(node.place, "ess: " + clean_line(node.text, shown_limit) +
                              " is neither a quoted text, nor an integer, true, false or null");
        return nullptr;
    }

    /// `key_of`: whose value the node is, for lists and maps that begin in a line of their own.
    void note_comment(const std::string& path, const YamlNode& node, const YamlEntry* key_of) {
        std::string comment;
        if (node.end.line != 0) {
            comment = comment_in(lines_.from(node.end));
        } else if (node.kind == YamlNode::Kind::Scalar) {
            // "|-  # comment"
            const std::string_view head = lines_.from(node.place);
            comment = comment_in(head.substr(std::min(head.find_first_of(" \t"), head.size())));
        } else if (key_of != nullptr) {
            const std::string_view rest = lines_.from(key_of->key_end);
            const std::size_t colon = std::min(rest.find(':'), rest.size());
            comment = comment_in(rest.substr(std::min(colon + 1, rest.size())));
        }
        if (!comment.empty()) comments_[path] = std::move(comment);
    }

    Lines lines_;
    Json comments_ = Json::object();
    Json amended_;
    std::map<std::string, YamlPlace, std::less<>> place_;
};

YamlFault in_file(const ChangelogBlock& block, YamlFault fault) {
    if (fault.place.line == 0) return {{block.line, 1}, std::move(fault.text)};
    fault.place.line += block.line - 1;
    fault.place.column += block.indent;
    return fault;
}

}  // namespace

void read_block(const ChangelogBlock& block, IdRule rule, ChangelogReading& reading) {
    const auto refuse = [&](YamlFault fault) { reading.faults.push_back(in_file(block, std::move(fault))); };
    if (const auto place = odd_break(block.text))
        return refuse({*place,
                       "a line break that YAML 1.1 and 1.2 read differently: write it as \\r, \\N, \\L or \\P between "
                       "double quotes"});
    const YamlLimits limits{block_size_limit, block_depth_limit};
    Mended mended{block.text, {}};
    YamlReading tree = read_yaml(mended.text, limits);
    if (!tree.complete) {
        mended = mend(block.text);
        if (!mended.warnings.empty()) tree = read_yaml(mended.text, limits);
    }
    EntryBuilder builder(mended.text);
    if (tree.faults.empty()) builder.build(tree.root, rule);
    for (auto* const faults : {&tree.faults, &builder.faults}) {
        for (YamlFault& fault : *faults)
            refuse(std::move(fault));
    }
    if (!tree.faults.empty() || !builder.faults.empty()) return;
    builder.entry.line = block.line;
    builder.entry.text = block.text;
    for (YamlFault& warning : mended.warnings)
        builder.entry.warnings.push_back(in_file(block, std::move(warning)));
    reading.entries.push_back(std::move(builder.entry));
}

}  // namespace ess
