#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ess::essctl {

enum class Colour { Plain, Good, Bad, Warn, Dim, Bold };

/// Characters across and lines down.
struct TerminalSize {
    std::size_t columns = 80;
    std::size_t rows = 24;
};

/// Where text for people goes: colour and symbols on a terminal, neither in a pipe, with NO_COLOR
/// (https://no-color.org) or on a terminal without both (TERM=dumb).
class Screen {
  public:
    /// Standard output, as it is now: a terminal may change its size.
    Screen();
    Screen(bool rich, std::optional<TerminalSize> size) : rich_(rich), size_(size) {}

    [[nodiscard]] std::string paint(Colour colour, std::string_view text) const;
    /// The round mark before a state, or nothing.
    [[nodiscard]] std::string mark(Colour colour) const;
    [[nodiscard]] std::string_view ellipsis() const { return rich_ ? "…" : "..."; }
    [[nodiscard]] bool rich() const { return rich_; }

    /// Nothing where lines have no end and pages no bottom: in a pipe and in a file.
    [[nodiscard]] const std::optional<TerminalSize>& size() const { return size_; }
    [[nodiscard]] std::optional<std::size_t> columns() const;

  private:
    bool rich_ = false;
    std::optional<TerminalSize> size_;
};

/// Whether standard output can be drawn on again: a terminal that knows what to do with a cursor.
[[nodiscard]] bool output_can_be_redrawn();

/// Prints to standard output, and to standard error.
void out(std::string_view text);
void err(std::string_view text);
/// What was printed is on its way; false when nobody reads it any more.
[[nodiscard]] bool flush_out();

}  // namespace ess::essctl
