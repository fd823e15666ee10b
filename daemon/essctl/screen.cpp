#include "essctl/screen.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>

namespace ess::essctl {

namespace {

struct Paint {
    Colour colour;
    const char* code;
};

constexpr std::array<Paint, 6> paints{{{Colour::Plain, ""},
                                       {Colour::Good, "\x1b[32m"},
                                       {Colour::Bad, "\x1b[1;31m"},
                                       {Colour::Warn, "\x1b[33m"},
                                       {Colour::Dim, "\x1b[2m"},
                                       {Colour::Bold, "\x1b[1m"}}};

bool terminal_is_dumb() {
    const char* const term = std::getenv("TERM");
    return term != nullptr && std::string_view(term) == "dumb";
}

bool colour_is_unwanted() {
    const char* const no_colour = std::getenv("NO_COLOR");
    return no_colour != nullptr && *no_colour != '\0';
}

/// A terminal that does not say how large it is has the usual size.
std::optional<TerminalSize> size_of_output() {
    if (::isatty(STDOUT_FILENO) != 1) return std::nullopt;
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return TerminalSize{};
    return TerminalSize{size.ws_col, size.ws_row};
}

}  // namespace

Screen::Screen() : rich_(output_can_be_redrawn() && !colour_is_unwanted()), size_(size_of_output()) {}

std::string Screen::paint(Colour colour, std::string_view text) const {
    if (!rich_ || colour == Colour::Plain) return std::string(text);
    const auto* const found = std::ranges::find_if(paints, [&](const Paint& paint) { return paint.colour == colour; });
    return found->code + std::string(text) + "\x1b[0m";
}

std::string Screen::mark(Colour colour) const {
    return rich_ ? paint(colour, "●") + " " : "";
}

std::optional<std::size_t> Screen::columns() const {
    return size_ ? std::optional(size_->columns) : std::nullopt;
}

bool output_can_be_redrawn() {
    return ::isatty(STDOUT_FILENO) == 1 && !terminal_is_dumb();
}

void out(std::string_view text) {
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), stdout));
}

void err(std::string_view text) {
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
}

bool flush_out() {
    return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

}  // namespace ess::essctl
