#include "essd/desk.hpp"

#include <poll.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "core/guard.hpp"
#include "core/paths.hpp"
#include "host/git_revision.hpp"
#include "host/journal.hpp"

namespace ess::essd {

namespace {

using host::journal::Level;

/// Entries kept in memory while the ledger cannot be written. Each is in the journal as well.
constexpr std::size_t waiting_limit = 1000;

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : "unknown";
}

/// The user's name, or the number where there is none. Asks NSS, which may take its time.
std::string name_of(const Requester& who) {
    if (!who.uid) return "unknown";
    if (*who.uid == 0 && !who.claimed.empty()) return who.claimed;
    std::array<char, 16384> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(*who.uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
        return entry.pw_name;
    }
    return "uid " + std::to_string(*who.uid);
}

/// `echo reason > ESS_ON` makes the file first and writes after that: essd is here in between. Not waited for long, and
/// on the writer thread alone, after the stop was begun and the copy written.
void wait_for_content(const std::string& path) {
    constexpr int tries = 10;
    constexpr int interval_ms = 5;
    struct stat info {};
    for (int i = 0; i < tries; ++i) {
        if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > 0) return;
        static_cast<void>(::poll(nullptr, 0, interval_ms));
    }
}

/// Who set the latch, when and why. The file's owner is the kernel's word; only root's file may name somebody else.
LatchCopy read_latch(const std::string& path, WallTime since) {
    LatchCopy copy{since, {}, {}, "file", {}};
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return copy;
    copy.requested_by = name_of({info.st_uid, {}});
    if (!S_ISREG(info.st_mode)) return copy;
    const auto bytes = read_head(path, latch_content_limit);
    if (!bytes) return copy;
    const LatchContent content = read_latch_content(*bytes);
    copy.reason = content.reason;
    if (!content.trigger.empty()) copy.trigger = content.trigger;
    copy.requested_by = name_of({info.st_uid, content.requested_by});
    return copy;
}

bool found_running(const TripReport& report) {
    for (const UnitTimeline& unit : report.units) {
        if (unit.was_running) return true;
    }
    return false;
}

/// The units that a trip's timeline calls running; nothing if it has none.
std::vector<std::string> running_in(const Json& timeline) {
    std::vector<std::string> names;
    if (!timeline.is_object() || !timeline.contains("units")) return names;
    for (const Json& unit : timeline.at("units")) {
        if (unit.value("was_running", false)) names.push_back(unit.value("name", ""));
    }
    return names;
}

}  // namespace

Recorder::Desk::Desk(Config config, Callbacks given, Post post)
    : callbacks(std::move(given)), config_(std::move(config)), post_(std::move(post)) {
    stamp_.hostname = host_name();
    for (const UnitRule& rule : config_.units)
        stamp_.allowed_services.push_back(rule.name);
}

void Recorder::Desk::open() {
    // The latch first: a stop must not wait for the ledger to be read.
    if (const auto bytes = read_file(paths::latch_copy, latch_content_limit); bytes || bytes.error().code != ENOENT) {
        copy_ = read_latch_copy(bytes ? *bytes : std::string_view());
        trip_id_ = copy_->operation_id;
        persisted_ = true;
        // Before the latch is put back: it gets the reason that it had.
        tell_latch();
        post_([found = callbacks.latch_copy_found] { found(); });
    }
    refresh_stamp();
    std::string names;
    for (const std::string& file : config_.config_hash.files) {
        names += (names.empty() ? "" : "+") + file.substr(0, file.rfind('.'));
    }
    host::journal::log(Level::Info, "Configuration hash: " + stamp_.config_hash + " (" + names + ")");
    const auto kept =
        replace_file(paths::last_good_config_volatile, last_good_text(config_), 0644, Durability::Volatile);
    if (!kept) host::journal::log(Level::Warning, "last good allow-list: " + kept.error().text);
    open_ledger();
    keep_last_good();
    tell_ledger();
}

/// The last good allow-list on the disk. It needs room as an entry does, so it is the rehearsal of that as well: a disk
/// that was full before essd came up is known before the first entry.
void Recorder::Desk::keep_last_good() {
    const auto kept = replace_file(paths::last_good_config, last_good_text(config_), 0644, Durability::Volatile);
    if (kept) return;
    host::journal::log(Level::Warning, "last good allow-list: " + kept.error().text);
    if (trouble_.empty()) trouble_ = kept.error().text;
}

