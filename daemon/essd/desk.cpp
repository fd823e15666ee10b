#include "essd/desk.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "core/guard.hpp"
#include "core/paths.hpp"
#include "essd/kill_point.hpp"
#include "essd/requester.hpp"
#include "host/git_revision.hpp"
#include "host/host_facts.hpp"
#include "host/journal.hpp"
#include "host/peer.hpp"

namespace ess::essd {

namespace {

using host::journal::Level;

constexpr mode_t proof_mode = 0640;

/// The units that this essd found running.
std::vector<std::string> running_in(const TripReport& report) {
    std::vector<std::string> names;
    for (const UnitTimeline& unit : report.units) {
        if (unit.was_running) names.push_back(unit.name);
    }
    return names;
}

}  // namespace

Recorder::Desk::Desk(Config config, const Spokesmen& spokesmen, const host::ConfigWatch& watch, Callbacks given,
                     Post post)
    : callbacks(std::move(given)),
      config_(std::move(config)),
      spokesmen_(spokesmen),
      watch_(watch),
      post_(std::move(post)) {
    stamp_.hostname = host::host_name();
    if (stamp_.hostname.empty()) stamp_.hostname = "unknown";
    for (const UnitRule& rule : config_.units)
        stamp_.allowed_services.push_back(rule.name);
}

void Recorder::Desk::open() {
    // The latch first: a stop must not wait for the ledger to be read.
    if (const auto bytes = read_file(paths::latch_copy, latch_copy_limit); bytes || bytes.error().code != ENOENT) {
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
    find_waiting();
    if (ledger_) append_waiting();
    recognise_entry();
    mark_running();
    record_configuration(true);
    look_at_configuration();
    if (!copy_ && newest_is_trip_) {
        trip_id_ = last_operation_->operation_id;
        post_([found = callbacks.release_found] { found(); });
    }
    keep_last_good();
    tell_ledger();
}

/// An essd that was killed between the entry and the copy's word of it has left the trip recorded all the same.
void Recorder::Desk::recognise_entry() {
    if (!copy_ || !copy_->operation_id.empty() || !last_operation_) return;
    if (newest_trip_seen_ == to_rfc3339(copy_->since)) trip_recorded(last_operation_->operation_id);
}

/// The last good allow-list on the disk. It needs room as an entry does, so it is the rehearsal of that as well: a disk
/// that was full before essd came up is known before the first entry.
void Recorder::Desk::keep_last_good() {
    const auto kept = replace_file(paths::last_good_config, last_good_text(config_), 0644, Durability::Volatile);
    if (kept) return;
    host::journal::log(Level::Warning, "last good allow-list: " + kept.error().text);
    if (trouble_.empty()) trouble_ = kept.error().text;
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

void Recorder::Desk::latch_seen(WallTime when, const TripReport& begun) {
    if (!begun.resumed || !copy_) {
        trip_id_.clear();
        copy_.emplace().since = when;
        if (!begun.resumed) copy_->running = running_in(begun);
        write_copy();
        kill_point::after_step("copy-written");
    }
    // Without a name it is the work of an essd that was killed before it had read the latch.
    if (copy_->requested_by.empty()) read_content();
    tell_latch();
    if (copy_missing_) tell_ledger();
}

void Recorder::Desk::read_content() {
    wait_for_content(config_.latch.path);
    LatchCopy whole = read_latch(config_.latch.path, copy_->since, spokesmen_);
    whole.operation_id = copy_->operation_id;
    whole.running = std::move(copy_->running);
    copy_ = std::move(whole);
    kill_point::after_step("content-read");
    write_copy();
    kill_point::after_step("copy-completed");
}

/// The copy names the entry, so that an essd that comes up with the latch set does not record the trip once more.
void Recorder::Desk::trip_recorded(const std::string& operation_id) {
    if (!copy_) return;
    trip_id_ = operation_id;
    copy_->operation_id = operation_id;
    write_copy();
    kill_point::after_step("copy-named");
    tell_latch();
}

void Recorder::Desk::refresh_stamp() {
    const auto reading = host::read_config_hash(config_.config_hash.directory, config_.config_hash.files);
    // Once for each change, not once for each entry.
    if (reading.hash.hash16 != stamp_.config_hash) {
        for (const Error& error : reading.unreadable) {
            host::journal::log(Level::Warning, "configuration hash: " + error.text);
        }
    }
    stamp_.config_hash = reading.hash.hash16;
    stamp_.config_files.clear();
    for (const ConfigFileDigest& file : reading.hash.files)
        stamp_.config_files[file.name] = file.digest ? file.digest->sha256 : "ERROR";
    post_([tell = callbacks.config_hash, hash = stamp_.config_hash] { tell(hash); });
    if (config_.ledger.git_repository.empty()) return;
    const auto revision = host::git_revision(config_.ledger.git_repository);
    if (!revision) return host::journal::log(Level::Warning, "git revision: " + revision.error().text);
    stamp_.git_commit = revision->commit;
    stamp_.git_branch = revision->branch;
}

/// The evidence of a trip as a file of its own, which the entry names with its hash, for who may read the ledger.
/// Returns what went wrong.
std::string Recorder::Desk::write_proof(const Json& timeline, Json& entry) const {
    if (::mkdir(paths::proof_directory, 0755) != 0 && errno != EEXIST) return "the proof directory cannot be made";
    const WallTime now = wall_now();
    std::string name = to_rfc3339(now);
    std::erase_if(name, [](char c) { return c == '-' || c == ':'; });
    const std::string path = std::string(paths::proof_directory) + "/trip-" + name + ".json";
    const std::string text = timeline.dump(2) + "\n";
    if (auto written = replace_file(path, text, proof_mode, Durability::Durable); !written) return written.error().text;
    if (const auto group = host::find_group(paths::group).value_or(std::nullopt))
        static_cast<void>(::chown(path.c_str(), static_cast<uid_t>(-1), *group) == 0);  // root's alone is no trouble
    entry["proof_file"] = {{"path", path},
                           {"sha256", sha256_hex(text).substr(0, 16)},
                           {"size_bytes", text.size()},
                           {"mtime_utc", to_rfc3339(now)}};
    return {};
}

void Recorder::Desk::trip_settled(TripReport report) {
    LatchCopy latch = copy_.value_or(LatchCopy{});
    const bool recorded_before = !latch.operation_id.empty();
    const bool partial_before = recorded_before && last_operation_ &&
                                last_operation_->operation_id == latch.operation_id &&
                                last_operation_->outcome == to_text(Outcome::Partial);
    // An essd that was killed after it had recorded a Partial trip left it to this one to say that it is complete.
    if (partial_before && report.outcome == Outcome::Success) report.completion = true;
    if (recorded_before && !report.completion && running_in(report).empty()) return tell_ledger();
    if (!recorded_before || report.completion) add_running(report, latch);
    refresh_stamp();
    const Json timeline = trip_timeline(report, latch);
    Json entry = trip_entry(report, latch, stamp_, wall_now());
    if (const std::string trouble = write_proof(timeline, entry); !trouble.empty()) {
        entry["notes"] = entry["notes"].get<std::string>() + " No proof file: " + clean_line(trouble, reason_limit);
    }
    kill_point::after_step("proof-written");
    const std::string id = append(LedgerKind::Trip, std::move(entry), timeline, wall_now());
    kill_point::after_step("entry-appended");
    if (!id.empty()) trip_recorded(id);
}

void Recorder::Desk::clear_latch(const Cleared& done) {
    std::string error;
    if (auto removed = remove_file(paths::latch_copy, Durability::Durable); !removed) error = removed.error().text;
    kill_point::after_step("copy-removed");
    if (error.empty()) {
        copy_.reset();
        persisted_ = copy_missing_ = false;
        tell_latch();
    }
    post_([done, error] { done(error); });
}

void Recorder::Desk::reset_done(const ResetOrder& order, const std::vector<std::string>& problems,
                                const UnitStates& states, const Recorded& done) {
    refresh_stamp();
    const WallTime now = wall_now();
    const ResetRequest request{order.reason, name_of(order.who, spokesmen_), order.approved_by, order.request_id};
    const std::string id =
        append(LedgerKind::Reset, reset_entry(request, trip_id_, problems, states, stamp_, now), nullptr, now);
    kill_point::after_step("reset-appended");
    post_([done, id] { done(id); });
}

void Recorder::Desk::happened(LedgerKind kind, const EventText& event, const Requester& who, const Recorded& done) {
    const WallTime now = wall_now();
    const std::string id = append(kind, event_entry(event, name_of(who, spokesmen_), stamp_, now), event.ess, now);
    if (done) post_([done, id] { done(id); });
}

}  // namespace ess::essd
