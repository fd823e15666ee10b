#include "base/text.hpp"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "base/character.hpp"

namespace ess {

namespace {

bool is_space(char32_t c) {
    return c == ' ' || (c >= 0x09 && c <= 0x0D) || c == 0x85 || c == 0xA0 || c == 0x2028 || c == 0x2029;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
        }
    }
    return row.back();
}

}  // namespace

std::string clean_line(std::string_view text, std::size_t limit) {
    constexpr std::string_view ellipsis = "…";
    constexpr std::string_view replacement = "\xEF\xBF\xBD";
    std::string clean;
    bool space = false;
    while (!text.empty()) {
        const Character c = first_character(text);
        const std::string_view bytes = c.length == 0 ? replacement : text.substr(0, c.length);
        text.remove_prefix(std::max<std::size_t>(c.length, 1));
        if (c.length != 0 && is_space(c.code)) {
            space = !clean.empty();
            continue;
        }
        if (c.length != 0 && is_unprintable(c.code)) continue;
        if (clean.size() + bytes.size() + (space ? 1 : 0) + ellipsis.size() > limit) return clean.append(ellipsis);
        if (space) clean += ' ';
        space = false;
        clean.append(bytes);
    }
    return clean;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const Character c = first_character(text);
        if (c.length == 0) return false;
        text.remove_prefix(c.length);
    }
    return true;
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& candidates) {
    std::string_view best;
    // Every third letter may be wrong; past that it is another word.
    std::size_t best_distance = word.size() / 3 + 2;
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
    std::string text;
    for (const std::string& word : words) {
        if (!text.empty()) text.append(separator);
        text += word;
    }
    return text;
}

std::optional<std::vector<std::string>> split_words(std::string_view line) {
    std::vector<std::string> words;
    char quote = 0;
    bool in_word = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const bool blank = line[i] == ' ' || line[i] == '\t' || line[i] == '\n';
        if (quote == 0 && blank) {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        if (line[i] == '\\' && quote != '\'' && i + 1 < line.size()) {
            words.back() += line[++i];
        } else if (line[i] == quote) {
            quote = 0;
        } else if (quote == 0 && (line[i] == '"' || line[i] == '\'')) {
            quote = line[i];
        } else {
            words.back() += line[i];
        }
    }
    if (quote != 0) return std::nullopt;
    return words;
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n\v\f";
    const std::size_t first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::string to_hex(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto value = static_cast<unsigned char>(c);
        text += digits[value >> 4U];
        text += digits[value & 0x0FU];
    }
    return text;
}

}  // namespace ess
