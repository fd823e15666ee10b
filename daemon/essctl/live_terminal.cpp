#include "essctl/live_terminal.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace ess::essctl {

namespace {

// ECMA-48, and xterm's private modes, which every terminal of today has.
constexpr std::string_view other_page = "\x1b[?1049h\x1b[?25l";
constexpr std::string_view own_page = "\x1b[?25h\x1b[?1049l";
constexpr std::string_view home = "\x1b[H";
constexpr std::string_view clear_line_rest = "\x1b[K";

}  // namespace

LiveTerminal::LiveTerminal() : has_keys_(::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
    resume();
}

LiveTerminal::~LiveTerminal() {
    suspend();
}

void LiveTerminal::resume() {
    if (live_) return;
    live_ = true;
    if (has_keys_) {
        termios keys = before_;
        keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
        keys.c_cc[VMIN] = 0;
        keys.c_cc[VTIME] = 0;
        has_keys_ = ::tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
    }
    out(other_page);
    static_cast<void>(flush_out());  // draw() sees it
}

void LiveTerminal::suspend() {
    if (!live_) return;
    live_ = false;
    out(own_page);
    static_cast<void>(flush_out());  // a terminal that is gone needs no repair
    if (has_keys_) static_cast<void>(::tcsetattr(STDIN_FILENO, TCSANOW, &before_));
}

void LiveTerminal::draw(const std::string& text, const TerminalSize& size) {
    std::string frame(home);
    std::string_view rest = text;
    for (std::size_t row = 0; row < size.rows; ++row) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        if (row > 0) frame += "\r\n";
        // Before the text: behind a line that is full, the cursor stands on its last character.
        frame += clear_line_rest;
        frame += rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    out(frame);
}

bool LiveTerminal::was_told_to_quit() {
    std::array<char, 64> keys{};
    const ssize_t count = ::read(STDIN_FILENO, keys.data(), keys.size());
    if (count <= 0) has_keys_ = false;
    const std::string_view pressed(keys.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
    return pressed.find_first_of("qQ") != std::string_view::npos;
}

}  // namespace ess::essctl
