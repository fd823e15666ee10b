#include "core/yaml_scalar.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "base/text.hpp"

namespace ess {

namespace {

/// Longest comment that is read (core/changelog_block_reader).
constexpr std::size_t comment_limit = 4096;

/// What YAML 1.1 or 1.2 takes for something else than a string (1.1: bool, null, merge, value of
/// https://yaml.org/type/).
constexpr std::array<std::string_view, 13> words{"y",     "n",    "yes", "no", "on", "off", "true",
                                                 "false", "null", "~",   "<<", "=",  ""};

struct ScalarCharacter {
    char32_t code = 0;
    std::string_view bytes;
};

/// Takes the first character off well-formed UTF-8.
ScalarCharacter take(std::string_view& text) {
    std::size_t length = 1;
    while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U)
        ++length;
    const auto first = static_cast<unsigned char>(text.front());
    char32_t code = first;
    if (length > 1) code = first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i)
        code = (code << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
    const ScalarCharacter character{code, text.substr(0, length)};
    text.remove_prefix(length);
    return character;
}

/// Whether it may stand as it is: printable in both versions, no line break in one of them, and nothing that makes a
/// line look like another one to a person.
bool is_open(char32_t c) {
    const bool control = c < 0x20 || (c >= 0x7F && c <= 0xA0);
    const bool direction = c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
    return !control && !direction && c != 0xFEFF && c != 0xFFFE && c != 0xFFFF;
}

bool is_open(std::string_view text) {
    while (!text.empty()) {
        if (!is_open(take(text).code)) return false;
    }
    return true;
}

bool is_word(std::string_view text) {
    constexpr std::size_t longest = 5;
    if (text.size() > longest) return false;
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return std::find(words.begin(), words.end(), lower) != words.end();
}

/// Whether it could be a number or a time in some version: what is made of their characters alone.
bool is_number_like(std::string_view text) {
    const bool starts = std::string_view("0123456789+-.").find(text.front()) != std::string_view::npos;
    return starts && text.find_first_not_of("0123456789abcdefABCDEFxoXOtTzZ_+-.:, infINF") == std::string_view::npos;
}

bool is_plain(std::string_view text) {
    constexpr std::string_view indicators = "-?:,[]{}#&*!|>'\"%@`=~. ";
    if (is_word(text) || indicators.find(text.front()) != std::string_view::npos || text.ends_with(' ')) return false;
    if (is_number_like(text) || text.ends_with(':')) return false;
    if (text.find(": ") != std::string_view::npos || text.find(" #") != std::string_view::npos) return false;
    return is_open(text);
}

void append_escaped(std::string& quoted, char32_t code) {
    switch (code) {
        case '\n':
            quoted += "\\n";
            return;
        case '\r':
            quoted += "\\r";
            return;
        case '\t':
            quoted += "\\t";
            return;
        default:
            break;
    }
    std::array<char, 8> text{};
    // Beyond the basic plane everything is open, so four digits do.
    const char* const form = code < 0x100 ? "\\x%02x" : "\\u%04x";
    static_cast<void>(std::snprintf(text.data(), text.size(), form, static_cast<unsigned>(code)));
    quoted += text.data();
}

bool is_literal_line(std::string_view line) {
    const std::string_view bare = trim(line);
    if (bare.empty()) return line.empty();
    if (bare.starts_with("```") || bare.starts_with("~~~") || line.front() == '\t') return false;
    std::string without_tabs(line);
    std::replace(without_tabs.begin(), without_tabs.end(), '\t', ' ');
    return is_open(without_tabs);
}

}  // namespace

std::string yaml_text(std::string_view text) {
    return is_plain(text) ? std::string(text) : yaml_quoted(text);
}

std::string yaml_quoted(std::string_view text) {
    std::string quoted = "\"";
    while (!text.empty()) {
        const ScalarCharacter character = take(text);
        if (character.code == '"' || character.code == '\\') quoted += '\\';
        if (is_open(character.code)) {
            quoted.append(character.bytes);
        } else {
            append_escaped(quoted, character.code);
        }
    }
    return quoted + '"';
}

bool is_yaml_literal(std::string_view text) {
    if (text.empty() || text.front() == ' ' || text.front() == '\n') return false;
    if (text.ends_with('\n')) text.remove_suffix(1);
    if (text.ends_with('\n')) return false;
    while (true) {
        const std::size_t end = text.find('\n');
        if (!is_literal_line(text.substr(0, end))) return false;
        if (end == std::string_view::npos) return true;
        text.remove_prefix(end + 1);
    }
}

bool is_yaml_comment(std::string_view text) {
    return !text.empty() && is_utf8(text) && is_open(text) && clean_line(text, comment_limit) == text;
}

}  // namespace ess
