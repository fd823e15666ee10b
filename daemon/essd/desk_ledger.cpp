// The ledger as the desk keeps it: what is written, what has to wait, what is told of it.

#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/drill.hpp"
#include "core/ledger_line.hpp"
#include "core/line_fit.hpp"
#include "core/operation_finder.hpp"
#include "core/paths.hpp"
#include "core/signoff.hpp"
#include "essd/desk.hpp"
#include "essd/requester.hpp"
#include "host/changelog_file.hpp"
#include "host/journal.hpp"
#include "host/signoff.hpp"

namespace ess::essd {

namespace {

using host::journal::Level;

/// Entries kept while the ledger cannot be written. Each is in the journal as well.
constexpr std::size_t waiting_limit = 1000;
constexpr std::size_t waiting_file_limit = waiting_limit * (ledger_line_limit + 1);

/// The units that a trip's timeline calls running; nothing if it has none.
std::vector<std::string> running_in(const Json& timeline) {
    std::vector<std::string> names;
    if (!timeline.is_object() || !timeline.contains("units")) return names;
    for (const Json& unit : timeline.at("units")) {
        if (unit.value("was_running", false)) names.push_back(text_at(unit, "name"));
    }
    return names;
}

/// What the line recorded when it happened: one that had to wait for the disk counts as what it is.
struct Happened {
    LedgerKind kind;
    Json ess;
};
Happened happened_in(const LedgerLine& line) {
    if (line.kind != LedgerKind::Late || !line.ess.is_object()) return {line.kind, line.ess};
    const auto kind = ledger_kind_from(text_at(line.ess, "kind"));
    return {kind.value_or(line.kind), line.ess.value("ess", Json())};
}

std::string waiting_text(const host::LedgerDraft& draft) {
    return Json{{"kind", to_text(draft.kind)},
                {"time", to_rfc3339(draft.time)},
                {"entry", draft.entry},
                {"ess", draft.ess}}
               .dump() +
           "\n";
}

std::optional<host::LedgerDraft> read_waiting(std::string_view text) {
    const auto json = parse_json(text);
    if (!json) return std::nullopt;
    const auto kind = ledger_kind_from(text_at(*json, "kind"));
    const auto time = from_rfc3339(text_at(*json, "time"));
    const Json entry = json->value("entry", Json());
    if (!kind || !time || !entry.is_object()) return std::nullopt;
    return host::LedgerDraft{*kind, entry, json->value("ess", Json()), *time};
}

}  // namespace

void Recorder::Desk::open_ledger() {
    host::SignedLedgerOptions options;
    options.directory = paths::ledger_directory;
    options.replayed = [this](const LedgerLine& line, std::string_view) {
        note(line);
        // What somebody else had written may be of another host.
        const bool given = line.kind == LedgerKind::Append || line.kind == LedgerKind::Amend;
        const std::string hash = text_at(line.entry, "config_hash");
        if (!given && !hash.empty()) known_hash_ = hash;
    };
    options.appended = [this](const LedgerLine& line, std::string_view) { note(line); };
    options.stamp = [this] {
        return event_entry({.name = "Ledger recovery", .summary = "Damage found in the ledger"}, "essd", stamp_,
                           wall_now());
    };
    options.mirror = host::queued_journal_mirror();
    options.other_key = host::OtherKey::Breach;
    // They are counted anew while it is read.
    const std::uint64_t failures = figures_.failures;
    figures_ = {};
    figures_.failures = failures;
    const std::set<std::string> reports_due = reports_due_;
    auto opened = host::SignedLedger::open(std::move(options));
    if (!opened) {
        reports_due_ = reports_due;
        return write_failed(opened.error().text);
    }
    trouble_.clear();
    ledger_ = std::move(*opened);
    find_missing_reports(reports_due);
    if (const std::string fault = ledger_->mirror_fault(); !fault.empty()) {
        host::journal::log(Level::Warning, "the ledger was not compared with the journal: " + fault);
    }
    for (const LedgerBreach& breach : ledger_->breaches()) {
        host::journal::event(message_id::ledger_failed, Level::Critical,
                             "the ledger is damaged; see: essctl ledger show " + breach.operation_id);
    }
}

/// Opens it where it is not open, and anew where another directory has come in its place.
bool Recorder::Desk::has_ledger() {
    if (ledger_ && ledger_->is_displaced()) {
        host::journal::event(message_id::ledger_failed, Level::Critical,
                             std::string("another directory is at ") + paths::ledger_directory +
                                 " (a disk that was mounted or replaced): the ledger is opened anew");
        ledger_.reset();
    }
    if (!ledger_) open_ledger();
    return ledger_ != nullptr;
}

void Recorder::Desk::look_at_ledger() {
    if (ledger_ && !ledger_->is_displaced()) return;
    if (has_ledger()) append_waiting();
    tell_ledger();
}

/// What the status shows of the newest stop or reset, and what a controlled start needs of it.
void Recorder::Desk::note(const LedgerLine& line) {
    note_configuration(line);
    const Happened what = happened_in(line);
    note_report(line, what.kind, what.ess);
    figures_.count(what.kind, what.ess, line.time);
    began_ = began_.value_or(line.time);
    if (what.kind == LedgerKind::Drill) {
        if (auto drill = drill_recorded(what.ess, text_at(line.entry, "outcome"))) last_drill_ = std::move(drill);
    }
    if (what.kind != LedgerKind::Trip && what.kind != LedgerKind::Reset) return;
    OperationSummary summary{text_at(line.entry, "operation_id"), text_at(line.entry, "outcome"), {}};
    const Json stop = what.ess.is_object() ? what.ess.value("stop_us", Json()) : Json();
    if (stop.is_number_integer()) summary.stop_time = Micros(stop.get<Micros::rep>());
    last_operation_ = std::move(summary);
    newest_is_trip_ = what.kind == LedgerKind::Trip;
    if (!newest_is_trip_) return;
    ran_before_ = running_in(what.ess);
}

void Recorder::Desk::write_failed(const std::string& why) {
    trouble_ = why;
    ++figures_.failures;
}

/// An unexpected change is over when it is undone, or when somebody has put their name under it.
void Recorder::Desk::note_configuration(const LedgerLine& line) {
    const std::string id = text_at(line.entry, "operation_id");
    const Happened what = happened_in(line);
    if (what.kind == LedgerKind::Signoff && unexpected_change_ && unexpected_change_->operation_id == id) {
        unexpected_change_.reset();
    }
    if (what.kind != LedgerKind::Configuration || !what.ess.is_object()) return;
    const std::string to = text_at(what.ess, "to");
    if (unexpected_change_ && to == unexpected_change_->from) {
        unexpected_change_.reset();
    } else if (unexpected_change_) {
        unexpected_change_->to = to;
    } else if (what.ess.value("unexpected", Json()) == true) {
        unexpected_change_ = UnexpectedChange{id, text_at(what.ess, "from"), to};
    }
}

void Recorder::Desk::tell_ledger() {
    LedgerNews news;
    news.trouble = trouble_.empty() && ledger_ ? ledger_->trouble() : trouble_;
    news.writable = ledger_ && news.trouble.empty();
    news.waiting = waiting_.size();
    news.copy_missing = copy_missing_;
    news.reports_trouble = reports_trouble_;
    if (unexpected_change_) {
        news.unexpected_change = "the trading configuration changed outside of its maintenance windows, from " +
                                 unexpected_change_->from + " to " + unexpected_change_->to +
                                 ": put it back, or sign off " + unexpected_change_->operation_id;
    }
    news.last_operation = last_operation_;
    news.last_drill = last_drill_;
    news.began = began_;
    news.ran_before = ran_before_;
    news.figures = figures_;
    news.figures.waiting = waiting_.size();
    news.figures.unexpected_change = unexpected_change_.has_value();
    if (ledger_) {
        news.entries = ledger_->head().entries;
        news.head = ledger_->head().hash;
        std::vector<std::string> breaches;
        for (const LedgerBreach& breach : ledger_->breaches())
            breaches.push_back(breach.operation_id);
        news.figures.breaches = breaches.size();
        if (!breaches.empty()) {
            news.breach = "entries of the ledger were lost or changed: look into " + join(breaches, ", ") +
                          " (essctl ledger verify), and let two people sign off (essctl sign-off)";
        }
    }
    post_([tell = callbacks.ledger, news = std::move(news)] { tell(news); });
}

std::string Recorder::Desk::append(LedgerKind kind, Json entry, Json timeline, WallTime now) {
    fit_line(entry, timeline);
    host::LedgerDraft draft{kind, std::move(entry), std::move(timeline), now};
    std::string id;
    // Entries that wait go first: the ledger is in the order in which things happened.
    if (has_ledger() && append_waiting()) {
        const auto receipt = ledger_->append(draft);
        if (receipt) {
            id = receipt->operation_id;
            tell_entry(draft, *receipt);
        } else {
            write_failed(receipt.error().text);
        }
    }
    if (id.empty()) keep_waiting(std::move(draft));
    tell_ledger();
    return id;
}

void Recorder::Desk::tell_entry(const host::LedgerDraft& draft, const host::LedgerReceipt& receipt) const {
    host::journal::event(
        message_id::ledger_entry, Level::Notice,
        receipt.operation_id + ": " + text_at(draft.entry, "operation_name") + ", " + text_at(draft.entry, "outcome"),
        {{"ESS_OPERATION_ID", receipt.operation_id}, {"ESS_LEDGER_HEAD", receipt.hash}});
}

/// In memory, in the journal, and in /run, where an essd that comes after this one finds it.
void Recorder::Desk::keep_waiting(host::LedgerDraft draft) {
    host::journal::event(
        message_id::ledger_failed, Level::Critical,
        "the ledger cannot be written (" + trouble_ + "); the entry is kept: " + text_at(draft.entry, "operation_name"),
        {{"ESS_ENTRY", draft.entry.dump()}, {"ESS_TIMELINE", draft.ess.dump()}});
    if (waiting_.size() >= waiting_limit) return;
    waiting_.push_back(std::move(draft));
    write_waiting();
}

void Recorder::Desk::write_waiting() {
    std::string text;
    for (const host::LedgerDraft& draft : waiting_)
        text += waiting_text(draft);
    const auto written = text.empty() ? remove_file(paths::waiting_entries, Durability::Volatile)
                                      : replace_file(paths::waiting_entries, text, 0600, Durability::Volatile);
    if (!written) host::journal::log(Level::Warning, written.error().text);
}

void Recorder::Desk::find_waiting() {
    const auto text = read_file(paths::waiting_entries, waiting_file_limit);
    if (!text) return;
    for (std::string_view rest = *text; !rest.empty() && waiting_.size() < waiting_limit;) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (auto draft = read_waiting(line)) {
            waiting_.push_back(std::move(*draft));
        } else {
            host::journal::log(Level::Error, std::string(paths::waiting_entries) + ": a line that is no entry");
        }
    }
}

