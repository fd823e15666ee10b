// The page of each trip, for people: made of what the ledger has, after it has it.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/operation_number.hpp"
#include "core/paths.hpp"
#include "core/report_page.hpp"
#include "essd/desk.hpp"
#include "host/journal.hpp"
#include "host/peer.hpp"
#include "host/report_reading.hpp"
#include "host/streamed_file.hpp"

namespace ess::essd {

namespace {

using host::journal::Level;

constexpr mode_t directory_mode = 0755;
/// For who may read the ledger, and nobody else: root and the operators' group.
constexpr mode_t report_mode = 0640;

std::string report_path(const std::string& operation_id) {
    return std::string(paths::reports_directory) + "/" + operation_id + ".html";
}

bool has_report(const std::string& operation_id) {
    return parse_operation_id(operation_id) && ::access(report_path(operation_id).c_str(), F_OK) == 0;
}

Result<> write_report(const Report& report) {
    if (::mkdir(paths::reports_directory, directory_mode) != 0 && errno != EEXIST)
        return system_failure(std::string("make ") + paths::reports_directory, errno);
    auto file = host::StreamedFile::create(report_path(report.operation().id()), report_mode,
                                           host::find_group(paths::group).value_or(std::nullopt));
    if (!file) return tl::make_unexpected(file.error());
    auto written = file->write(report_page(report));
    return written ? file->commit() : written;
}

}  // namespace

/// A line that is new to the reports: that of a trip, or one that a trip's report tells of.
void Recorder::Desk::note_report(const LedgerLine& line, LedgerKind kind, const Json& ess) {
    const std::string id = text_at(line.entry, "operation_id");
    if (kind == LedgerKind::Trip) {
        const std::string seen = text_at(ess, "latch_seen");
        if (seen != newest_trip_seen_) trip_entries_.clear();
        newest_trip_seen_ = seen;
        // A ledger that is opened anew tells of its lines once more.
        const bool known = std::ranges::find(trip_entries_, id) != trip_entries_.end();
        if (!known && parse_operation_id(id)) trip_entries_.push_back(id);
        reports_due_.insert(trip_entries_.begin(), trip_entries_.end());
    } else if (kind == LedgerKind::Reset) {
        const bool of_newest =
            std::ranges::find(trip_entries_, text_at(line.entry, "rollback_of")) != trip_entries_.end();
        if (of_newest) reports_due_.insert(trip_entries_.begin(), trip_entries_.end());
    } else if ((kind == LedgerKind::Amend || kind == LedgerKind::Signoff) && has_report(id)) {
        reports_due_.insert(id);
    }
}

/// What the ledger was opened with has its reports, but those that were due before; and the last essd may have ended
/// between the newest entry and its report.
void Recorder::Desk::find_missing_reports(std::set<std::string> due_before) {
    reports_due_ = std::move(due_before);
    for (const std::string& id : trip_entries_) {
        if (!has_report(id)) reports_due_.insert(id);
    }
}

/// An entry that is not in the ledger any more, since another one came in its place, has no report.
void Recorder::Desk::forget_lost(const std::vector<Report>& found) {
    std::erase_if(reports_due_, [&](const std::string& id) {
        const bool lost =
            std::ranges::none_of(found, [&](const Report& report) { return report.operation().id() == id; });
        if (lost) host::journal::log(Level::Warning, "no report of " + id + ": it is not in the ledger");
        return lost;
    });
}

/// What cannot be written stays due, and is a fault until it is.
void Recorder::Desk::write_reports() {
    if (reports_due_.empty()) return;
    const auto reports = host::read_reports(paths::ledger_directory, {reports_due_.begin(), reports_due_.end()});
    std::string trouble = reports ? "" : reports.error().text;
    if (reports) forget_lost(*reports);
    for (const Report& report : reports.value_or(std::vector<Report>())) {
        const std::string id = report.operation().id();
        if (const auto written = write_report(report); !written) {
            trouble = written.error().text;
        } else {
            reports_due_.erase(id);
        }
    }
    if (!trouble.empty()) trouble = "reports cannot be written: " + trouble;
    if (trouble == reports_trouble_) return;
    if (!trouble.empty()) host::journal::log(Level::Warning, trouble);
    reports_trouble_ = std::move(trouble);
    tell_ledger();
}

}  // namespace ess::essd
