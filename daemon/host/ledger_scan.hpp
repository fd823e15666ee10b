#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/ledger_line.hpp"

namespace ess::host {

/// Of "2026-01".
inline constexpr std::size_t month_length = 7;

/// The name of one file of the ledger: YYYY-MM.NNN.jsonl. Their order is the order of the chain.
struct LedgerSegment {
    std::string month;         ///< "2026-01", UTC
    std::uint32_t number = 0;  ///< from 1 in each month; three digits and more

    [[nodiscard]] std::string file() const;
    // clang-tidy 14 takes the 0 inside a defaulted <=> for a null pointer.
    friend auto operator<=>(const LedgerSegment&, const LedgerSegment&) = default;  // NOLINT(modernize-use-nullptr)
};

[[nodiscard]] std::optional<LedgerSegment> parse_segment(std::string_view file);

/// Bytes of a segment that are not lines of the chain. A segment has one damage at most, from the first such byte to
/// its end.
struct LedgerDamage {
    /// Recovery: a write that did not end, nothing of the chain behind it. Breach: anything else.
    LedgerKind kind = LedgerKind::Breach;
    std::string file;              ///< empty: of no file, but found against a checkpoint
    std::uint64_t good_bytes = 0;  ///< what lies before it
    std::uint64_t torn_bytes = 0;
    std::string torn_sha256;  ///< of those bytes (`tail -c +N file | sha256sum`); empty: they cannot be read
    std::string torn_head;    ///< the first 256 of them
    std::string reason;

    /// Whether both speak of the same bytes.
    [[nodiscard]] bool same_bytes(const LedgerDamage& other) const;
    [[nodiscard]] Json to_json() const;
};

/// What a recovery or breach line reports; nothing for other lines.
[[nodiscard]] std::optional<LedgerDamage> reported_damage(const LedgerLine& line);

/// Takes the lines of the chain in order; `bytes` is the line without its newline, valid during the call.
using LedgerVisitor = std::function<void(const LedgerLine& line, std::string_view bytes)>;

/// Takes them with the place of their first byte. The segment is valid during the call.
using PlacedLedgerVisitor = std::function<void(const LedgerLine& line, std::string_view bytes,
                                               const LedgerSegment& segment, std::uint64_t offset)>;

/// Where the chain stands.
struct LedgerHead {
    std::uint64_t entries = 0;           ///< `seq` of the newest line
    std::string hash{ledger_zero_hash};  ///< of the newest line; zeros when there is none
};

struct LedgerScan {
    LedgerHead head;
    std::vector<LedgerDamage> unreported;  ///< damage that no recovery or breach line tells of yet
    std::optional<LedgerSegment> newest;
    std::uint64_t newest_bytes = 0;  ///< its size
};

/// Reads all segments of `directory` in order, checks seq and prev, and gives each line of the chain to `visitor`
/// (may be empty). A segment counts up to its damage (packaging/docs/LEDGER_FORMAT.md): what lies behind it is not of
/// the chain, even if it looks like a line, and whether or not a recovery or breach line tells of it already. Where a
/// breach ended a segment, lines may be missing before the next one. `known` are damages that have no such line yet;
/// `passed_over` takes well-formed lines that do not count. Fails when the directory or a segment cannot be read: that
/// says nothing of its lines. Memory does not grow with the lines.
///
/// Not seen here: whole lines missing at the end, and a changed newest line. The signed checkpoint is there for those.
[[nodiscard]] Result<LedgerScan> scan_ledger(const std::string& directory, const LedgerVisitor& visitor,
                                             const std::vector<LedgerDamage>& known = {},
                                             const LedgerVisitor& passed_over = {});

/// The same, with the place of each line.
[[nodiscard]] Result<LedgerScan> scan_ledger_places(const std::string& directory, const PlacedLedgerVisitor& visitor,
                                                    const std::vector<LedgerDamage>& known = {},
                                                    const LedgerVisitor& passed_over = {});

/// The damage that the bytes of a file from `good_bytes` on are.
[[nodiscard]] LedgerDamage measure_torn(const std::string& directory, const LedgerSegment& segment,
                                        std::uint64_t good_bytes, const std::string& reason);

}  // namespace ess::host