void Recorder::Desk::open_ledger() {
    host::LedgerOptions options;
    options.directory = paths::ledger_directory;
    options.replayed = [this](const LedgerLine& line, std::string_view) { note(line); };
    options.appended = [this](const LedgerLine& line, std::string_view) { note(line); };
    options.stamp = [this] {
        return event_entry({.name = "Ledger recovery", .summary = "Damage found in the ledger"}, "essd", stamp_,
                           wall_now());
    };
    auto opened = host::LedgerFile::open(std::move(options));
    if (!opened) {
        trouble_ = opened.error().text;
        return;
    }
    trouble_.clear();
    ledger_.emplace(std::move(*opened));
    for (const host::LedgerDamage& damage : ledger_->unreported()) {
        host::journal::event(message_id::ledger_failed, Level::Critical, damage.file + ": " + damage.reason);
    }
}

/// What the status shows of the newest stop or reset, and what a controlled start needs of it.
void Recorder::Desk::note(const LedgerLine& line) {
    if (line.kind != LedgerKind::Trip && line.kind != LedgerKind::Reset) return;
    OperationSummary summary{line.entry.value("operation_id", ""), line.entry.value("outcome", ""), {}};
    const Json stop = line.ess.is_object() ? line.ess.value("stop_us", Json()) : Json();
    if (stop.is_number_integer()) summary.stop_time = Micros(stop.get<Micros::rep>());
    last_operation_ = std::move(summary);
    if (line.kind == LedgerKind::Trip) ran_before_ = running_in(line.ess);
}

void Recorder::Desk::tell_ledger() {
    LedgerNews news;
    news.writable = ledger_.has_value() && trouble_.empty();
    news.trouble = trouble_;
    news.waiting = waiting_.size();
    news.copy_missing = copy_missing_;
    news.last_operation = last_operation_;
    news.ran_before = ran_before_;
    if (ledger_) {
        news.entries = ledger_->head().entries;
        news.head = ledger_->head().hash;
    }
    post_([tell = callbacks.ledger, news = std::move(news)] { tell(news); });
}

void Recorder::Desk::tell_latch() {
    LatchInfo info;
    info.persisted = persisted_;
    if (copy_) {
        info.since = copy_->since;
        info.reason = copy_->reason;
        info.requested_by = copy_->requested_by;
    }
    post_([tell = callbacks.latch, info = std::move(info)] { tell(info); });
}

void Recorder::Desk::write_copy() {
    const auto written = replace_file(paths::latch_copy, latch_copy_text(*copy_), 0644, Durability::Durable);
    persisted_ = persisted_ || written.has_value();
    const bool known = std::exchange(copy_missing_, !written.has_value());
    if (!written && !known) {
        host::journal::event(
            message_id::ledger_failed, Level::Critical,
            "the latch's copy is not on the disk, so a reboot would release it: " + written.error().text);
    }
}

void Recorder::Desk::latch_seen(WallTime when, bool resumed) {
    if (!resumed || !copy_) {
        trip_id_.clear();
        copy_ = LatchCopy{when, {}, {}, {}, {}};
        write_copy();
        wait_for_content(config_.latch.path);
        copy_ = read_latch(config_.latch.path, when);
        write_copy();
    }
    tell_latch();
    if (copy_missing_) tell_ledger();
}

/// The copy names the entry, so that an essd that comes up with the latch set does not record the trip once more.
void Recorder::Desk::trip_recorded(const std::string& operation_id) {
    if (!copy_) return;
    trip_id_ = operation_id;
    copy_->operation_id = operation_id;
    write_copy();
    tell_latch();
}

void Recorder::Desk::refresh_stamp() {
    const auto reading = host::read_config_hash(config_.config_hash.directory, config_.config_hash.files);
    for (const Error& error : reading.unreadable) {
        host::journal::log(Level::Warning, "configuration hash: " + error.text);
    }
    stamp_.config_hash = reading.hash.hash16;
    post_([tell = callbacks.config_hash, hash = stamp_.config_hash] { tell(hash); });
    if (config_.ledger.git_repository.empty()) return;
    const auto revision = host::git_revision(config_.ledger.git_repository);
    if (!revision) return host::journal::log(Level::Warning, "git revision: " + revision.error().text);
    stamp_.git_commit = revision->commit;
    stamp_.git_branch = revision->branch;
}

/// The evidence of a trip as a file of its own, which the entry names with its hash. Returns what went wrong.
std::string Recorder::Desk::write_proof(const Json& timeline, Json& entry) const {
    if (::mkdir(paths::proof_directory, 0755) != 0 && errno != EEXIST) return "the proof directory cannot be made";
    const WallTime now = wall_now();
    std::string name = to_rfc3339(now);
    std::erase_if(name, [](char c) { return c == '-' || c == ':'; });
    const std::string path = std::string(paths::proof_directory) + "/trip-" + name + ".json";
    const std::string text = timeline.dump(2) + "\n";
    if (auto written = replace_file(path, text, 0644, Durability::Durable); !written) return written.error().text;
    entry["proof_file"] = {{"path", path},
                           {"sha256", sha256_hex(text).substr(0, 16)},
                           {"size_bytes", text.size()},
                           {"mtime_utc", to_rfc3339(now)}};
    return {};
}

