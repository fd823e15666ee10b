#include "core/drift.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "base/text.hpp"

namespace ess {

namespace {

constexpr std::array<const char*, 4> time_keys{"timestamp", "time", "ts", "execution_timestamp"};
/// A hash has 16 digits; whatever else a log has there is shown, but not at length.
constexpr std::size_t shown_hash = 80;
/// Seconds since 1970 end where RFC 3339 does, in the year 9999.
constexpr double latest_seconds = 253402300799.0;

std::optional<WallTime> time_in(const Json& value) {
    if (value.is_string()) return parse_moment(value.get_ref<const std::string&>());
    if (!value.is_number()) return std::nullopt;
    const auto seconds = value.get<double>();
    if (!(seconds >= 0 && seconds <= latest_seconds)) return std::nullopt;
    return WallTime(Micros(std::llround(seconds * 1e6)));
}

std::string hash_in(const Json& object) {
    const auto found = object.find("config_hash");
    if (found == object.end() || !found->is_string()) return {};
    return clean_line(found->get_ref<const std::string&>(), shown_hash);
}

Json time_json(const std::optional<WallTime>& time) {
    return time ? Json(to_rfc3339(*time)) : Json(nullptr);
}

Json hashes_json(const HashUses& hashes) {
    Json list = Json::array();
    for (const auto& [hash, use] : hashes) {
        list.push_back({{"config_hash", hash},
                        {"count", use.count},
                        {"first", time_json(use.first)},
                        {"last", time_json(use.last)}});
    }
    return list;
}

Json source_json(const DriftSource& source) {
    Json changes = Json::array();
    for (const HashChange& change : source.changes()) {
        changes.push_back(
            {{"from", change.from}, {"to", change.to}, {"time", time_json(change.time)}, {"entry", change.entry}});
    }
    return {{"source", source.name()},
            {"entries", source.entries()},
            {"without_hash", source.without_hash()},
            {"without_time", source.without_time()},
            {"unreadable", source.unreadable()},
            {"newest", source.newest().empty() ? Json(nullptr) : Json(source.newest())},
            {"hashes", hashes_json(source.hashes())},
            {"change_count", source.change_count()},
            {"changes", std::move(changes)}};
}

std::string counted(std::uint64_t count, const char* what) {
    return std::to_string(count) + (count == 1 ? " entry " : " entries ") + what;
}

}  // namespace

Sighting sighting_in(const Json& object) {
    Sighting sighting{hash_in(object), std::nullopt, false};
    for (const char* key : time_keys) {
        const auto found = object.find(key);
        if (!sighting.time && found != object.end()) sighting.time = time_in(*found);
    }
    return sighting;
}

std::optional<Sighting> sighting_in(const LedgerLine& line) {
    // A signature is about an entry, it does not use a configuration; genesis and the like have no operation.
    if (line.kind == LedgerKind::Signoff || !line.entry.contains("operation_id")) return std::nullopt;
    Sighting sighting{hash_in(line.entry), line.time, false};
    const auto happened = line.entry.find("execution_timestamp");
    if (happened != line.entry.end()) sighting.time = time_in(*happened).value_or(line.time);
    return sighting;
}

void HashUse::add(std::uint64_t times, const std::optional<WallTime>& from, const std::optional<WallTime>& to) {
    count += times;
    if (from && (!first || *from < *first)) first = from;
    if (to && (!last || *to > *last)) last = to;
}

bool DriftSource::take(const Sighting& sighting) {
    if (!range_.is_open() && !sighting.is_now) {
        if (!sighting.time) ++without_time_;
        if (!sighting.time || !range_.contains(*sighting.time)) return false;
    }
    ++entries_;
    note_newest(sighting);
    if (sighting.hash.empty()) {
        ++without_hash_;
        return true;
    }
    note_change(sighting);
    if (hashes_.size() >= drift_hash_limit && !hashes_.contains(sighting.hash)) {
        ++unlisted_;
    } else {
        hashes_[sighting.hash].add(1, sighting.time, sighting.time);
    }
    return true;
}

void DriftSource::note_newest(const Sighting& sighting) {
    if (newest_time_ && sighting.time && *sighting.time < *newest_time_) return;
    newest_ = sighting.hash;
    if (sighting.time) newest_time_ = sighting.time;
}

void DriftSource::note_change(const Sighting& sighting) {
    if (!previous_.empty() && previous_ != sighting.hash) {
        ++change_count_;
        if (changes_.size() < drift_change_limit)
            changes_.push_back({previous_, sighting.hash, sighting.time, entries_});
    }
    previous_ = sighting.hash;
}

HashUses DriftReport::hashes() const {
    HashUses all;
    for (const DriftSource& source : sources) {
        for (const auto& [hash, use] : source.hashes())
            all[hash].add(use.count, use.first, use.last);
    }
    return all;
}

std::uint64_t DriftReport::entries() const {
    std::uint64_t sum = 0;
    for (const DriftSource& source : sources)
        sum += source.entries();
    return sum;
}

DriftVerdict DriftReport::verdict() const {
    if (!expected.empty()) {
        const auto differs = [&](const DriftSource& s) { return !s.newest().empty() && s.newest() != expected; };
        const auto silent = [](const DriftSource& s) { return s.newest().empty() || s.unreadable() > 0; };
        if (std::ranges::any_of(sources, differs)) return DriftVerdict::Drift;
        return sources.empty() || std::ranges::any_of(sources, silent) ? DriftVerdict::NotProven : DriftVerdict::Same;
    }
    if (hashes().size() > 1) return DriftVerdict::Drift;
    return gaps().empty() ? DriftVerdict::Same : DriftVerdict::NotProven;
}

std::vector<std::string> DriftReport::gaps() const {
    std::vector<std::string> list;
    for (const DriftSource& source : sources) {
        const auto tell = [&](const std::string& text) { list.push_back(source.name() + ": " + text); };
        if (source.entries() == 0) tell("no entry to compare");
        if (source.without_hash() > 0) tell(counted(source.without_hash(), "without config_hash"));
        if (source.without_time() > 0) tell(counted(source.without_time(), "without a time: not in the range"));
        if (source.unlisted() > 0) tell(counted(source.unlisted(), "with further hashes, not listed"));
        if (source.unreadable() > 0) tell(std::to_string(source.unreadable()) + " could not be read");
    }
    if (sources.empty()) list.emplace_back("nothing to compare");
    return list;
}

Json DriftReport::to_json() const {
    Json list = Json::array();
    for (const DriftSource& source : sources)
        list.push_back(source_json(source));
    return {{"verdict", to_text(verdict())},
            {"entries", entries()},
            {"expected", expected.empty() ? Json(nullptr) : Json(expected)},
            {"hashes", hashes_json(hashes())},
            {"gaps", gaps()},
            {"sources", std::move(list)}};
}

std::string_view to_text(DriftVerdict verdict) {
    if (verdict == DriftVerdict::Same) return "same";
    return verdict == DriftVerdict::Drift ? "drift" : "not-proven";
}

}  // namespace ess
