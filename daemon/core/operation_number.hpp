#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace ess {

/// The parts of an operation_id of the operators' format, OPS-YYYY-MM-DD-NNN. NNN has three digits and grows to more.
struct OperationId {
    std::string day;           ///< "2026-01-28", UTC
    std::uint32_t number = 0;  ///< counted per day

    [[nodiscard]] std::string text() const;
};

/// Nothing if the text is not such an id, or if its day is not in the calendar.
[[nodiscard]] std::optional<OperationId> parse_operation_id(std::string_view text);

/// Numbers operations per UTC day over the whole ledger. It keeps one number per day and none of the ids, so a clock
/// that jumps back to a day goes on behind that day's last number.
class OperationNumbers {
  public:
    /// Takes note of an id that exists. One of another form (imported by hand) cannot collide and is ignored.
    void learn(std::string_view operation_id);
    /// Whether nothing learnt can have this id. False for an id of another form: those are not kept.
    [[nodiscard]] bool is_new(std::string_view operation_id) const;
    /// The next free id of that moment's day. It stays free until it is learnt. Fails when the day has no number left.
    [[nodiscard]] Result<std::string> next(WallTime time) const;

  private:
    std::map<std::string, std::uint32_t> last_;
};

}  // namespace ess
