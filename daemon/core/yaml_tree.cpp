#include "core/yaml_tree.hpp"

#include <yaml.h>

#include <algorithm>
#include <array>
#include <map>
#include <new>
#include <utility>

#include "base/text.hpp"

namespace ess {

namespace {

/// Enough of a key to recognise it in a message.
constexpr std::size_t shown_key_limit = 64;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// What to do about the two problems that people have most, since libyaml's own words do not say.
struct Hint {
    std::string_view problem;
    std::string_view hint;
};
constexpr std::array<Hint, 2> hints{{
    {"mapping values are not allowed in this context", "put quotes around a value that has \": \" in it"},
    {"found character that cannot start any token",
     "indent with spaces, not tabs; put quotes around special characters"},
}};

std::string explain(std::string_view problem, const char* context) {
    std::string text(problem);
    if (context != nullptr) text += " (" + std::string(context) + ")";
    const auto* hint = std::find_if(hints.begin(), hints.end(), [&](const Hint& h) { return h.problem == problem; });
    if (hint != hints.end()) text += ": " + std::string(hint->hint);
    return text;
}

YamlPlace place_of(const yaml_mark_t& mark) {
    return {mark.line + 1, mark.column + 1};
}

/// For faults that libyaml or this file finds by byte, before there are lines.
YamlPlace place_of_byte(std::string_view text, std::size_t offset) {
    const std::string_view before = text.substr(0, offset);
    const auto line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    const std::size_t line_end = before.rfind('\n');
    const std::string_view in_line = line_end == std::string_view::npos ? before : before.substr(line_end + 1);
    const auto is_first_byte = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; };
    return {line + 1, static_cast<std::size_t>(std::count_if(in_line.begin(), in_line.end(), is_first_byte)) + 1};
}

/// The offset of the first byte that is no part of a well-formed character.
std::size_t first_ill_formed(std::string_view text) {
    constexpr std::size_t longest_character = 4;
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t length = 1;
        while (length <= longest_character && !is_utf8(text.substr(at, length)))
            ++length;
        if (length > longest_character) return at;
        at += length;
    }
    return at;
}

/// One libyaml event, freed at the end. Its pointers live as long as it does.
class Event {
  public:
    Event() = default;
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;
    Event(Event&&) = delete;
    Event& operator=(Event&&) = delete;
    ~Event() { clear(); }

    yaml_event_t* fresh() {
        clear();
        return &event_;
    }
    void clear() { yaml_event_delete(&event_); }  // leaves an empty event behind
    [[nodiscard]] const yaml_event_t& get() const { return event_; }

  private:
    yaml_event_t event_{};
};

class Parser {
  public:
    explicit Parser(std::string_view text) {
        if (yaml_parser_initialize(&parser_) == 0) throw std::bad_alloc();
        // Left to itself, libyaml would take UTF-16 as well.
        yaml_parser_set_encoding(&parser_, YAML_UTF8_ENCODING);
        // libyaml reads bytes through pointers to unsigned char, which may alias anything.
        const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
        yaml_parser_set_input_string(&parser_, bytes, text.size());
    }
    Parser(const Parser&) = delete;
    Parser& operator=(const Parser&) = delete;
    Parser(Parser&&) = delete;
    Parser& operator=(Parser&&) = delete;
    ~Parser() { yaml_parser_delete(&parser_); }

    [[nodiscard]] bool parse(Event& event) { return yaml_parser_parse(&parser_, event.fresh()) != 0; }
    [[nodiscard]] const yaml_parser_t& state() const { return parser_; }

  private:
    yaml_parser_t parser_{};
};

/// What an event carries beside its value, which the subset does not have.
struct Decoration {
    bool anchor = false;
    bool tag = false;
};

Decoration decoration_of(const yaml_event_t& event) {
    switch (event.type) {
        case YAML_SCALAR_EVENT: {
            const auto& scalar = event.data.scalar;
            // The tag "!" leaves no text, only this trace.
            const bool bare_tag = scalar.style == YAML_PLAIN_SCALAR_STYLE && scalar.plain_implicit == 0;
            return {scalar.anchor != nullptr, scalar.tag != nullptr || bare_tag};
        }
        case YAML_SEQUENCE_START_EVENT:
            return {event.data.sequence_start.anchor != nullptr, event.data.sequence_start.tag != nullptr};
        case YAML_MAPPING_START_EVENT:
            return {event.data.mapping_start.anchor != nullptr, event.data.mapping_start.tag != nullptr};
        default:
            return {};
    }
}

/// Builds the tree from the events. After the end of reading (bad syntax, a limit) each step does nothing, so that the
/// loops need no way out of their own.
class TreeReader {
  public:
    TreeReader(std::string_view text, std::size_t depth_limit)
        : text_(text), depth_limit_(depth_limit), parser_(text) {}

    YamlReading read() {
        advance();  // the start of the stream
        advance();
        if (type() == YAML_DOCUMENT_START_EVENT) read_document();
        reading_.complete = !ended_;
        if (ended_) reading_.root = {};
        return std::move(reading_);
    }

  private:
    using Keys = std::map<std::string, YamlPlace, std::less<>>;

    [[nodiscard]] yaml_event_type_t type() const { return event_.get().type; }
    [[nodiscard]] YamlPlace place() const { return place_of(event_.get().start_mark); }

    void fault(YamlPlace at, std::string text) {
        if (reading_.faults.size() < yaml_fault_limit) {
            reading_.faults.push_back({at, std::move(text)});
        } else if (!ended_) {
            reading_.faults.push_back({at, "too many faults: reading stops here"});
            end();
        }
    }

    void end() {
        ended_ = true;
        event_.clear();
    }

