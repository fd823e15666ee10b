#include "host/ledger_scan.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <limits>
#include <system_error>
#include <utility>

#include "base/sha256.hpp"
#include "base/text.hpp"
#include "host/segment_reader.hpp"

namespace ess::host {

namespace {

constexpr std::string_view segment_suffix = ".jsonl";
constexpr std::size_t month_length = 7;
constexpr std::size_t least_digits = 3;
constexpr std::size_t reason_limit = 500;

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

/// The reports that a segment begins with. They are read before anything else, since they say how far an earlier
/// segment counts.
std::vector<LedgerDamage> leading_reports(const std::string& directory, const LedgerSegment& segment) {
    std::vector<LedgerDamage> reports;
    auto file = open_segment(directory + "/" + segment.file());
    if (!file) return reports;
    SegmentReader reader(std::move(*file));
    while (true) {
        const auto piece = reader.next();
        if (!piece || !*piece || !(*piece)->whole) return reports;
        const auto line = parse_ledger_line((*piece)->line());
        auto report = line ? reported_damage(*line) : std::nullopt;
        if (!report) return reports;
        const auto about = parse_segment(report->file);
        if (about && *about < segment) reports.push_back(std::move(*report));
    }
}

class Scanner {
  public:
    Scanner(std::string directory, const LedgerVisitor& visitor, std::vector<LedgerDamage> reports)
        : directory_(std::move(directory)), visitor_(visitor), reports_(std::move(reports)) {}

    void read(const LedgerSegment& segment);
    [[nodiscard]] LedgerScan take_result() { return std::move(result_); }

  private:
    /// What is known of the segment being read.
    struct Here {
        std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();  ///< a recovery line lets it count this far
        std::optional<std::uint64_t> newest_line;                         ///< offset of the newest line taken
        std::optional<std::uint64_t> damage;                              ///< offset
        std::string reason;
        bool line_behind = false;  ///< a well-formed line lies behind the damage, so this is no torn tail
        bool unreadable = false;
        bool gap = false;  ///< the line before cannot be read, so its hash is not known
    };

    void read_pieces(Fd file);
    void take(const SegmentPiece& piece);
    void take_line(const SegmentPiece& piece, const LedgerLine& line);
    void note(std::uint64_t offset, std::string reason);
    void conclude(const LedgerSegment& segment);
    void expect_no_torn_tail();
    [[nodiscard]] bool is_declared(const LedgerDamage& damage) const;
    [[nodiscard]] std::uint64_t limit_of(const std::string& file) const;