void Recorder::Desk::trip_settled(const TripReport& report) {
    LatchCopy latch = copy_.value_or(LatchCopy{});
    const bool recorded_before = !latch.operation_id.empty();
    if (recorded_before && !report.completion && !found_running(report)) return tell_ledger();
    refresh_stamp();
    const Json timeline = trip_timeline(report, latch);
    Json entry = trip_entry(report, latch, stamp_, wall_now());
    if (const std::string trouble = write_proof(timeline, entry); !trouble.empty()) {
        entry["notes"] = entry["notes"].get<std::string>() + " No proof file: " + clean_line(trouble, reason_limit);
    }
    const std::string id = append(LedgerKind::Trip, std::move(entry), timeline, wall_now());
    if (!id.empty()) trip_recorded(id);
}

void Recorder::Desk::clear_latch(const Cleared& done) {
    std::string error;
    if (auto removed = remove_file(paths::latch_copy, Durability::Durable); !removed) error = removed.error().text;
    if (error.empty()) {
        copy_.reset();
        persisted_ = copy_missing_ = false;
        tell_latch();
    }
    post_([done, error] { done(error); });
}

void Recorder::Desk::reset_done(const Requester& who, const std::string& reason,
                                const std::vector<std::string>& problems, const UnitStates& states,
                                const Recorded& done) {
    refresh_stamp();
    const WallTime now = wall_now();
    const ResetRequest request{reason, name_of(who)};
    const std::string id =
        append(LedgerKind::Reset, reset_entry(request, trip_id_, problems, states, stamp_, now), nullptr, now);
    post_([done, id] { done(id); });
}

void Recorder::Desk::happened(LedgerKind kind, const EventText& event, const Requester& who, const Recorded& done) {
    const WallTime now = wall_now();
    const std::string id = append(kind, event_entry(event, name_of(who), stamp_, now), nullptr, now);
    if (done) post_([done, id] { done(id); });
}

std::string Recorder::Desk::append(LedgerKind kind, Json entry, Json timeline, WallTime now) {
    host::LedgerDraft draft{kind, std::move(entry), std::move(timeline), now};
    if (!ledger_) open_ledger();
    std::string id;
    // Entries that wait go first: the ledger is in the order in which things happened.
    if (ledger_ && append_waiting()) {
        const auto receipt = ledger_->append(draft);
        if (receipt) {
            id = receipt->operation_id;
            host::journal::event(
                message_id::ledger_entry, Level::Notice,
                id + ": " + draft.entry.value("operation_name", "") + ", " + draft.entry.value("outcome", ""),
                {{"ESS_OPERATION_ID", id}, {"ESS_LEDGER_HEAD", receipt->hash}});
        } else {
            trouble_ = receipt.error().text;
        }
    }
    if (id.empty()) {
        host::journal::event(message_id::ledger_failed, Level::Critical,
                             "the ledger cannot be written (" + trouble_ +
                                 "); the entry is kept: " + draft.entry.value("operation_name", ""),
                             {{"ESS_ENTRY", draft.entry.dump()}, {"ESS_TIMELINE", draft.ess.dump()}});
        if (waiting_.size() < waiting_limit) waiting_.push_back(std::move(draft));
    }
    tell_ledger();
    return id;
}

bool Recorder::Desk::append_waiting() {
    while (!waiting_.empty()) {
        host::LedgerDraft late = waiting_.front();
        late.ess = {{"kind", to_text(late.kind)}, {"happened", to_rfc3339(late.time)}, {"ess", late.ess}};
        late.kind = LedgerKind::Late;
        late.time = wall_now();
        const auto receipt = ledger_->append(late);
        if (!receipt) {
            trouble_ = receipt.error().text;
            return false;
        }
        const host::LedgerDraft written = std::move(waiting_.front());
        waiting_.pop_front();
        // Of the trip in force, not of one that was reset since.
        const bool current = copy_ && copy_->since <= written.time;
        if (written.kind == LedgerKind::Trip && current) trip_recorded(receipt->operation_id);
    }
    trouble_.clear();
    return true;
}

void Recorder::Desk::retry() {
    if (copy_missing_ && copy_) {
        write_copy();
        tell_latch();
    }
    if (waiting_.empty() && ledger_ && trouble_.empty()) return tell_ledger();
    if (!ledger_) open_ledger();
    if (ledger_ && append_waiting()) keep_last_good();  // what could not be written stays, and is told
    tell_ledger();
}

}  // namespace ess::essd
