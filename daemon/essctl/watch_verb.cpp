#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "essctl/screen.hpp"
#include "essctl/status_feed.hpp"
#include "essctl/verbs.hpp"
#include "essctl/watch_teller.hpp"

namespace ess::essctl {

namespace {

struct WatchOptions {
    bool json = false;
    std::string until;
    std::string timeout;
};

constexpr Micros refresh_pause = std::chrono::seconds(1);
/// A daemon that is older than Watch, and one that is away, are asked so often.
constexpr Micros watch_pause = std::chrono::milliseconds(250);

/// The signals that end it, and those of the terminal, as something to wait for: what is drawn is put in order first.
class Signals {
  public:
    Signals() {
        sigset_t wanted;
        sigemptyset(&wanted);
        for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP})
            sigaddset(&wanted, number);
        // Fails only for a wrong first argument.
        static_cast<void>(::pthread_sigmask(SIG_BLOCK, &wanted, nullptr));
        fd_ = Fd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    }

    [[nodiscard]] int descriptor() const { return fd_.get(); }
    /// 0: none came.
    [[nodiscard]] int next() const {
        signalfd_siginfo info{};
        const ssize_t count = ::read(fd_.get(), &info, sizeof info);
        return count == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
    }

  private:
    Fd fd_;
};

class Watch {
  public:
    Watch(std::unique_ptr<WatchTeller> teller, std::string until, std::optional<Instant> deadline)
        : teller_(std::move(teller)), until_(std::move(until)), deadline_(deadline) {}

    /// What ended it. `complaint` is for when the terminal is the shell's again.
    Exit run(std::string& complaint) {
        while (!ended_) {
            take_news(complaint);
            if (!ended_) wait(complaint);
        }
        return *ended_;
    }

  private:
    void take_news(std::string& complaint) {
        while (auto news = feed_.next()) {
            if (news->status.is_null()) {
                teller_->tell_lost(news->trouble);
                // Nothing will change that while it is watched.
                if (news->trouble.exit == Exit::Refused) complaint = news->trouble.text, ended_ = Exit::Refused;
            } else {
                teller_->tell(news->status);
                if (!until_.empty() && text_at(news->status, "state") == until_) ended_ = Exit::Fine;
            }
            if (ended_) break;
        }
        if (!flush_out() && !ended_) ended_ = Exit::Fine;  // nobody reads it any more
    }

    void wait(std::string& complaint) {
        // A reader that goes away is an error on the pipe, whatever was asked for.
        std::vector<pollfd> watched{{signals_.descriptor(), POLLIN, 0}, {STDOUT_FILENO, 0, 0}};
        LiveTerminal* const terminal = teller_->terminal();
        const bool has_keys = terminal != nullptr && terminal->has_keys();
        if (has_keys) watched.push_back({STDIN_FILENO, POLLIN, 0});
        feed_.add_watched(watched);
        static_cast<void>(::poll(watched.data(), watched.size(), poll_time()));  // looked at whatever it returns
        while (const int number = signals_.next())
            on_signal(number);
        if ((watched[1].revents & (POLLERR | POLLNVAL)) != 0) ended_ = Exit::Fine;
        if (has_keys && watched[2].revents != 0 && terminal->was_told_to_quit()) ended_ = Exit::Fine;
        if (monotonic_now() >= refresh_due_) refresh();
        if (!ended_ && deadline_ && monotonic_now() >= *deadline_) {
            complaint = "not " + (until_.empty() ? std::string("ended") : until_) + " in time";
            ended_ = until_.empty() ? Exit::Fine : Exit::Failed;
        }
    }

    [[nodiscard]] int poll_time() const {
        Instant due = std::min(feed_.due(), refresh_due_);
        if (deadline_) due = std::min(due, *deadline_);
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - monotonic_now()).count();
        return static_cast<int>(std::clamp<decltype(left)>(left, 0, 1000));
    }

    void on_signal(int number) {
        if (number == SIGWINCH) return refresh();
        if (number != SIGTSTP) {
            ended_ = Exit::Fine;
            return;
        }
        if (LiveTerminal* const terminal = teller_->terminal()) terminal->suspend();
        static_cast<void>(::raise(SIGSTOP));  // cannot fail
        if (LiveTerminal* const terminal = teller_->terminal()) terminal->resume();
        refresh();
    }

    void refresh() {
        refresh_due_ = monotonic_now() + refresh_pause;
        teller_->refresh();
    }

    Signals signals_;
    StatusFeed feed_{watch_pause};
    std::unique_ptr<WatchTeller> teller_;
    std::string until_;
    std::optional<Instant> deadline_;
    Instant refresh_due_ = monotonic_now() + refresh_pause;
    std::optional<Exit> ended_;
};

Exit watch(const WatchOptions& options) {
    std::optional<Instant> deadline;
    if (!options.timeout.empty()) {
        const auto time = parse_duration(options.timeout);
        if (!time) {
            err("essctl: --timeout is a time like 30s or 2min, not " + clean_line(options.timeout, 100) + "\n");
            return Exit::Usage;
        }
        deadline = monotonic_now() + *time;
    }
    auto teller = options.json ? json_teller() : output_can_be_redrawn() ? screen_teller() : line_teller();
    std::string complaint;
    Exit exit = Exit::Fine;
    {
        Watch watching(std::move(teller), options.until, deadline);
        exit = watching.run(complaint);
    }
    if (exit != Exit::Fine) err("essctl: " + complaint + "\n");
    return exit;
}

}  // namespace

void declare_watch(CLI::App& app, Run& run) {
    auto* const verb = app.add_subcommand("watch", "The status, live: on a terminal its screen, in a pipe its changes");
    const auto options = std::make_shared<WatchOptions>();
    verb->add_flag("--json", options->json, "Each status as one line of JSON");
    verb->add_option("--until", options->until, "End when this is the state")
        ->type_name("STATE")
        ->check(CLI::IsMember({"armed", "tripping", "tripped", "starting", "not-ready"}));
    verb->add_option("--timeout", options->timeout, "End after this time; exit 1 if the state was not reached")
        ->type_name("TIME");
    verb->footer(
        "On a terminal q or Ctrl-C ends it. It survives a restart of essd.\n"
        "Example: essctl watch --until armed --timeout 30s");
    verb->callback([options, &run] { run = [options] { return watch(*options); }; });
}

}  // namespace ess::essctl