    std::string directory_;
    const LedgerVisitor& visitor_;
    std::vector<LedgerDamage> reports_;
    LedgerScan result_;
    Here here_;
};

std::uint64_t Scanner::limit_of(const std::string& file) const {
    std::uint64_t limit = Here{}.limit;
    for (const LedgerDamage& report : reports_) {
        if (report.kind == LedgerKind::Recovery && report.file == file) limit = std::min(limit, report.good_bytes);
    }
    return limit;
}

void Scanner::read(const LedgerSegment& segment) {
    here_ = Here{};
    result_.newest_bytes = 0;
    here_.limit = limit_of(segment.file());
    if (auto file = open_segment(directory_ + "/" + segment.file())) {
        read_pieces(std::move(*file));
    } else {
        here_.unreadable = true;
        note(0, file.error().text);
    }
    if (here_.damage) conclude(segment);
}

void Scanner::read_pieces(Fd file) {
    SegmentReader reader(std::move(file));
    while (true) {
        const auto piece = reader.next();
        if (!piece) {
            here_.unreadable = true;
            return note(reader.offset(), piece.error().text);
        }
        if (!*piece) break;
        take(**piece);
    }
    result_.newest_bytes = reader.offset();
}

void Scanner::take(const SegmentPiece& piece) {
    if (piece.offset >= here_.limit) return note(piece.offset, "entry that was not acknowledged");
    const auto line = piece.whole ? parse_ledger_line(piece.line()) : failure("line without an end");
    if (line) return take_line(piece, *line);
    const bool zeros = piece.raw.find_first_not_of('\0') == std::string_view::npos;
    note(piece.offset, zeros ? "run of NUL bytes" : line.error().text);
    here_.gap = true;
}

void Scanner::take_line(const SegmentPiece& piece, const LedgerLine& line) {
    LedgerHead& head = result_.head;
    const bool ahead = line.seq > head.entries;
    const bool fits = line.seq == head.entries + 1 && line.prev == head.hash;
    if (!ahead) {
        note(piece.offset, "seq " + std::to_string(line.seq) + " behind seq " + std::to_string(head.entries));
    } else if (!fits && !here_.gap) {
        // Either of the two lines may be the changed one.
        note(here_.newest_line.value_or(piece.offset), "seq " + std::to_string(line.seq) + " does not continue seq " +
                                                           std::to_string(head.entries) + " " + head.hash);
    }
    here_.line_behind = here_.line_behind || here_.damage.has_value();
    if (!ahead) return;
    if (!reported_damage(line)) expect_no_torn_tail();
    here_.gap = false;
    here_.newest_line = piece.offset;
    head = {line.seq, ledger_hash(piece.line())};
    if (visitor_) visitor_(line, piece.line());
}

void Scanner::note(std::uint64_t offset, std::string reason) {
    if (here_.damage) return;
    here_.damage = offset;
    here_.reason = std::move(reason);
}

bool Scanner::is_declared(const LedgerDamage& damage) const {
    return damage.good_bytes == limit_of(damage.file);
}

void Scanner::conclude(const LedgerSegment& segment) {
    LedgerDamage damage = measure_torn(directory_, segment, *here_.damage, here_.reason);
    const bool tail = !here_.line_behind && !here_.unreadable;
    damage.kind = tail || is_declared(damage) ? LedgerKind::Recovery : LedgerKind::Breach;
    const bool reported = std::any_of(reports_.begin(), reports_.end(),
                                      [&](const LedgerDamage& report) { return report.same_bytes(damage); });
    if (!reported) result_.unreported.push_back(std::move(damage));
}

/// An entry follows in a later segment: whoever wrote it would have reported a torn tail first.
void Scanner::expect_no_torn_tail() {
    for (LedgerDamage& damage : result_.unreported) {
        if (!is_declared(damage)) damage.kind = LedgerKind::Breach;
    }
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
                        ess["reason"].get<std::string>()};
}

Result<LedgerScan> scan_ledger(const std::string& directory, const LedgerVisitor& visitor,
                               const std::vector<LedgerDamage>& known) {
    auto segments = list_segments(directory);
    if (!segments) return tl::make_unexpected(segments.error());
    std::vector<LedgerDamage> reports = known;
    for (const LedgerSegment& segment : *segments) {
        for (LedgerDamage& report : leading_reports(directory, segment))
            reports.push_back(std::move(report));
    }
    Scanner scanner(directory, visitor, std::move(reports));
    for (const LedgerSegment& segment : *segments)
        scanner.read(segment);
    LedgerScan scan = scanner.take_result();
    if (!segments->empty()) scan.newest = segments->back();
    return scan;
}

LedgerDamage measure_torn(const std::string& directory, const LedgerSegment& segment, std::uint64_t good_bytes,
                          const std::string& reason) {
    const std::string path = directory + "/" + segment.file();
    LedgerDamage damage{LedgerKind::Recovery, segment.file(), good_bytes, 0, "", clean_line(reason, reason_limit)};
    const std::uint64_t size = size_of(path);
    damage.torn_bytes = size > good_bytes ? size - good_bytes : 0;
    const auto file = open_segment(path);
    if (!file) return damage;
    if (auto hash = hash_from(*file, good_bytes)) damage.torn_sha256 = *hash;
    return damage;
}

}  // namespace ess::host
