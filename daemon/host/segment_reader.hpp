#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/fd.hpp"
#include "base/result.hpp"

namespace ess::host {

/// Bytes of a segment as they lie there.
struct SegmentPiece {
    std::uint64_t offset = 0;
    std::string_view raw;  ///< with the newline, if it has one; valid until the next piece is taken
    bool whole = false;    ///< a whole line that is not too long

    [[nodiscard]] std::string_view line() const { return raw.substr(0, raw.size() - (whole ? 1 : 0)); }
};

/// Cuts a file into lines, with memory for about two of them: a line above ledger_line_limit comes in parts that are
/// not whole.
class SegmentReader {
  public:
    explicit SegmentReader(Fd file) : file_(std::move(file)) {}

    /// The next piece; nothing at the end of the file.
    [[nodiscard]] Result<std::optional<SegmentPiece>> next();
    /// Where the next piece begins.
    [[nodiscard]] std::uint64_t offset() const { return offset_; }

  private:
    Result<> fill();
    SegmentPiece give(std::size_t length, bool whole);

    Fd file_;
    std::string buffer_;
    std::size_t taken_ = 0;  ///< bytes of buffer_ that were given
    std::uint64_t offset_ = 0;
    bool at_end_ = false;
    bool in_long_line_ = false;
};

/// Opens a regular file of the ledger for reading. Follows no link.
[[nodiscard]] Result<Fd> open_segment(const std::string& path);

}  // namespace ess::host
