#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "core/ledger_chain.hpp"
#include "core/ledger_line.hpp"
#include "core/ledger_verdict.hpp"
#include "host/ledger_scan.hpp"
#include "host/segment_reader.hpp"

namespace ess::host {

/// A line that counts. What it refers to is valid during the call.
struct CountedLine {
    const LedgerLine& line;
    std::string_view bytes;  ///< without its newline
    const LedgerSegment& segment;
    std::uint64_t offset = 0;
    LedgerGap gap = LedgerGap::None;  ///< between it and the one before

    /// "2026-01.001.jsonl byte 0"
    [[nodiscard]] std::string place() const;
};
using CountedLineVisitor = std::function<void(const CountedLine&)>;

/// The lines of a ledger that count, by the document (packaging/docs/LEDGER_FORMAT.md, "Which bytes count") and not by
/// scan_ledger(): the reading of one who checks what essd wrote. Memory grows with the segments, not with the lines.
class CountedLines {
  public:
    /// Lists the segments and reads the reports that they begin with. What cannot be read is a finding.
    CountedLines(std::string directory, LedgerVerdict& verdict);

    /// Gives each line, oldest first. May be called again, when others may have been added meanwhile.
    void read(const CountedLineVisitor& visitor);

    /// Findings of the newest read(): bytes that are no lines, and bytes that are not any more what a report found.
    void judge(LedgerVerdict& verdict) const;
    /// Whether it ended in bytes that are no line: a writer may be at work.
    [[nodiscard]] bool ends_torn() const;

  private:
    struct Segment {
        LedgerSegment name;
        std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();  ///< it counts up to there
        bool ended_by_breach = false;
        std::uint64_t first_bad = std::numeric_limits<std::uint64_t>::max();  ///< bytes within the limit, no line
        bool line_behind = false;  ///< a line that counts lies behind those: they are no write that did not end

        [[nodiscard]] bool has_bad() const { return first_bad < limit; }
    };
    struct Report {
        LedgerDamage damage;
        std::uint64_t seq = 0;
    };

    void read_reports(std::size_t index);
    void read_segment(Segment& segment, const CountedLineVisitor& visitor);
    void take(Segment& segment, const SegmentPiece& piece, const CountedLineVisitor& visitor);

    std::string directory_;
    std::vector<Segment> segments_;
    std::vector<Report> reports_;
    LedgerGap gap_ = LedgerGap::None;
};

}  // namespace ess::host