bool Recorder::Desk::append_waiting() {
    const std::size_t before = waiting_.size();
    while (!waiting_.empty()) {
        host::LedgerDraft late = waiting_.front();
        late.ess = {{"kind", to_text(late.kind)}, {"happened", to_rfc3339(late.time)}, {"ess", late.ess}};
        late.kind = LedgerKind::Late;
        late.time = wall_now();
        const auto receipt = ledger_->append(late);
        if (!receipt) {
            write_failed(receipt.error().text);
            break;
        }
        const host::LedgerDraft written = std::move(waiting_.front());
        waiting_.pop_front();
        // Of the trip in force, not of one that was reset since.
        const bool current = copy_ && copy_->since <= written.time;
        if (written.kind == LedgerKind::Trip && current) trip_recorded(receipt->operation_id);
    }
    if (waiting_.size() != before) write_waiting();
    if (waiting_.empty()) trouble_.clear();
    return waiting_.empty();
}

void Recorder::Desk::retry() {
    if (copy_missing_ && copy_) {
        write_copy();
        tell_latch();
    }
    if (ledger_ && !ledger_->trouble().empty()) ledger_->retry();
    if (!reports_trouble_.empty()) write_reports();
    if (waiting_.empty() && ledger_ && trouble_.empty()) return tell_ledger();
    if (has_ledger() && append_waiting()) keep_last_good();  // what could not be written stays, and is told
    tell_ledger();
}

