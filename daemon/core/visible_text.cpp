#include "core/visible_text.hpp"

#include <algorithm>
#include <array>

#include "base/character.hpp"

namespace ess {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view digits = "0123456789ABCDEF";
constexpr unsigned digit_bits = 4;

/// Takes no room, or breaks a line where no newline stands (Unicode 15, "default ignorable" and line separators). The
/// joiners U+200C and U+200D stay: words of some scripts are spelled with them.
bool is_invisible(char32_t c) {
    struct Range {
        char32_t from;
        char32_t to;
    };
    constexpr std::array<Range, 9> ranges{{{0x00AD, 0x00AD},
                                           {0x034F, 0x034F},
                                           {0x115F, 0x1160},
                                           {0x200B, 0x200B},
                                           {0x2028, 0x2029},
                                           {0x2060, 0x206F},
                                           {0x3164, 0x3164},
                                           {0xFFF9, 0xFFFB},
                                           {0xE0000, 0xE007F}}};
    return std::any_of(ranges.begin(), ranges.end(),
                       [c](const Range& range) { return c >= range.from && c <= range.to; });
}

/// "[U+202E]", of four digits or more.
std::string number_of(char32_t c) {
    constexpr std::size_t least = 4;
    std::string text;
    for (; c != 0 || text.size() < least; c >>= digit_bits)
        text.insert(text.begin(), digits[c & 0xFU]);
    return "[U+" + text + "]";
}

}  // namespace

std::string visible_text(std::string_view text) {
    std::string visible;
    visible.reserve(text.size());
    while (!text.empty()) {
        const Character c = first_character(text);
        const std::string_view bytes = c.length == 0 ? replacement : text.substr(0, c.length);
        text.remove_prefix(std::max<std::size_t>(c.length, 1));
        const bool layout = c.code == '\n' || c.code == '\t';
        const bool seen = c.length == 0 || layout || (!is_unprintable(c.code) && !is_invisible(c.code));
        visible += seen ? std::string(bytes) : number_of(c.code);
    }
    return visible;
}

}  // namespace ess
