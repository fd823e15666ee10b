#include "host/ledger_scan.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <limits>
#include <system_error>
#include <utility>

#include "base/base64.hpp"
#include "base/sha256.hpp"
#include "base/text.hpp"
#include "host/segment_reader.hpp"

namespace ess::host {

namespace {

constexpr std::string_view segment_suffix = ".jsonl";
constexpr std::size_t least_digits = 3;
constexpr std::size_t problem_limit = 500;
// Enough to see what they are; the file itself stays.
constexpr std::size_t torn_head_limit = 256;

std::uint64_t size_of(const std::string& path) {
    struct stat info {};
    return ::stat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

/// SHA-256 of a file from `offset` to its end, in steps: what is torn may be long.
Result<std::string> hash_from(const Fd& file, std::uint64_t offset) {
    Sha256 hash;
    std::array<char, 65536> buffer{};
    while (true) {
        const ssize_t got = ::pread(file.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_failure("read", errno);
        if (got == 0) return to_hex(bytes_of(hash.finish()));
        hash.add({buffer.data(), static_cast<std::size_t>(got)});
        offset += static_cast<std::uint64_t>(got);
    }
}

/// The first bytes from `offset` on, for whoever looks into it later; empty if they cannot be read.
std::string head_from(const Fd& file, std::uint64_t offset) {
    std::string head(torn_head_limit, '\0');
    const ssize_t got = ::pread(file.get(), head.data(), head.size(), static_cast<off_t>(offset));
    head.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return head;
}

Result<std::vector<LedgerSegment>> list_segments(const std::string& directory) {
    std::error_code fault;
    std::vector<LedgerSegment> segments;
    auto at = std::filesystem::directory_iterator(directory, fault);
    while (!fault && at != std::filesystem::directory_iterator()) {
        if (auto segment = parse_segment(at->path().filename().string())) segments.push_back(std::move(*segment));
        at.increment(fault);
    }
    if (fault) return system_failure("ledger " + directory, fault.value());
    std::sort(segments.begin(), segments.end());
    return segments;
}

/// The disk or the system fails, which says nothing of what is in the file: no ground to give its lines up. What is no
/// regular file, or a link, was put there.
bool cannot_be_read(const Error& error) {
    return error.code != 0 && error.code != ELOOP;
}

/// The reports that a segment begins with, behind the genesis line if it has that. They are read before anything else,
/// since they say how far an earlier segment counts.
Result<std::vector<LedgerDamage>> leading_reports(const std::string& directory, const LedgerSegment& segment) {
    std::vector<LedgerDamage> reports;
    auto file = open_segment(directory + "/" + segment.file());
    if (!file && cannot_be_read(file.error())) return failure_in(segment.file(), file.error());
    if (!file) return reports;
    SegmentReader reader(std::move(*file));
    while (true) {
        const auto piece = reader.next();
        if (!piece) return failure_in(segment.file(), piece.error());
        if (!*piece || !(*piece)->whole) return reports;
        const auto line = parse_ledger_line((*piece)->line());
        if (line && line->kind == LedgerKind::Genesis) continue;
        auto report = line ? reported_damage(*line) : std::nullopt;
        if (!report) return reports;
        const auto about = parse_segment(report->file);
        if (about && *about < segment) reports.push_back(std::move(*report));
    }
}

/// How far a segment counts, by the lines that report its damage.
struct Limit {
    std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max();
    LedgerKind kind = LedgerKind::Recovery;  ///< Breach: lines of the chain may be missing there
    std::uint64_t torn_bytes = 0;            ///< what lay behind it
};

class Scanner {
  public:
    Scanner(std::string directory, const PlacedLedgerVisitor& visitor, const LedgerVisitor& passed_over,
            std::vector<LedgerDamage> reports)
        : directory_(std::move(directory)),
          visitor_(visitor),
          passed_over_(passed_over),
          reports_(std::move(reports)) {}

    Result<> read(const LedgerSegment& segment);
    [[nodiscard]] LedgerScan take_result() { return std::move(result_); }

  private:
    /// What is known of the segment being read.
    struct Here {
        LedgerSegment segment;
        Limit limit;
        std::optional<std::uint64_t> damage;  ///< offset
        std::string reason;
        bool is_tail = true;    ///< nothing of the chain can be behind the damage
        bool has_line = false;  ///< one of its lines counted
    };

    Result<> read_pieces(Fd file);
    void take(const SegmentPiece& piece);
    void take_line(const SegmentPiece& piece, const LedgerLine& line);
    void take_first(const LedgerLine& line);
    void expect_whole();
    void note(std::uint64_t offset, std::string reason);
    void conclude();
    [[nodiscard]] bool fits(const LedgerLine& line) const;
    [[nodiscard]] Limit limit_of(const std::string& file) const;

    std::string directory_;
    const PlacedLedgerVisitor& visitor_;
    const LedgerVisitor& passed_over_;
    std::vector<LedgerDamage> reports_;
    LedgerScan result_;
    std::optional<LedgerSegment> before_;  ///< the segment read before this one
    std::uint64_t before_bytes_ = 0;       ///< its size
    bool gap_ = false;                     ///< lines may be missing before the next one: a breach ended the segment
    Here here_;
};

Limit Scanner::limit_of(const std::string& file) const {
    Limit limit;
    for (const LedgerDamage& report : reports_) {
        if (report.file != file || report.good_bytes > limit.bytes) continue;
        const bool breach =
            report.kind == LedgerKind::Breach || (report.good_bytes == limit.bytes && limit.kind == LedgerKind::Breach);
        limit = {report.good_bytes, breach ? LedgerKind::Breach : LedgerKind::Recovery, report.torn_bytes};
    }
    return limit;
}

Result<> Scanner::read(const LedgerSegment& segment) {
    here_ = Here{};
    here_.segment = segment;
    here_.limit = limit_of(segment.file());
    result_.newest_bytes = 0;
    auto file = open_segment(directory_ + "/" + segment.file());
    if (!file && cannot_be_read(file.error())) return failure_in(segment.file(), file.error());
    if (file) {
        if (auto done = read_pieces(std::move(*file)); !done) return failure_in(segment.file(), done.error());
        expect_whole();
    } else {
        here_.is_tail = false;
        note(0, file.error().text);
    }
    gap_ = gap_ || here_.limit.kind == LedgerKind::Breach;
    if (here_.damage) conclude();
    before_ = segment;
    before_bytes_ = result_.newest_bytes;
    return {};
}

Result<> Scanner::read_pieces(Fd file) {
    SegmentReader reader(std::move(file));
    while (true) {
        const auto piece = reader.next();
        if (!piece) return tl::make_unexpected(piece.error());
        if (!*piece) break;
        take(**piece);
    }
    result_.newest_bytes = reader.offset();
    return {};
}

/// What was reported must still be there: the lines before the limit, and behind it what a breach line tells of.
void Scanner::expect_whole() {
    const std::uint64_t size = result_.newest_bytes;
    const Limit& limit = here_.limit;
    if (limit.bytes == Limit{}.bytes) return;
    if (size < limit.bytes) {
        here_.is_tail = false;
        note(size, "the file was cut: it counted up to byte " + std::to_string(limit.bytes));
    }
    const bool gone = limit.kind == LedgerKind::Breach && limit.torn_bytes > 0 && size == limit.bytes;
    if (gone) note(size, "the bytes that a breach line tells of are gone");
}

void Scanner::take(const SegmentPiece& piece) {
    const bool counted = !here_.damage && piece.offset < here_.limit.bytes;
    if (piece.offset >= here_.limit.bytes) note(piece.offset, "it counts only up to there, by a later line");
    const auto line = piece.whole ? parse_ledger_line(piece.line()) : failure("line without an end");
    if (line && counted) return take_line(piece, *line);
    if (line) {
        // Before the limit it was a line of the chain, so the damage before it is not the end of a write.
        if (piece.offset < here_.limit.bytes) here_.is_tail = false;
        if (passed_over_) passed_over_(*line, piece.line());
        return;
    }
    const bool zeros = piece.raw.find_first_not_of('\0') == std::string_view::npos;
    note(piece.offset, zeros ? "run of NUL bytes" : line.error().text);
}

void Scanner::take_line(const SegmentPiece& piece, const LedgerLine& line) {
    if (!here_.has_line) take_first(line);
    LedgerHead& head = result_.head;
    if (!fits(line) && (!gap_ || line.seq <= head.entries)) {
        here_.is_tail = false;
        note(piece.offset, "seq " + std::to_string(line.seq) + " does not continue seq " +
                               std::to_string(head.entries) + " " + head.hash);
        if (passed_over_) passed_over_(line, piece.line());
        return;
    }
    gap_ = false;
    here_.has_line = true;
    head = {line.seq, ledger_hash(piece.line())};
    if (visitor_) visitor_(line, piece.line(), here_.segment, piece.offset);
}

/// A segment goes on from the ones before it. Where it does not, lines are missing at the end of the one before.
void Scanner::take_first(const LedgerLine& line) {
    const bool report = reported_damage(line).has_value();
    for (LedgerDamage& damage : result_.unreported) {
        // Whoever wrote an entry here would have reported a torn tail first.
        const bool declared = damage.good_bytes == limit_of(damage.file).bytes;
        const bool right_before = before_ && damage.file == before_->file();
        if ((!report && !declared) || (right_before && !fits(line))) damage.kind = LedgerKind::Breach;
        gap_ = gap_ || (right_before && damage.kind == LedgerKind::Breach);
    }
    if (fits(line) || gap_ || !before_ || line.seq <= result_.head.entries) return;
    LedgerDamage damage = measure_torn(
        directory_, *before_, before_bytes_,
        "seq " + std::to_string(line.seq) + " behind it does not continue seq " + std::to_string(result_.head.entries));
    damage.kind = LedgerKind::Breach;
    result_.unreported.push_back(std::move(damage));
    gap_ = true;
}

bool Scanner::fits(const LedgerLine& line) const {
    return line.seq == result_.head.entries + 1 && line.prev == result_.head.hash;
}

void Scanner::note(std::uint64_t offset, std::string reason) {
    if (here_.damage) return;
    here_.damage = offset;
    here_.reason = std::move(reason);
}

void Scanner::conclude() {
    LedgerDamage damage = measure_torn(directory_, here_.segment, *here_.damage, here_.reason);
    damage.kind = here_.is_tail ? LedgerKind::Recovery : LedgerKind::Breach;
    if (damage.good_bytes == here_.limit.bytes) damage.kind = here_.limit.kind;
    const bool reported = std::any_of(reports_.begin(), reports_.end(),
                                      [&](const LedgerDamage& report) { return report.same_bytes(damage); });
    if (reported) return;
    gap_ = gap_ || damage.kind == LedgerKind::Breach;
    result_.unreported.push_back(std::move(damage));
}

}  // namespace

std::string LedgerSegment::file() const {
    std::string digits = std::to_string(number);
    if (digits.size() < least_digits) digits.insert(0, least_digits - digits.size(), '0');
    return month + "." + digits + std::string(segment_suffix);
}

std::optional<LedgerSegment> parse_segment(std::string_view file) {
    if (!file.ends_with(segment_suffix) || file.size() <= month_length + 1 + segment_suffix.size()) return std::nullopt;
    LedgerSegment segment{std::string(file.substr(0, month_length)), 0};
    if (!from_rfc3339(segment.month + "-01T00:00:00Z")) return std::nullopt;
    const std::string_view digits =
        file.substr(month_length + 1, file.size() - month_length - 1 - segment_suffix.size());
    const auto [stop, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), segment.number);
    // Another spelling ("1", "0001") would be a second file with the same place in the order.
    if (fault != std::errc{} || segment.file() != file) return std::nullopt;
    return segment;
}

bool LedgerDamage::same_bytes(const LedgerDamage& other) const {
    return file == other.file && good_bytes == other.good_bytes && torn_bytes == other.torn_bytes &&
           torn_sha256 == other.torn_sha256;
}

Json LedgerDamage::to_json() const {
    return {{"file", file},
            {"good_bytes", good_bytes},
            {"torn_bytes", torn_bytes},
            {"torn_sha256", torn_sha256},
            {"torn_head", to_base64(torn_head)},
            {"reason", reason}};
}

std::optional<LedgerDamage> reported_damage(const LedgerLine& line) {
    if (line.kind != LedgerKind::Recovery && line.kind != LedgerKind::Breach) return std::nullopt;
    const Json& ess = line.ess;
    const auto has = [&](const char* key, bool (Json::*is)() const noexcept) {
        return ess.contains(key) && (ess[key].*is)();
    };
    if (!has("file", &Json::is_string) || !has("good_bytes", &Json::is_number_unsigned) ||
        !has("torn_bytes", &Json::is_number_unsigned) || !has("torn_sha256", &Json::is_string) ||
        !has("reason", &Json::is_string)) {
        return std::nullopt;
    }
    return LedgerDamage{line.kind,
                        ess["file"].get<std::string>(),
                        ess["good_bytes"].get<std::uint64_t>(),
                        ess["torn_bytes"].get<std::uint64_t>(),
                        ess["torn_sha256"].get<std::string>(),
                        from_base64(has("torn_head", &Json::is_string) ? ess["torn_head"].get<std::string>() : "")
                            .value_or(std::string()),
                        ess["reason"].get<std::string>()};
}

Result<LedgerScan> scan_ledger(const std::string& directory, const LedgerVisitor& visitor,
                               const std::vector<LedgerDamage>& known, const LedgerVisitor& passed_over) {
    if (!visitor) return scan_ledger_places(directory, {}, known, passed_over);
    const auto without_place = [&](const LedgerLine& line, std::string_view bytes, const LedgerSegment&,
                                   std::uint64_t) { visitor(line, bytes); };
    return scan_ledger_places(directory, without_place, known, passed_over);
}

Result<LedgerScan> scan_ledger_places(const std::string& directory, const PlacedLedgerVisitor& visitor,
                                      const std::vector<LedgerDamage>& known, const LedgerVisitor& passed_over) {
    auto segments = list_segments(directory);
    if (!segments) return tl::make_unexpected(segments.error());
    std::vector<LedgerDamage> reports = known;
    for (const LedgerSegment& segment : *segments) {
        auto leading = leading_reports(directory, segment);
        if (!leading) return failure_in("ledger " + directory, leading.error());
        std::move(leading->begin(), leading->end(), std::back_inserter(reports));
    }
    Scanner scanner(directory, visitor, passed_over, std::move(reports));
    for (const LedgerSegment& segment : *segments) {
        if (auto read = scanner.read(segment); !read) return failure_in("ledger " + directory, read.error());
    }
    LedgerScan scan = scanner.take_result();
    if (!segments->empty()) scan.newest = segments->back();
    return scan;
}

LedgerDamage measure_torn(const std::string& directory, const LedgerSegment& segment, std::uint64_t good_bytes,
                          const std::string& reason) {
    const std::string path = directory + "/" + segment.file();
    LedgerDamage damage{LedgerKind::Recovery, segment.file(), good_bytes, 0, "", "", clean_line(reason, problem_limit)};
    const std::uint64_t size = size_of(path);
    damage.torn_bytes = size > good_bytes ? size - good_bytes : 0;
    const auto file = open_segment(path);
    if (!file) return damage;
    if (auto hash = hash_from(*file, good_bytes)) damage.torn_sha256 = *hash;
    damage.torn_head = head_from(*file, good_bytes);
    return damage;
}

}  // namespace ess::host
