#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/ledger_line.hpp"
#include "core/time_range.hpp"

namespace ess {

/// One place where a configuration was in use: an entry of a log or a ledger, or a host as it is now.
struct Sighting {
    std::string hash;              ///< empty: the entry does not say
    std::optional<WallTime> time;  ///< nothing: the entry does not say
    /// What it was read from has no history: a directory, a status. No range of time leaves it out.
    bool is_now = false;
};

/// What a JSON line of an audit log says: `config_hash`, and the first of `timestamp`, `time`, `ts` (also seconds since
/// 1970) and `execution_timestamp` that is a time.
[[nodiscard]] Sighting sighting_in(const Json& object);
/// What a line of the ledger says; nothing if it records no operation. Its time is when the operation happened.
[[nodiscard]] std::optional<Sighting> sighting_in(const LedgerLine& line);

/// How often a hash was seen, and when first and last.
struct HashUse {
    std::uint64_t count = 0;
    std::optional<WallTime> first;
    std::optional<WallTime> last;

    void add(std::uint64_t times, const std::optional<WallTime>& from, const std::optional<WallTime>& to);
};
using HashUses = std::map<std::string, HashUse>;

/// Where a source goes over from one hash to another, in the order of its entries.
struct HashChange {
    std::string from;
    std::string to;
    std::optional<WallTime> time;
    std::uint64_t entry = 0;  ///< counted from 1 over the entries of the range
};

/// Hashes and changes that are kept per source. A source with more has no configuration in that field; the rest is
/// counted, and memory stays flat.
inline constexpr std::size_t drift_hash_limit = 1000;
inline constexpr std::size_t drift_change_limit = 1000;

/// One source, counted entry by entry.
class DriftSource {
  public:
    DriftSource(std::string name, TimeRange range) : name_(std::move(name)), range_(range) {}

    /// Counts an entry, if it lies in the range. Whether it does.
    bool take(const Sighting& sighting);
    /// Notes something that could not be read, and might have been an entry.
    void add_unreadable() { ++unreadable_; }

    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] std::uint64_t entries() const { return entries_; }
    [[nodiscard]] std::uint64_t without_hash() const { return without_hash_; }
    [[nodiscard]] std::uint64_t without_time() const { return without_time_; }
    [[nodiscard]] std::uint64_t unreadable() const { return unreadable_; }
    [[nodiscard]] std::uint64_t change_count() const { return change_count_; }
    [[nodiscard]] const HashUses& hashes() const { return hashes_; }
    [[nodiscard]] const std::vector<HashChange>& changes() const { return changes_; }
    /// The hash of the entry with the latest time, or of the last one where there are none; empty: it does not say.
    [[nodiscard]] const std::string& newest() const { return newest_; }
    /// Entries whose hash is not in hashes(), for drift_hash_limit.
    [[nodiscard]] std::uint64_t unlisted() const { return unlisted_; }

  private:
    void note_newest(const Sighting& sighting);
    void note_change(const Sighting& sighting);

    std::string name_;
    TimeRange range_;
    std::uint64_t entries_ = 0;       ///< in the range
    std::uint64_t without_hash_ = 0;  ///< of those
    std::uint64_t without_time_ = 0;  ///< left out, since a range was asked for and nobody knows whether they are in it
    std::uint64_t unreadable_ = 0;
    std::uint64_t change_count_ = 0;
    std::uint64_t unlisted_ = 0;
    HashUses hashes_;
    std::vector<HashChange> changes_;
    std::string previous_;
    std::string newest_;
    std::optional<WallTime> newest_time_;
};

/// The answer to "is it one configuration?", or to "is it this one now?".
enum class DriftVerdict {
    Same,       ///< one hash, and every entry has it; or the newest of each source is the expected one
    Drift,      ///< more than one hash; or a newest one that is not the expected one
    NotProven,  ///< no entry at all, or some that do not say, or cannot be read
};

struct DriftReport {
    std::vector<DriftSource> sources;
    std::string expected;  ///< empty: the question is whether it is one

    [[nodiscard]] HashUses hashes() const;
    [[nodiscard]] std::uint64_t entries() const;
    [[nodiscard]] DriftVerdict verdict() const;
    /// Why it is NotProven, as sentences; what is missing is told beside a drift too.
    [[nodiscard]] std::vector<std::string> gaps() const;
    [[nodiscard]] Json to_json() const;
};

[[nodiscard]] std::string_view to_text(DriftVerdict verdict);

}  // namespace ess
