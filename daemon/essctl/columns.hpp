#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "essctl/screen.hpp"

namespace ess::essctl {

/// How many columns of a terminal the text takes: none for combining marks, two for the wide characters of East Asia
/// and for pictures.
[[nodiscard]] std::size_t width_of(std::string_view text);

[[nodiscard]] std::size_t lines_of(std::string_view text);

/// At most so many columns of it, with an ellipsis where something is missing.
[[nodiscard]] std::string cut(const std::string& text, std::size_t width);

/// The text in lines of at most `width` columns, broken between words, each but the first `hang` columns further in. A
/// word that is longer than a line is broken too. Without a width it stays one line. No newline at the end.
[[nodiscard]] std::string wrapped(std::string_view text, std::optional<std::size_t> width, std::size_t hang);

struct Cell {
    std::string text;
    Colour colour = Colour::Plain;
};
using Cells = std::vector<Cell>;

/// Rows as aligned columns, two spaces apart. Colours are put on whole cells, after the widths were counted.
[[nodiscard]] std::string table(const Screen& screen, const std::vector<Cells>& rows);

/// The same for a screen of any width: cells in the order of their importance, the first names the row. While a line is
/// too long, the last column is left out, unless some cell of it is in Colour::Bad. What is too long even so has the
/// other cells on a line beneath the name.
[[nodiscard]] std::string fitted_table(const Screen& screen, std::vector<Cells> rows);

/// The first line of an answer: its mark, the word for it in colour, and what there is to say, wrapped.
[[nodiscard]] std::string answer_line(const Screen& screen, Colour colour, const std::string& word,
                                      std::string_view text);

/// A name and what there is to say, wrapped beside it.
[[nodiscard]] std::string fact(const Screen& screen, std::string_view name, std::string_view text);

}  // namespace ess::essctl
