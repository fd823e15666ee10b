#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace ess::essctl {

enum class Colour { Plain, Good, Bad, Warn, Dim, Bold };

/// Text for people: colour and symbols on a terminal, neither in a pipe or with NO_COLOR (https://no-color.org).
class Screen {
  public:
    Screen();
    explicit Screen(bool rich) : rich_(rich) {}

    [[nodiscard]] std::string paint(Colour colour, std::string_view text) const;
    /// The round mark before a state, or nothing.
    [[nodiscard]] std::string mark(Colour colour) const;
    [[nodiscard]] bool rich() const { return rich_; }

  private:
    bool rich_ = false;
};

/// Rows as aligned columns, two spaces apart. Colours are put on whole cells, after the widths were counted.
struct Cell {
    std::string text;
    Colour colour = Colour::Plain;
};
[[nodiscard]] std::string table(const Screen& screen, const std::vector<std::vector<Cell>>& rows);

/// The one screen of `essctl status`: first whether it would stop, or did; then what each unit is doing.
[[nodiscard]] std::string status_text(const Screen& screen, const Json& status);

/// Prints to standard output, and to standard error.
void out(std::string_view text);
void err(std::string_view text);

}  // namespace ess::essctl
