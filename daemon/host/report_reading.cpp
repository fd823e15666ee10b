#include "host/report_reading.hpp"

#include "base/file.hpp"
#include "host/ledger_scan.hpp"

namespace ess::host {

namespace {

/// That of a stop of tens of thousands of units.
constexpr std::size_t proof_limit = std::size_t{16} << 20U;

}  // namespace

Result<std::vector<Report>> read_reports(const std::string& directory, const std::vector<std::string>& operation_ids) {
    std::vector<ReportFinder> finders(operation_ids.begin(), operation_ids.end());
    const auto take = [&](const LedgerLine& line, std::string_view bytes, const LedgerSegment& segment, std::uint64_t) {
        for (ReportFinder& finder : finders)
            finder.take(line, bytes, segment.file());
    };
    if (const auto scan = scan_ledger_places(directory, take); !scan) return tl::make_unexpected(scan.error());
    std::vector<Report> reports;
    for (const ReportFinder& finder : finders) {
        auto report = finder.report(directory);
        if (!report) continue;
        if (const std::string proof = proof_path(report->operation()); !proof.empty())
            add_proof(*report, read_file(proof, proof_limit));
        reports.push_back(std::move(*report));
    }
    return reports;
}

}  // namespace ess::host
