// The units of a status: one line each, and a count of those that there is no room for.

#include <algorithm>
#include <utility>

#include "essctl/columns.hpp"
#include "essctl/status_text.hpp"

namespace ess::essctl {

namespace {

/// Neither running nor installed: nothing to stop.
bool is_missing(const UnitView& unit) {
    return unit.load == "not-found";
}

bool is_as_it_should_be(const StatusView& status, const UnitView& unit) {
    if (status.state == "tripping") return unit.empty;
    if (status.is_tripped()) return unit.empty && unit.masked && unit.guarded;
    const bool left_behind = unit.active == "inactive" && !unit.empty;
    return unit.guarded && !unit.masked && !is_missing(unit) && !left_behind;
}

/// What a unit does while nothing is tripped, in systemd's words.
Cell state_of(const UnitView& unit) {
    if (is_missing(unit)) return {"not installed", Colour::Warn};
    if (unit.masked) return {"masked", Colour::Warn};
    if (unit.active.empty()) return {"unknown", Colour::Warn};
    if (unit.active == "inactive" && !unit.empty) return {"inactive, has processes", Colour::Warn};
    if (unit.active == "active" && unit.sub == "running") return {"running", Colour::Plain};
    const bool says_more = !unit.sub.empty() && unit.sub != unit.active && unit.sub != "dead";
    return {unit.active + (says_more ? " (" + unit.sub + ")" : ""), Colour::Plain};
}

Cell stopped_of(const UnitView& unit, bool under_way) {
    if (unit.empty) return {"stopped", Colour::Good};
    return under_way ? Cell{"stopping", Colour::Warn} : Cell{"STILL RUNNING", Colour::Bad};
}

/// Masks come when all units are down.
Cell mask_of(const UnitView& unit, bool under_way) {
    if (unit.masked) return {"masked", Colour::Plain};
    return under_way ? Cell{"mask to come", Colour::Dim} : Cell{"NOT MASKED", Colour::Bad};
}

Cell guard_of(const UnitView& unit) {
    return unit.guarded ? Cell{"guarded", Colour::Plain} : Cell{"NOT GUARDED", Colour::Bad};
}

Cells row_of(const StatusView& status, const UnitView& unit) {
    const Cell name{"  " + unit.name, Colour::Bold};
    const Cell category{unit.immediate ? "immediate" : "controlled", Colour::Dim};
    if (!status.is_tripped()) return {name, state_of(unit), guard_of(unit), category};
    const bool under_way = status.state == "tripping";
    const Cell time{unit.empty && unit.stop ? to_ms_text(*unit.stop) + " ms" : "", Colour::Plain};
    return {name, stopped_of(unit, under_way), time, mask_of(unit, under_way), guard_of(unit), category};
}

/// Numbers are compared by where their points stand.
void align_times(std::vector<Cells>& rows) {
    constexpr std::size_t time = 2;
    std::size_t widest = 0;
    for (const Cells& row : rows)
        widest = std::max(widest, row[time].text.size());
    for (Cells& row : rows) {
        if (!row[time].text.empty()) row[time].text.insert(0, widest - row[time].text.size(), ' ');
    }
}

std::string rows_text(const Screen& screen, const StatusView& status, const std::vector<UnitView>& units,
                      std::size_t count) {
    std::vector<Cells> rows;
    for (std::size_t i = 0; i < count; ++i)
        rows.push_back(row_of(status, units[i]));
    if (status.is_tripped()) align_times(rows);
    return fitted_table(screen, std::move(rows));
}

std::string rest_text(const Screen& screen, std::size_t hidden, std::size_t hidden_wrong) {
    std::string text = "  " + std::string(screen.ellipsis()) + " and " + std::to_string(hidden) + " more";
    if (hidden_wrong == 0) {
        text += ", all as they should be";
    } else {
        text += ", " + std::to_string(hidden_wrong) + " of them NOT as they should be";
    }
    return wrapped(text + " (essctl status --all)", screen.columns(), 4) + "\n";
}

}  // namespace

std::string units_text(const Screen& screen, const StatusView& status, std::optional<std::size_t> lines) {
    std::vector<UnitView> units = status.units;
    std::string text = rows_text(screen, status, units, units.size());
    if (!lines || lines_of(text) <= *lines) return text;
    const auto well = std::stable_partition(units.begin(), units.end(),
                                            [&](const UnitView& unit) { return !is_as_it_should_be(status, unit); });
    const auto wrong = static_cast<std::size_t>(well - units.begin());
    // On a narrow screen a unit takes more than a line.
    const std::size_t shown = std::max<std::size_t>(1, (*lines - 1) * units.size() / lines_of(text));
    text = rows_text(screen, status, units, shown);
    return text + rest_text(screen, units.size() - shown, wrong > shown ? wrong - shown : 0);
}

}  // namespace ess::essctl
