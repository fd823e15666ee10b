#include "essctl/watch_teller.hpp"

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "essctl/columns.hpp"
#include "essctl/latch_file.hpp"
#include "essctl/status_changes.hpp"
#include "essctl/status_text.hpp"

namespace ess::essctl {

namespace {

/// To the millisecond: "2026-01-28T01:41:58.058Z".
std::string time_of_day() {
    constexpr std::size_t kept = 23;
    return to_rfc3339(wall_now()).substr(0, kept) + "Z";
}

/// What a person knows of the host when essd does not answer.
std::string lost_text(const Explanation& trouble) {
    const std::string latch = latch_at_sight();
    return trouble.text + (latch.empty() ? "" : "; " + latch);
}

class JsonTeller : public WatchTeller {
  public:
    void tell(const Json& status) override { print(status.dump()); }
    void tell_lost(const Explanation& trouble) override {
        print(Json{{"state", "unreachable"}, {"reason", trouble.text}}.dump());
    }

  private:
    void print(const std::string& line) {
        if (line != last_) out(line + "\n");
        last_ = line;
    }

    std::string last_;
};

class LineTeller : public WatchTeller {
  public:
    void tell(const Json& status) override {
        StatusView now = view_of(status);
        for (const std::string& change : changes_between(before_ ? &*before_ : nullptr, now))
            out(time_of_day() + "  " + change + "\n");
        before_ = std::move(now);
    }
    /// What comes after it is told as at first.
    void tell_lost(const Explanation& trouble) override {
        out(time_of_day() + "  OUT OF REACH  " + lost_text(trouble) + "; trying again\n");
        before_.reset();
    }

  private:
    std::optional<StatusView> before_;
};

class ScreenTeller : public WatchTeller {
  public:
    ScreenTeller() = default;
    ScreenTeller(const ScreenTeller&) = delete;
    ScreenTeller& operator=(const ScreenTeller&) = delete;
    /// The last picture stays where the shell goes on.
    ~ScreenTeller() override {
        terminal_.suspend();
        out(picture(Screen()));
    }

    void tell(const Json& status) override {
        status_ = view_of(status);
        trouble_.clear();
        refresh();
    }
    void tell_lost(const Explanation& trouble) override {
        if (trouble_.empty()) lost_since_ = time_of_day();
        trouble_ = lost_text(trouble);
        refresh();
    }
    void refresh() override {
        const Screen screen;
        const TerminalSize size = screen.size().value_or(TerminalSize{});
        std::string text = picture(screen);
        const std::size_t lines = lines_of(text);
        if (lines < size.rows) text += std::string(size.rows - lines - 1, '\n') + footer(screen);
        terminal_.draw(text, size);
    }
    LiveTerminal* terminal() override { return &terminal_; }

  private:
    /// Old news must not be taken for the state: without an answer only the last word of essd is repeated.
    [[nodiscard]] std::string picture(const Screen& screen) const {
        if (trouble_.empty() && status_) return status_text(screen, *status_, UnitList::Fitting);
        if (trouble_.empty()) return "";
        const std::string state = "OUT OF REACH";
        const std::size_t mark = screen.rich() ? 2 : 0;
        const std::string line = wrapped(std::string(mark, ' ') + state + "  " + trouble_, screen.columns(), mark + 2)
                                     .substr(mark + state.size());
        std::string text = screen.mark(Colour::Bad) + screen.paint(Colour::Bad, state) + line + "\n\n";
        text += fact(screen, "since", lost_since_);
        if (status_) text += fact(screen, "before", status_->state);
        return text;
    }

    [[nodiscard]] std::string footer(const Screen& screen) const {
        constexpr std::size_t seconds = 19;
        const std::string text = "  " + to_rfc3339(wall_now()).substr(0, seconds) + "Z  " +
                                 (trouble_.empty() ? "live" : "NOT LIVE, trying again") + "; q quits";
        return screen.paint(Colour::Dim, cut(text, screen.columns().value_or(text.size())));
    }

    LiveTerminal terminal_;
    std::optional<StatusView> status_;
    std::string trouble_;
    std::string lost_since_;
};

}  // namespace

std::unique_ptr<WatchTeller> json_teller() {
    return std::make_unique<JsonTeller>();
}

std::unique_ptr<WatchTeller> line_teller() {
    return std::make_unique<LineTeller>();
}

std::unique_ptr<WatchTeller> screen_teller() {
    return std::make_unique<ScreenTeller>();
}

}  // namespace ess::essctl
