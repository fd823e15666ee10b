#include "core/timeline_reading.hpp"

#include <algorithm>
#include <cstdint>
#include <tuple>

namespace ess {

namespace {

/// A hundred days: what the labels of a picture have room for, and a stop takes seconds.
constexpr std::int64_t longest_us = std::int64_t{100} * 86400 * 1'000'000;

/// Reads members and keeps the first that is not as it should be.
class Reader {
  public:
    Reader(const Json& object, std::string place) : object_(object), place_(std::move(place)) {}

    std::optional<Micros> span(const char* name) {
        const auto number = whole(name, longest_us);
        return number ? std::optional(Micros(*number)) : std::nullopt;
    }
    std::optional<std::int64_t> whole(const char* name, std::int64_t greatest) {
        const Json* const value = member(name);
        if (value == nullptr || value->is_null()) return std::nullopt;
        const bool fits = value->is_number_unsigned()
                              ? value->get<std::uint64_t>() <= static_cast<std::uint64_t>(greatest)
                              : value->is_number_integer() && value->get<std::int64_t>() >= 0 &&
                                    value->get<std::int64_t>() <= greatest;
        if (fits) return value->get<std::int64_t>();
        wrong(name);
        return std::nullopt;
    }
    bool flag(const char* name) {
        const Json* const value = member(name);
        if (value == nullptr) return false;
        if (!value->is_boolean()) wrong(name);
        return value->is_boolean() && value->get<bool>();
    }
    std::string text(const char* name) {
        const Json* const value = member(name);
        if (value == nullptr) return {};
        if (!value->is_string()) wrong(name);
        return value->is_string() ? value->get<std::string>() : std::string();
    }
    std::vector<std::string> texts(const char* name) {
        const Json* const value = member(name);
        if (value == nullptr) return {};
        std::vector<std::string> list;
        if (!value->is_array()) wrong(name);
        for (const Json& item : value->is_array() ? *value : Json::array()) {
            if (!item.is_string()) wrong(name);
            if (item.is_string()) list.push_back(item.get<std::string>());
        }
        return list;
    }
    void wrong(const std::string& name) {
        if (wrong_.empty()) wrong_ = place_ + name;
    }
    [[nodiscard]] const std::string& wrong() const { return wrong_; }

  private:
    const Json* member(const char* name) const {
        const auto found = object_.find(name);
        return found == object_.end() ? nullptr : &*found;
    }

    const Json& object_;
    std::string place_;
    std::string wrong_;
};

Result<UnitTimeline> read_unit(const Json& json, std::size_t number) {
    const std::string place = "units." + std::to_string(number) + ".";
    if (!json.is_object()) return failure(place + " is not an object");
    Reader reader(json, place);
    UnitTimeline unit;
    unit.name = reader.text("name");
    if (unit.name.empty()) reader.wrong("name");
    const auto category = reader.whole("category", 1);
    unit.category = category && *category == 0 ? StopCategory::Immediate : StopCategory::Controlled;
    unit.was_running = reader.flag("was_running");
    unit.empty = reader.flag("empty");
    unit.stop_requested = reader.span("stop_requested_us");
    unit.killed = reader.span("killed_us");
    unit.emptied = reader.span("empty_us");
    unit.job_done = reader.span("job_done_us");
    unit.masked = reader.span("masked_us");
    unit.came_back = static_cast<std::uint32_t>(reader.whole("came_back", UINT32_MAX).value_or(0));
    unit.trouble = reader.text("trouble");
    if (!reader.wrong().empty()) return failure(reader.wrong() + " is not as essd writes it");
    return unit;
}

}  // namespace

Result<TripReport> read_timeline(const Json& ess) {
    if (!ess.is_object()) return failure("there is none in the entry");
    const auto units = ess.find("units");
    if (units == ess.end() || !units->is_array()) return failure("the entry has no list of units");
    Reader reader(ess, "");
    TripReport trip;
    trip.budget = reader.span("budget_us").value_or(Micros(0));
    trip.stop_time = reader.span("stop_us");
    trip.resumed = reader.flag("resumed");
    trip.completion = reader.flag("completion");
    trip.problems = reader.texts("problems");
    trip.pulled_down = reader.texts("pulled_down");
    if (!reader.wrong().empty()) return failure(reader.wrong() + " is not as essd writes it");
    for (const Json& json : *units) {
        auto unit = read_unit(json, trip.units.size());
        if (!unit) return tl::make_unexpected(unit.error());
        trip.units.push_back(std::move(*unit));
    }
    return trip;
}

void sort_slowest_first(std::vector<UnitTimeline>& units) {
    const auto rank = [](const UnitTimeline& unit) {
        const int group = !unit.empty ? 0 : unit.was_running ? 1 : 2;
        return std::tuple(group, -unit.emptied.value_or(Micros(0)).count(), std::string_view(unit.name));
    };
    std::stable_sort(units.begin(), units.end(),
                     [&](const UnitTimeline& left, const UnitTimeline& right) { return rank(left) < rank(right); });
}

}  // namespace ess
