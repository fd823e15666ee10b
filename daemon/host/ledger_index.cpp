#include "host/ledger_index.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/clock.hpp"
#include "core/operation_number.hpp"
#include "host/segment_reader.hpp"

namespace ess::host {

namespace {

std::string operation_id_of(const LedgerLine& line) {
    const auto found = line.entry.find("operation_id");
    return found != line.entry.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Makes every day of the calendar (from year 0) a number above 0.
constexpr std::chrono::days day_base{800000};

std::uint32_t day_number(const std::string& day) {
    const auto time = from_rfc3339(day + "T00:00:00Z").value_or(WallTime{});
    const auto day_of_epoch = std::chrono::floor<std::chrono::days>(time.time_since_epoch());
    return static_cast<std::uint32_t>((day_of_epoch + day_base).count());
}

}  // namespace

/// Reads lines again. Neighbours are mostly of one segment: it stays open.
class LedgerIndex::LineReader {
  public:
    explicit LineReader(const LedgerIndex& index) : index_(index) {}

    /// `bytes_` is the line until the next one is read.
    Result<LedgerLine> read(const Line& place) {
        const std::string file = index_.segments_[place.segment].file();
        if (!file_ || open_ != place.segment) {
            auto opened = open_segment(index_.directory_ + "/" + file);
            if (!opened) return failure_in(file, opened.error());
            file_ = std::move(*opened);
            open_ = place.segment;
        }
        bytes_.resize(place.length);
        ssize_t got = -1;
        do {
            got = ::pread(file_.get(), bytes_.data(), bytes_.size(), static_cast<off_t>(place.offset));
        } while (got < 0 && errno == EINTR);
        if (got < 0) return system_failure("read " + file, errno);
        auto line = parse_ledger_line(std::string_view(bytes_).substr(0, static_cast<std::size_t>(got)));
        if (!line) return failure_in(file + " has changed while it was read", line.error());
        return line;
    }

    [[nodiscard]] const std::string& bytes() const { return bytes_; }

  private:
    const LedgerIndex& index_;
    Fd file_;
    std::uint32_t open_ = 0;
    std::string bytes_;
};

Result<LedgerIndex> LedgerIndex::read(const std::string& directory) {
    LedgerIndex index(directory);
    const auto take = [&](const LedgerLine& line, std::string_view bytes, const LedgerSegment& segment,
                          std::uint64_t offset) { index.note(line, bytes, segment, offset); };
    const auto scan = scan_ledger_places(directory, take);
    if (!scan) return tl::make_unexpected(scan.error());
    index.sort(index.operations_);
    index.sort(index.additions_);
    return index;
}

void LedgerIndex::note(const LedgerLine& line, std::string_view bytes, const LedgerSegment& segment,
                       std::uint64_t offset) {
    const std::string id = operation_id_of(line);
    if (id.empty()) return;
    if (segments_.empty() || segments_.back() != segment) segments_.push_back(segment);
    auto& lines = operation_of(line, bytes) ? operations_ : additions_;
    // Neither can overflow: a line is shorter than 64 KiB, and a segment has at least one.
    lines.push_back({key_of(id), offset, static_cast<std::uint32_t>(segments_.size() - 1),
                     static_cast<std::uint32_t>(bytes.size())});
}

LedgerIndex::Key LedgerIndex::key_of(std::string_view operation_id) {
    if (const auto id = parse_operation_id(operation_id)) return {day_number(id->day), id->number};
    other_ids_.emplace_back(operation_id);
    return {0, static_cast<std::uint32_t>(other_ids_.size() - 1)};
}

std::string LedgerIndex::id_of(const Key& key) const {
    if (key.day == 0) return other_ids_[key.number];
    const WallTime day{std::chrono::days(key.day) - day_base};
    return OperationId{to_utc_date(day), key.number}.text();
}

/// is_newer() of their ids.
bool LedgerIndex::is_before(const Key& left, const Key& right) const {
    if (left.day == 0 && right.day == 0) return other_ids_[left.number] > other_ids_[right.number];
    return std::pair(left.day, left.number) > std::pair(right.day, right.number);
}

void LedgerIndex::sort(std::vector<Line>& lines) const {
    std::stable_sort(lines.begin(), lines.end(),
                     [this](const Line& left, const Line& right) { return is_before(left.key, right.key); });
}

Result<Operation> LedgerIndex::read_operation(LineReader& reader, const Line& line) const {
    const auto read = reader.read(line);
    if (!read) return tl::make_unexpected(read.error());
    auto operation = operation_of(*read, reader.bytes());
    if (!operation) return failure(id_of(line.key) + " has changed while it was read");
    const auto by_key = [this](const Line& left, const Line& right) { return is_before(left.key, right.key); };
    const auto [first, last] = std::equal_range(additions_.begin(), additions_.end(), line, by_key);
    for (auto addition = first; addition != last; ++addition) {
        const auto added = reader.read(*addition);
        if (!added) return tl::make_unexpected(added.error());
        static_cast<void>(add_to(*operation, *added));  // what is not of this operation is of a later kind of line
    }
    return std::move(*operation);
}

Result<> LedgerIndex::for_each(const OperationVisitor& visitor) const {
    LineReader reader(*this);
    for (const Line& line : operations_) {
        const auto operation = read_operation(reader, line);
        if (!operation) return tl::make_unexpected(operation.error());
        if (auto taken = visitor(*operation); !taken) return taken;
    }
    return {};
}

Result<std::optional<Operation>> LedgerIndex::find(std::string_view operation_id) const {
    const auto id = parse_operation_id(operation_id);
    const auto before = [&](const Line& line, std::string_view wanted) {
        if (!id) return line.key.day != 0 || other_ids_[line.key.number] > wanted;
        return std::pair(line.key.day, line.key.number) > std::pair(day_number(id->day), id->number);
    };
    const auto found = std::lower_bound(operations_.begin(), operations_.end(), operation_id, before);
    if (found == operations_.end() || id_of(found->key) != operation_id) return std::nullopt;
    LineReader reader(*this);
    auto operation = read_operation(reader, *found);
    if (!operation) return tl::make_unexpected(operation.error());
    return std::move(*operation);
}

}  // namespace ess::host
