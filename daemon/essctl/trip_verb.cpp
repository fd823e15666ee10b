#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include "core/latch_text.hpp"
#include "essctl/columns.hpp"
#include "essctl/latch_file.hpp"
#include "essctl/person.hpp"
#include "essctl/rights.hpp"
#include "essctl/screen.hpp"
#include "essctl/status_changes.hpp"
#include "essctl/status_feed.hpp"
#include "essctl/status_text.hpp"
#include "essctl/verbs.hpp"
#include "host/config_files.hpp"

namespace ess::essctl {

namespace {

/// The stop itself takes under 2 s; the masks may take as long as a Reload does on a big host.
constexpr Micros patience = std::chrono::seconds(60);
/// A daemon that has to be started first gets this long to be heard of.
constexpr Micros daemon_patience = std::chrono::seconds(15);
/// The entry comes behind the stop, from a disk that may hang.
constexpr Micros entry_patience = std::chrono::seconds(3);
/// A daemon that is older than Watch is asked so often.
constexpr Micros feed_pause = std::chrono::milliseconds(25);
/// More falls than this are counted, not listed: what is not down must stay on the screen.
constexpr std::size_t most_falls = 40;

/// The entry of the trip that is in force: what was last done before it was a reset, which no outcome but SUCCESS and
/// no time of a stop is known of.
const OperationView* entry_of(const StatusView& status) {
    const auto& last = status.last_operation;
    return last && (last->stop || last->outcome == "PARTIAL") ? &*last : nullptr;
}

/// Follows a trip from the latch to its entry.
class Following {
  public:
    explicit Following(bool silent) : silent_(silent) {}

    /// The last status; nothing if nobody confirms the stop.
    std::optional<Json> run() {
        while (!is_over()) {
            if (auto news = feed_.next()) {
                take(*news);
                continue;
            }
            std::vector<pollfd> watched;
            feed_.add_watched(watched);
            static_cast<void>(::poll(watched.data(), watched.size(), poll_time()));  // looked at whatever it returns
        }
        return state() == "tripped" ? last_ : std::nullopt;
    }

    [[nodiscard]] const std::string& trouble() const { return trouble_; }

  private:
    void take(const StatusFeed::News& news) {
        if (news.status.is_null()) {
            trouble_ = news.trouble.text;
            last_.reset();
            return;
        }
        StatusView now = view_of(news.status);
        for (const std::string& fall : fallen_between(before_ ? &*before_ : nullptr, now))
            show(fall);
        if (now.state == "tripped" && !settled_) settled_ = monotonic_now();
        last_ = news.status;
        before_ = std::move(now);
    }

    void show(const std::string& fall) {
        if (silent_ || ++falls_ > most_falls + 1) return;
        out(falls_ > most_falls ? "              ... and others\n" : "  " + fall + "\n");
        static_cast<void>(flush_out());  // what cannot be read does not hold the stop
    }

    [[nodiscard]] std::string state() const { return last_ ? text_at(*last_, "state") : ""; }

    [[nodiscard]] bool is_over() const {
        const Micros passed = monotonic_now() - begun_;
        if (state() == "tripped") {
            return entry_of(*before_) || monotonic_now() - *settled_ > entry_patience || passed > patience;
        }
        return passed > (state() == "tripping" ? patience : daemon_patience);
    }

    [[nodiscard]] int poll_time() const {
        constexpr Micros::rep longest = 100;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(feed_.due() - monotonic_now()).count();
        return static_cast<int>(std::clamp<Micros::rep>(left, 0, longest));
    }

    bool silent_;
    StatusFeed feed_{feed_pause};
    Instant begun_ = monotonic_now();
    std::optional<Instant> settled_;
    std::optional<Json> last_;
    std::optional<StatusView> before_;
    std::size_t falls_ = 0;
    std::string trouble_ = "essd did not take notice of the latch";
};

bool is_complete(const StatusView& status) {
    return status.alive() == 0 && status.unmasked() == 0;
}

/// How it went, where it is recorded, and what to do next.
std::string result_text(const Screen& screen, const StatusView& status) {
    std::string text = headline(screen, status);
    if (!is_complete(status)) text += "\n" + units_text(screen, status, most_falls) + "\n";
    const Micros budget = host::read_best_config().config.stop.budget;
    const bool exceeded = status.alive() > 0 || status.stop().value_or(Micros::zero()) > budget;
    text += fact(screen, "budget", to_text(budget) + (exceeded ? ": EXCEEDED" : ": kept"));
    const OperationView* const entry = entry_of(status);
    text += fact(screen, "entry", entry != nullptr ? entry->id + " " + entry->outcome : "see: essctl status");
    if (is_complete(status)) {
        text += fact(screen, "next", entry != nullptr ? "essctl report " + entry->id : "essctl status");
    } else {
        text += fact(screen, "next", "essctl watch; journalctl -u essd.service -e; systemctl status UNIT");
    }
    return text;
}

}  // namespace

Exit follow_trip(const TripOptions& options) {
    Following following(options.json || options.quiet);
    const auto status = following.run();
    if (!status) {
        err("essctl: the latch is set, so guarded units cannot start; but nobody confirms the stop: " +
            following.trouble() + "\nessctl: look at once: systemctl status essd.service\n");
        return Exit::NotReady;
    }
    const StatusView view = view_of(*status);
    if (!options.quiet) out(options.json ? status->dump(2) + "\n" : result_text(Screen(), view));
    return is_complete(view) ? Exit::Fine : Exit::Failed;
}

Exit trip(const TripOptions& options) {
    const std::string content = latch_content_text({options.reason, person(), "essctl"});
    bool any = false;
    bool already = false;
    for (const std::string& path : latch_paths()) {
        const auto set = set_latch(path, content);
        any = any || set.has_value();
        already = already || (set && *set == LatchSet::AlreadyThere);
        if (set) continue;
        const bool forbidden = set.error().code == EACCES || set.error().code == EPERM;
        err("essctl: the latch cannot be set: " + set.error().text + (forbidden ? "; " + how_to_be_permitted() : "") +
            "\n");
        if (forbidden) return Exit::Refused;
    }
    if (!any) return Exit::Failed;
    if (!options.json)
        out(already ? "Emergency stop: the latch is set already.\n" : "Emergency stop: the latch is set.\n");
    static_cast<void>(flush_out());  // what cannot be read does not hold the stop
    if (options.no_wait) return Exit::Fine;
    return follow_trip(options);
}

}  // namespace ess::essctl
