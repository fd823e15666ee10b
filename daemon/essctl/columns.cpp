#include "essctl/columns.hpp"

#include <algorithm>
#include <array>

namespace ess::essctl {

namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// Unicode's East_Asian_Width W and F, and the marks that stand on another character, in whole blocks: too wide is a
// line broken early, too narrow is one that the terminal breaks.
constexpr std::array<Range, 9> wide{{{0x1100, 0x115F},
                                     {0x2E80, 0x303E},
                                     {0x3041, 0xA4CF},
                                     {0xAC00, 0xD7A3},
                                     {0xF900, 0xFAFF},
                                     {0xFE30, 0xFE6F},
                                     {0xFF00, 0xFF60},
                                     {0x1F300, 0x1FAFF},
                                     {0x20000, 0x3FFFD}}};
constexpr std::array<Range, 3> marks{{{0x0300, 0x036F}, {0x200B, 0x200D}, {0xFE00, 0xFE0F}}};

template <std::size_t Count>
bool is_in(const std::array<Range, Count>& ranges, char32_t character) {
    return std::ranges::any_of(ranges,
                               [&](const Range& range) { return range.first <= character && character <= range.last; });
}

/// One character: its bytes and its columns.
struct Character {
    std::size_t bytes = 1;
    std::size_t columns = 1;
};

Character character_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    std::size_t bytes = 1;
    while (at + bytes < text.size() && (byte(at + bytes) & 0xC0U) == 0x80U)
        ++bytes;
    char32_t value = bytes == 1 ? byte(at) : byte(at) & (0x7FU >> bytes);
    for (std::size_t i = 1; i < bytes; ++i)
        value = (value << 6U) | (byte(at + i) & 0x3FU);
    const std::size_t columns = is_in(marks, value) ? 0 : is_in(wide, value) ? 2 : 1;
    return {bytes, columns};
}

/// Bytes of the longest beginning that takes at most so many columns.
std::size_t bytes_within(std::string_view text, std::size_t columns) {
    std::size_t at = 0;
    while (at < text.size()) {
        const Character next = character_at(text, at);
        if (next.columns > columns) break;
        columns -= next.columns;
        at += next.bytes;
    }
    return at;
}

/// Where a line of the text ends: behind a word, or within one that is longer than the line.
std::size_t line_end(std::string_view text, std::size_t width) {
    const std::size_t within = bytes_within(text, width);
    if (within == text.size() || text[within] == ' ') return within;
    const std::size_t blank = text.substr(0, within).rfind(' ');
    if (blank != std::string_view::npos && blank > 0) return blank;
    return std::max(within, character_at(text, 0).bytes);
}

std::vector<std::size_t> widths_of(const std::vector<Cells>& rows) {
    std::vector<std::size_t> widths;
    for (const Cells& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i].text));
    }
    return widths;
}

std::size_t longest_line(const std::vector<Cells>& rows) {
    const std::vector<std::size_t> widths = widths_of(rows);
    std::size_t longest = 0;
    for (const Cells& row : rows) {
        std::size_t at = 0;
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (!row[i].text.empty()) longest = std::max(longest, at + width_of(row[i].text));
            at += widths[i] + 2;
        }
    }
    return longest;
}

bool last_is_wanted(const std::vector<Cells>& rows, std::size_t columns) {
    return std::ranges::any_of(
        rows, [&](const Cells& row) { return row.size() == columns && row.back().colour == Colour::Bad; });
}

/// Without the columns that there is no room for.
void drop_columns(std::vector<Cells>& rows, std::size_t width) {
    while (longest_line(rows) > width) {
        const std::size_t columns = widths_of(rows).size();
        if (columns <= 2 || last_is_wanted(rows, columns)) return;
        for (Cells& row : rows)
            row.resize(std::min(row.size(), columns - 1));
    }
}

constexpr std::size_t fact_name_width = 11;

}  // namespace

std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t at = 0; at < text.size();) {
        const Character next = character_at(text, at);
        width += next.columns;
        at += next.bytes;
    }
    return width;
}

std::size_t lines_of(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n'));
}

std::string cut(const std::string& text, std::size_t width) {
    if (bytes_within(text, width) == text.size()) return text;
    return text.substr(0, bytes_within(text, width > 0 ? width - 1 : 0)) + "…";
}

std::string wrapped(std::string_view text, std::optional<std::size_t> width, std::size_t hang) {
    // Narrower than this beside the indentation, nothing can be read.
    constexpr std::size_t least = 8;
    if (!width) return std::string(text);
    std::string lines;
    for (std::size_t room = *width;; room = std::max(least, *width > hang ? *width - hang : 0)) {
        const std::size_t end = line_end(text, room);
        lines += text.substr(0, end);
        text.remove_prefix(end);
        while (text.starts_with(' '))
            text.remove_prefix(1);
        if (text.empty()) return lines;
        lines += "\n" + std::string(hang, ' ');
    }
}

std::string table(const Screen& screen, const std::vector<Cells>& rows) {
    const std::vector<std::size_t> widths = widths_of(rows);
    std::string text;
    for (const Cells& row : rows) {
        std::string line;
        std::size_t owed = 0;
        for (std::size_t i = 0; i < row.size(); ++i) {
            // Blanks only before a cell that has text: no line ends in them.
            if (!row[i].text.empty()) line += std::string(owed, ' ') + screen.paint(row[i].colour, row[i].text);
            if (!row[i].text.empty()) owed = 0;
            owed += widths[i] - width_of(row[i].text) + 2;
        }
        text += line + "\n";
    }
    return text;
}

std::string fitted_table(const Screen& screen, std::vector<Cells> rows) {
    const auto width = screen.columns();
    if (width) drop_columns(rows, *width);
    if (!width || longest_line(rows) <= *width) return table(screen, rows);
    std::string text;
    for (const Cells& row : rows) {
        text += screen.paint(row.front().colour, wrapped(row.front().text, width, 4)) + "\n";
        std::string rest = "    ";
        std::size_t used = rest.size();
        for (std::size_t i = 1; i < row.size(); ++i) {
            if (row[i].text.empty()) continue;
            const std::size_t needed = width_of(row[i].text);
            if (used > 4 && used + needed > *width) rest += "\n    ", used = 4;
            rest += screen.paint(row[i].colour, row[i].text) + "  ";
            used += needed + 2;
        }
        text += rest.substr(0, rest.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

std::string answer_line(const Screen& screen, Colour colour, const std::string& word, std::string_view text) {
    const std::size_t mark = screen.rich() ? 2 : 0;
    const std::string whole = std::string(mark, ' ') + word + "  " + std::string(text);
    return screen.mark(colour) + screen.paint(colour, word) +
           wrapped(whole, screen.columns(), mark + 2).substr(mark + word.size()) + "\n";
}

std::string fact(const Screen& screen, std::string_view name, std::string_view text) {
    std::string line = "  " + std::string(name);
    line.resize(std::max(fact_name_width, line.size() + 1), ' ');
    const auto columns = screen.columns();
    const auto room = columns ? std::optional(*columns > line.size() + 8 ? *columns - line.size() : 8) : std::nullopt;
    std::string lines = wrapped(text, room, 0);
    for (std::size_t at = lines.find('\n'); at != std::string::npos; at = lines.find('\n', at + 1))
        lines.insert(at + 1, fact_name_width, ' ');
    return screen.paint(Colour::Dim, line) + lines + "\n";
}

}  // namespace ess::essctl
