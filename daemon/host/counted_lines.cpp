#include "host/counted_lines.hpp"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

namespace ess::host {

namespace {

std::vector<LedgerSegment> segments_in(const std::string& directory) {
    std::error_code fault;
    std::vector<LedgerSegment> segments;
    auto at = std::filesystem::directory_iterator(directory, fault);
    while (!fault && at != std::filesystem::directory_iterator()) {
        if (auto segment = parse_segment(at->path().filename().string())) segments.push_back(std::move(*segment));
        at.increment(fault);
    }
    // A directory that cannot be read to its end has no ledger: none is better than a part of it.
    if (fault) segments.clear();
    std::sort(segments.begin(), segments.end());
    return segments;
}

std::string place_of(const LedgerSegment& segment, std::uint64_t offset) {
    return segment.file() + " byte " + std::to_string(offset);
}

}  // namespace

std::string CountedLine::place() const {
    return place_of(segment, offset);
}

CountedLines::CountedLines(std::string directory, LedgerVerdict& verdict) : directory_(std::move(directory)) {
    for (LedgerSegment& name : segments_in(directory_)) {
        const auto file = open_segment(directory_ + "/" + name.file());
        if (!file) verdict.wrong(LedgerCheck::Chain, name.file() + ": cannot be read");
        segments_.push_back({std::move(name)});
    }
    if (segments_.empty()) verdict.wrong(LedgerCheck::Chain, directory_ + ": no ledger is there");
    // From the newest back: a line that does not count ends nothing.
    for (std::size_t index = segments_.size(); index-- > 0;)
        read_reports(index);
}

void CountedLines::read_reports(std::size_t index) {
    auto file = open_segment(directory_ + "/" + segments_[index].name.file());
    if (!file) return;
    SegmentReader reader(std::move(*file));
    while (true) {
        const auto piece = reader.next();
        if (!piece || !*piece || !(*piece)->whole || (*piece)->offset >= segments_[index].limit) return;
        const auto line = parse_ledger_line((*piece)->line());
        if (!line || (line->kind != LedgerKind::Recovery && line->kind != LedgerKind::Breach)) return;
        auto damage = reported_damage(*line);
        if (!damage) continue;
        for (std::size_t earlier = 0; earlier < index; ++earlier) {
            Segment& about = segments_[earlier];
            if (about.name.file() != damage->file) continue;
            about.limit = std::min(about.limit, damage->good_bytes);
            about.ended_by_breach = about.ended_by_breach || line->kind == LedgerKind::Breach;
            reports_.push_back({*damage, line->seq});
        }
    }
}

void CountedLines::read(const CountedLineVisitor& visitor) {
    gap_ = LedgerGap::None;
    for (Segment& segment : segments_) {
        segment.first_bad = Segment{}.first_bad;
        segment.line_behind = false;
        read_segment(segment, visitor);
        if (segment.ended_by_breach) gap_ = LedgerGap::Breach;
    }
}

void CountedLines::read_segment(Segment& segment, const CountedLineVisitor& visitor) {
    auto file = open_segment(directory_ + "/" + segment.name.file());
    if (!file) return;
    SegmentReader reader(std::move(*file));
    while (reader.offset() < segment.limit) {
        const auto piece = reader.next();
        // A file that stops to be readable ends in bytes that are no lines.
        if (!piece) segment.first_bad = std::min(segment.first_bad, reader.offset());
        if (!piece || !*piece) break;
        take(segment, **piece, visitor);
    }
}

void CountedLines::take(Segment& segment, const SegmentPiece& piece, const CountedLineVisitor& visitor) {
    const bool within = piece.offset + piece.raw.size() <= segment.limit;
    const auto line = piece.whole && within ? parse_ledger_line(piece.line()) : failure("no line");
    if (!line) {
        segment.first_bad = std::min(segment.first_bad, piece.offset);
        gap_ = LedgerGap::Bytes;
        return;
    }
    // Whoever wrote a line behind them would have told of a write that did not end.
    for (Segment& earlier : segments_)
        earlier.line_behind = earlier.line_behind || earlier.has_bad();
    visitor({*line, piece.line(), segment.name, piece.offset, std::exchange(gap_, LedgerGap::None)});
}

void CountedLines::judge(LedgerVerdict& verdict) const {
    for (const Segment& segment : segments_) {
        if (!segment.has_bad()) continue;
        const std::string place = place_of(segment.name, segment.first_bad);
        if (!segment.line_behind) {
            verdict.not_proven(LedgerCheck::Chain,
                               place + ": a write that did not end; essd records it when it opens the ledger");
        } else {
            verdict.wrong(LedgerCheck::Chain, place + ": not a line in the form that is written");
        }
    }
    for (const auto& [damage, seq] : reports_) {
        const auto segment = parse_segment(damage.file);
        const auto now = segment ? measure_torn(directory_, *segment, damage.good_bytes, "") : LedgerDamage{};
        if (now.torn_sha256 == damage.torn_sha256) continue;
        const std::string text = damage.file + " byte " + std::to_string(damage.good_bytes) +
                                 ": no longer the bytes that seq " + std::to_string(seq) + " found there";
        // What was not acknowledged may come and go with the host; what proves a breach may not.
        if (damage.kind == LedgerKind::Breach) {
            verdict.wrong(LedgerCheck::Chain, text);
        } else {
            verdict.not_proven(LedgerCheck::Chain, text);
        }
    }
}

bool CountedLines::ends_torn() const {
    return std::any_of(segments_.begin(), segments_.end(),
                       [](const Segment& segment) { return segment.has_bad() && !segment.line_behind; });
}

}  // namespace ess::host