    void advance() {
        if (ended_ || parser_.parse(event_)) return;
        const yaml_parser_t& state = parser_.state();
        if (state.error == YAML_MEMORY_ERROR) throw std::bad_alloc();
        const std::string_view problem = state.problem == nullptr ? "not YAML" : state.problem;
        const bool by_byte = state.error == YAML_READER_ERROR;
        const YamlPlace at = by_byte ? place_of_byte(text_, state.problem_offset) : place_of(state.problem_mark);
        end();
        fault(at, explain(problem, state.context));
    }

    void read_document() {
        const auto& start = event_.get().data.document_start;
        const bool tags = start.tag_directives.start != start.tag_directives.end;
        if (start.version_directive != nullptr || tags) fault(place(), "directives (%YAML, %TAG) are not allowed");
        advance();
        reading_.root = read_node(1);
        if (reading_.root.is_blank()) reading_.root.kind = YamlNode::Kind::Mapping;
        advance();
        if (type() == YAML_DOCUMENT_START_EVENT) fault(place(), "a second document begins here: only one is allowed");
    }

    /// Reads the value at the current event, and moves behind it.
    YamlNode read_node(std::size_t depth) {
        YamlNode node;
        node.place = place();
        if (!refuse_decoration()) node.kind = YamlNode::Kind::Refused;
        switch (type()) {
            case YAML_ALIAS_EVENT:
                fault(node.place, "aliases (*name) are not allowed: write the value out");
                node.kind = YamlNode::Kind::Refused;
                advance();
                break;
            case YAML_SCALAR_EVENT:
                read_scalar(node);
                break;
            case YAML_SEQUENCE_START_EVENT:
            case YAML_MAPPING_START_EVENT:
                read_collection(node, depth);
                break;
            default:
                break;
        }
        return node;
    }

    /// Whether the node at the current event is free of what the subset does not have.
    bool refuse_decoration() {
        const Decoration decoration = decoration_of(event_.get());
        if (decoration.anchor) fault(place(), "anchors (&name) are not allowed");
        if (decoration.tag) fault(place(), "tags (!name) are not allowed");
        return !decoration.anchor && !decoration.tag;
    }

    static void set_kind(YamlNode& node, YamlNode::Kind kind) {
        if (node.kind != YamlNode::Kind::Refused) node.kind = kind;
    }

    void read_scalar(YamlNode& node) {
        set_kind(node, YamlNode::Kind::Scalar);
        node.text = scalar_text();
        const yaml_scalar_style_t style = event_.get().data.scalar.style;
        node.quoted = style != YAML_PLAIN_SCALAR_STYLE;
        const bool block = style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE;
        if (!block) node.end = place_of(event_.get().end_mark);
        advance();
    }

    [[nodiscard]] std::string scalar_text() const {
        const auto& scalar = event_.get().data.scalar;
        // As above: the bytes are text.
        return {reinterpret_cast<const char*>(scalar.value), scalar.length};
    }

    void read_collection(YamlNode& node, std::size_t depth) {
        if (depth > depth_limit_) {
            end();
            fault(node.place, "nested more than " + std::to_string(depth_limit_) + " deep");
            return;
        }
        const bool sequence = type() == YAML_SEQUENCE_START_EVENT;
        const auto& start = event_.get().data;
        const bool flow = sequence ? start.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE
                                   : start.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
        set_kind(node, sequence ? YamlNode::Kind::Sequence : YamlNode::Kind::Mapping);
        advance();
        if (sequence) {
            read_items(node, depth);
        } else {
            read_entries(node, depth);
        }
        if (flow) node.end = place_of(event_.get().end_mark);
        advance();
    }

    void read_items(YamlNode& node, std::size_t depth) {
        while (!ended_ && type() != YAML_SEQUENCE_END_EVENT)
            node.items.push_back(read_node(depth + 1));
    }

    void read_entries(YamlNode& node, std::size_t depth) {
        Keys seen;
        while (!ended_ && type() != YAML_MAPPING_END_EVENT) {
            YamlNode key = read_node(depth + 1);
            const bool usable = is_usable_key(key, seen);
            YamlNode value = read_node(depth + 1);
            if (usable) node.entries.push_back({std::move(key.text), key.place, key.end, std::move(value)});
        }
    }

    bool is_usable_key(const YamlNode& key, Keys& seen) {
        if (ended_ || key.kind == YamlNode::Kind::Refused) return false;
        if (key.kind != YamlNode::Kind::Scalar) {
            fault(key.place, "a key must be a single word, not a list or a map");
            return false;
        }
        if (key.text == "<<" && !key.quoted) {
            fault(key.place, "merge keys (<<) are not allowed: write the values out");
            return false;
        }
        const auto [first, is_new] = seen.emplace(key.text, key.place);
        if (!is_new) {
            fault(key.place, "the key \"" + clean_line(key.text, shown_key_limit) + "\" is already given in line " +
                                 std::to_string(first->second.line));
        }
        return is_new;
    }

    std::string_view text_;
    std::size_t depth_limit_;
    Parser parser_;
    Event event_;
    YamlReading reading_;
    bool ended_ = false;
};

YamlReading refused(YamlPlace at, std::string text) {
    YamlReading reading;
    reading.faults.push_back({at, std::move(text)});
    return reading;
}

}  // namespace

YamlReading read_yaml(std::string_view text, YamlLimits limits) {
    if (text.size() > limits.size) return refused({}, "larger than " + std::to_string(limits.size) + " bytes");
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
        return refused(place_of_byte(text, nul), "a NUL byte: this is not a text file");
    if (const std::size_t bad = first_ill_formed(text); bad < text.size())
        return refused(place_of_byte(text, bad), "not UTF-8: save the file in that encoding");
    return TreeReader(text, limits.depth).read();
}

}  // namespace ess
