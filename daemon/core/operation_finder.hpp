#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/checkpoint.hpp"
#include "core/ledger_log.hpp"
#include "core/operation.hpp"

namespace ess {

/// An operation with the line that it begins.
struct FoundOperation {
    Operation operation;
    LedgerLine line;                       ///< as it lies there
    std::string origin;                    ///< of the log that has it; empty: the ledger has no log there
    std::optional<Checkpoint> checkpoint;  ///< that of its log when it was the newest line
};

/// Finds an operation, with all that later lines add to it, while the lines of a ledger go by.
class OperationFinder {
  public:
    explicit OperationFinder(std::string id) : id_(std::move(id)) {}

    /// Takes the next line of the chain; `bytes` is the line without its newline.
    void take(const LedgerLine& line, std::string_view bytes);
    [[nodiscard]] const std::optional<FoundOperation>& found() const { return found_; }

  private:
    std::string id_;
    LedgerLog log_;
    std::optional<FoundOperation> found_;
};

}  // namespace ess