/// Whether the person may sign off, and did: who sent it may have a program of their own.
Result<> Recorder::Desk::check_signoff(const host::LedgerDraft& draft) const {
    OperationFinder finder(text_at(draft.entry, "operation_id"));
    auto read =
        ledger_->for_each([&finder](const LedgerLine& line, std::string_view bytes) { finder.take(line, bytes); });
    if (!read) return read;
    if (!finder.found()) return failure("there is no operation " + text_at(draft.entry, "operation_id"));
    const FoundOperation& found = *finder.found();
    return host::check_signoff(signoff_target(found.operation, found.line, found.origin), draft.entry, draft.ess,
                               draft.time, paths::allowed_signers);
}

void Recorder::Desk::rotate_key(const Requester& who,
                                const std::function<void(const std::string&, const std::string&)>& done) {
    const bool open = has_ledger();
    Result<std::string> vkey = failure("the ledger cannot be written: " + trouble_);
    if (open) vkey = ledger_->rotate_key(name_of(who, spokesmen_));
    tell_ledger();
    post_([done, vkey] { done(vkey.value_or(""), vkey ? "" : vkey.error().text); });
}

void Recorder::Desk::write_readings(const std::function<void(Micros)>& done) {
    const Instant begun = monotonic_now();
    write_reports();
    write_changelog();
    post_([done, took = monotonic_now() - begun] { done(took); });
}

void Recorder::Desk::write_changelog() {
    const auto written = host::write_changelog(paths::ledger_directory, paths::changelog);
    const std::string trouble = written ? "" : written.error().text;
    if (!trouble.empty() && trouble != changelog_trouble_) host::journal::log(Level::Warning, "changelog: " + trouble);
    changelog_trouble_ = trouble;
}

}  // namespace ess::essd
