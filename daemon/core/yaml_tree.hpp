#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ess {

/// More than any configuration has. A file of that size is read in a few milliseconds.
inline constexpr std::size_t yaml_size_limit = std::size_t{1} << 20U;

/// The schema needs four levels. libyaml takes quadratic time for deep nesting, so reading stops at this depth, and
/// whoever walks the tree may recurse.
inline constexpr std::size_t yaml_depth_limit = 16;

/// Faults told per text. Whoever has more has the same one many times, or no YAML at all.
inline constexpr std::size_t yaml_fault_limit = 50;

/// Where something stands. Counted from 1, columns in characters; 0 means "the text as a whole".
struct YamlPlace {
    std::size_t line = 0;
    std::size_t column = 0;

    [[nodiscard]] bool operator==(const YamlPlace&) const = default;
};

struct YamlEntry;

/// A value. Scalars are the strings that were written: `0755`, `on` and `1e3` mean what the reader of the tree says.
struct YamlNode {
    enum class Kind {
        Scalar,
        Sequence,
        Mapping,
        Refused,  ///< something the subset does not have; its fault is told already
    };
    Kind kind = Kind::Mapping;
    YamlPlace place;
    /// Behind the last character, where a comment may follow in its line; {} for a block (a list or map by indentation,
    /// a text behind | or >), whose comment can only stand in the line in which it begins.
    YamlPlace end;
    std::string text;                ///< of a scalar
    bool quoted = false;             ///< a scalar that is not plain: "" is a value, nothing at all is not
    std::vector<YamlNode> items;     ///< of a sequence
    std::vector<YamlEntry> entries;  ///< of a mapping, in the order of the text, each key once

    /// `key:` with nothing behind it.
    [[nodiscard]] bool is_blank() const { return kind == Kind::Scalar && text.empty() && !quoted; }
};

struct YamlEntry {
    std::string key;
    YamlPlace place;    ///< of the key
    YamlPlace key_end;  ///< behind its last character
    YamlNode value;
};

struct YamlFault {
    YamlPlace place;
    std::string text;
};

struct YamlReading {
    YamlNode root;                  ///< an empty text is an empty mapping
    std::vector<YamlFault> faults;  ///< in the order of the text
    bool complete = false;          ///< the whole text was read, if with faults; otherwise `root` is empty
};

/// What a text may have.
struct YamlLimits {
    std::size_t size = yaml_size_limit;    ///< bytes
    std::size_t depth = yaml_depth_limit;  ///< levels
};

/// Reads the strict subset of YAML 1.1 that the configuration is written in: one document of UTF-8 without NUL, within
/// the limits, scalar keys, each once; no anchors, aliases, tags,
/// directives or merge keys. Faults are gathered as far as the text can be followed: bad syntax ends it, a duplicate
/// key does not. The first of two equal keys counts.
[[nodiscard]] YamlReading read_yaml(std::string_view text, YamlLimits limits = {});

}  // namespace ess
