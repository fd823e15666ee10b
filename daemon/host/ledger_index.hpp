#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/operation.hpp"
#include "host/ledger_scan.hpp"

namespace ess::host {

/// Takes one operation; a failure ends the walk.
using OperationVisitor = std::function<Result<>(const Operation& operation)>;

/// The operations of a ledger, by id. It keeps 24 bytes for each line and reads the line again when it is asked for, so
/// memory does not grow with what is in the entries. What is appended after read() is not seen.
class LedgerIndex {
  public:
    /// That of a ledger that is not there yet.
    LedgerIndex() = default;
    /// Reads the ledger once. Fails only when the directory cannot be read; damage is for `essctl ledger verify`.
    [[nodiscard]] static Result<LedgerIndex> read(const std::string& directory);

    /// Each operation with its amendments and sign-offs, newest first (is_newer). Fails when a line is no longer there.
    [[nodiscard]] Result<> for_each(const OperationVisitor& visitor) const;
    /// The operation of that id; of two the one that was recorded first.
    [[nodiscard]] Result<std::optional<Operation>> find(std::string_view operation_id) const;
    [[nodiscard]] std::size_t size() const { return operations_.size(); }

  private:
    /// An id in eight bytes; one of another form is a place in other_ids_.
    struct Key {
        std::uint32_t day = 0;  ///< a number above 0 for each; 0: not of the form
        std::uint32_t number = 0;
    };
    struct Line {
        Key key;
        std::uint64_t offset = 0;
        std::uint32_t segment = 0;
        std::uint32_t length = 0;
    };
    class LineReader;

    explicit LedgerIndex(std::string directory) : directory_(std::move(directory)) {}

    void note(const LedgerLine& line, std::string_view bytes, const LedgerSegment& segment, std::uint64_t offset);
    [[nodiscard]] Key key_of(std::string_view operation_id);
    [[nodiscard]] std::string id_of(const Key& key) const;
    [[nodiscard]] bool is_before(const Key& left, const Key& right) const;
    void sort(std::vector<Line>& lines) const;
    [[nodiscard]] Result<Operation> read_operation(LineReader& reader, const Line& line) const;

    std::string directory_;
    std::vector<LedgerSegment> segments_;
    std::vector<std::string> other_ids_;
    std::vector<Line> operations_;  ///< newest first
    std::vector<Line> additions_;   ///< amendments and sign-offs, in the order of their operations, oldest first
};

}  // namespace ess::host
