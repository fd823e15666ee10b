#pragma once

#include <termios.h>

#include <string>

#include "essctl/screen.hpp"

namespace ess::essctl {

/// The terminal while one text is drawn on it again and again: on its other page, without a cursor, keys neither
/// echoed nor kept back until Enter. What was on it before is there again when this ends.
class LiveTerminal {
  public:
    LiveTerminal();
    LiveTerminal(const LiveTerminal&) = delete;
    LiveTerminal& operator=(const LiveTerminal&) = delete;
    ~LiveTerminal();

    /// Draws over what was there; what has no room below is left out.
    void draw(const std::string& text, const TerminalSize& size);
    /// Back to the shell, as Ctrl-Z wants it; resume() comes back.
    void suspend();
    void resume();

    [[nodiscard]] bool has_keys() const { return has_keys_; }
    /// Whether q was among the keys that were pressed, or the terminal is gone.
    [[nodiscard]] bool was_told_to_quit();

  private:
    termios before_{};  ///< filled by the initialization of the next
    bool has_keys_;     ///< standard input is a terminal too
    bool live_ = false;
};

}  // namespace ess::essctl
