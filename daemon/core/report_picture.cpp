#include "core/report_picture.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/html_text.hpp"
#include "core/report.hpp"
#include "core/time_axis.hpp"

namespace ess {

namespace {

/// One of the two drawings.
struct Canvas {
    std::string_view name;  ///< its class
    double width;
    double word_size;    ///< of the words under the marks; the style has the same
    double number_size;  ///< of the numbers
};
constexpr std::array<Canvas, 2> canvases{{{"wide", 820, 11, 13}, {"narrow", 330, 10, 11.5}}};

/// A character of a monospaced font is 0.6 of its height wide; some have a little more.
constexpr double character_width = 0.63;
constexpr double label_gap = 6;
constexpr double margin = 8;  ///< of the axis, for the marks at its ends
/// What happens after the budget, and the mark of the last moment, are not at the very edge.
constexpr double room_behind = 1.15;

constexpr double row_height = 77;
constexpr double bar_middle = 12;
constexpr double tick_reach = 9;  ///< of a mark on the bar, up and down
constexpr double leader_end = 34;
constexpr double shape_middle = 40;
constexpr double word_line = 58;
constexpr double number_line = 72;
constexpr double head_height = 42;
constexpr double tick_distance = 46;

struct Event {
    std::string_view kind;  ///< its class
    std::string_view word;
    Micros time;
};

std::string number(double value) {
    std::array<char, 32> text{};
    static_cast<void>(std::snprintf(text.data(), text.size(), "%.1f", value));
    return text.data();
}

std::string attribute(std::string_view name, std::string_view value) {
    return " " + std::string(name) + "=\"" + std::string(value) + "\"";
}
std::string attribute(std::string_view name, double value) {
    return attribute(name, number(value));
}

std::string line(std::string_view kind, double x1, double y1, double x2, double y2) {
    return "<line" + attribute("class", kind) + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) +
           attribute("y2", y2) + "/>";
}

/// Text with its middle at x. Only words of our own and numbers come here.
std::string label(std::string_view kind, double x, double y, std::string_view text, std::optional<Micros> exact = {}) {
    return "<text" + attribute("class", kind) + attribute("x", x) + attribute("y", y) +
           (exact ? attribute("data-us", std::to_string(exact->count())) : std::string()) + ">" + std::string(text) +
           "</text>";
}

/// Each kind has a shape of its own, so that no colour has to tell them apart.
std::string shape(std::string_view kind, double x, double y) {
    const std::string at = attribute("transform", "translate(" + number(x) + " " + number(y) + ")");
    const std::string kind_class = attribute("class", "mark " + std::string(kind));
    if (kind == "of-all") return {};
    if (kind == "requested") return "<circle" + kind_class + at + " r=\"4.5\"/>";
    if (kind == "empty") return "<circle" + kind_class + at + " r=\"6\"/>";
    std::string_view path = "M-5 -5L5 5M-5 5L5 -5";
    if (kind == "job") path = "M-5.5 4.5L5.5 4.5L0 -5.5Z";
    if (kind == "masked") path = "M-5 -5H5V5H-5Z";
    return "<path" + kind_class + at + attribute("d", path) + "/>";
}

std::vector<Event> events_of(const UnitTimeline& unit) {
    std::vector<Event> events;
    const auto add = [&](std::string_view kind, std::string_view word, const std::optional<Micros>& time) {
        if (time) events.push_back({kind, word, *time});
    };
    add("requested", "requested", unit.stop_requested);
    add("killed", "killed", unit.killed);
    // Of a unit that was not running it is no event: it was empty from the first.
    if (unit.was_running) add("empty", "empty", unit.emptied);
    add("job", "job done", unit.job_done);
    add("masked", "masked", unit.masked);
    std::stable_sort(events.begin(), events.end(),
                     [](const Event& left, const Event& right) { return left.time < right.time; });
    return events;
}

/// One of the two drawings of a trip, row by row.
class Picture {
  public:
    Picture(const TripReport& trip, const Canvas& canvas)
        : trip_(trip),
          canvas_(canvas),
          axis_(last_of(trip), margin, canvas.width - margin),
          ticks_(axis_.ticks(tick_distance)) {}

    [[nodiscard]] std::string head() const {
        std::string svg;
        for (const TimeAxis::Tick& tick : ticks_) {
            const bool first = tick.time == Micros(0);
            svg += label(first ? "tick first" : "tick", first ? 0.0 : axis_.at(tick.time), head_height - 8, tick.label);
        }
        svg += grid(head_height - 4, head_height);
        std::vector<Event> lines;
        if (trip_.stop_time && *trip_.stop_time > Micros(0)) lines.push_back({"gone", "all gone ", *trip_.stop_time});
        if (trip_.budget > Micros(0)) lines.push_back({"budget", "budget ", trip_.budget});
        std::stable_sort(lines.begin(), lines.end(),
                         [](const Event& left, const Event& right) { return left.time < right.time; });
        std::vector<std::string> texts;
        std::vector<PlacedLabel> wanted;
        for (const Event& event : lines) {
            texts.push_back(std::string(event.word) + to_ms_text(event.time) + " ms");
            wanted.push_back({axis_.at(event.time), text_width(texts.back(), canvas_.word_size)});
        }
        const auto places = spread_labels(wanted, 0, canvas_.width, label_gap * 2);
        for (std::size_t i = 0; i < lines.size(); ++i)
            svg += label(std::string(lines[i].kind) + "-label", places[i], 13, texts[i], lines[i].time);
        return drawing(svg, head_height);
    }

    [[nodiscard]] std::string row(const UnitTimeline& unit) const {
        const std::vector<Event> events = events_of(unit);
        std::string svg = grid(0, row_height);
        const double zero = axis_.at(Micros(0));
        const double end = !unit.empty ? canvas_.width : axis_.at(unit.emptied.value_or(Micros(0)));
        if (!events.empty())
            svg += line("settling", zero, bar_middle, std::max(end, axis_.at(events.back().time)), bar_middle);
        if (unit.was_running || !unit.empty)
            svg += line(unit.empty ? "alive" : "alive still", zero, bar_middle, end, bar_middle);
        return drawing(svg + labels(events), row_height);
    }

    /// All units in one row: when the last process of each was gone.
    [[nodiscard]] std::string crowd() const {
        std::vector<Micros> times;
        for (const UnitTimeline& unit : trip_.units) {
            if (unit.was_running && unit.empty && unit.emptied) times.push_back(*unit.emptied);
        }
        std::sort(times.begin(), times.end());
        std::string svg = grid(0, row_height);
        for (const Micros time : times)
            svg += line("one", axis_.at(time), bar_middle - tick_reach, axis_.at(time), bar_middle + tick_reach);
        if (times.empty()) return drawing(svg, row_height);
        return drawing(svg + labels({{"of-all", "first", times.front()},
                                     {"of-all", "half gone", times[(times.size() - 1) / 2]},
                                     {"of-all", "last", times.back()}}),
                       row_height);
    }

  private:
    static Micros last_of(const TripReport& trip) {
        Micros last = std::max(trip.budget, trip.stop_time.value_or(Micros(0)));
        for (const UnitTimeline& unit : trip.units) {
            for (const Event& event : events_of(unit))
                last = std::max(last, event.time);
        }
        return Micros(static_cast<Micros::rep>(static_cast<double>(last.count()) * room_behind));
    }
    static double text_width(std::string_view text, double size) {
        return static_cast<double>(text.size()) * size * character_width;
    }

    [[nodiscard]] std::string drawing(const std::string& inner, double height) const {
        return "<svg" + attribute("class", canvas_.name) + " xmlns=\"http://www.w3.org/2000/svg\"" +
               attribute("viewBox", "0 0 " + number(canvas_.width) + " " + number(height)) + ">" + inner + "</svg>";
    }

    [[nodiscard]] std::string grid(double top, double bottom) const {
        std::string svg;
        const double late = axis_.at(trip_.budget);
        if (trip_.budget > Micros(0)) {
            svg += "<rect class=\"late\"" + attribute("x", late) + attribute("y", top) +
                   attribute("width", canvas_.width - late) + attribute("height", bottom - top) + "/>";
        }
        for (const TimeAxis::Tick& tick : ticks_)
            svg += line("grid", axis_.at(tick.time), top, axis_.at(tick.time), bottom);
        if (trip_.budget > Micros(0)) svg += line("budget", late, top, late, bottom);
        return svg;
    }

    [[nodiscard]] std::string labels(const std::vector<Event>& events) const {
        std::vector<PlacedLabel> wanted;
        for (const Event& event : events) {
            wanted.push_back({axis_.at(event.time), std::max(text_width(event.word, canvas_.word_size),
                                                             text_width(mark_text(event.time), canvas_.number_size))});
        }
        // What happened within the budget is told on its side of the line.
        const double late = axis_.at(trip_.budget);
        const bool in_time = !events.empty() && axis_.at(events.back().time) < late;
        const auto places = spread_labels(wanted, 0, in_time ? late - 2 : canvas_.width, label_gap);
        std::string svg;
        for (std::size_t i = 0; i < events.size(); ++i) {
            const Event& event = events[i];
            const std::string strong = event.kind == "empty" ? " strong" : "";
            const double at = axis_.at(event.time);
            svg += line("tick-mark", at, bar_middle - tick_reach, at, bar_middle + tick_reach);
            svg += line("leader", at, bar_middle + tick_reach, places[i], leader_end);
            svg += label("word" + strong, places[i], word_line, event.word);
            svg += label("number" + strong, places[i], number_line, mark_text(event.time), event.time);
            svg += shape(event.kind, places[i], shape_middle);
        }
        return svg;
    }

    const TripReport& trip_;
    const Canvas& canvas_;
    TimeAxis axis_;
    std::vector<TimeAxis::Tick> ticks_;
};

std::string row_of(std::string_view kind, const std::string& name, const std::string& ending,
                   const std::string& drawings) {
    return html_element("div", attribute("class", kind).substr(1),
                        html_element("p", "class=\"unit\"",
                                     html_element("bdi", "class=\"name\"", html_text(name)) + " " +
                                         html_element("span", "class=\"ending\"", html_text(ending))) +
                            drawings) +
           "\n";
}

std::string legend() {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kinds{
        {{"requested", "stop requested"},
         {"killed", "killed by the kernel"},
         {"empty", "empty: the last process is gone"},
         {"job", "stop job done"},
         {"masked", "masked, read back"}}};
    std::string items;
    for (const auto& [kind, text] : kinds) {
        items += "<li><svg class=\"key\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\">" +
                 shape(kind, 8, 8) + "</svg> " + std::string(text) + "</li>";
    }
    return html_element("ul", "class=\"legend\"", items) + "\n";
}

}  // namespace

std::string timeline_picture(const TripReport& trip) {
    const std::array<Picture, 2> pictures{Picture(trip, canvases[0]), Picture(trip, canvases[1])};
    std::string rows;
    if (trip.units.size() > drawn_units) {
        rows += row_of("row crowd", "All " + std::to_string(trip.units.size()) + " units",
                       "when the last process of each was gone", pictures[0].crowd() + pictures[1].crowd());
    }
    const std::size_t drawn = std::min(trip.units.size(), drawn_units);
    for (std::size_t i = 0; i < drawn; ++i) {
        const UnitTimeline& unit = trip.units[i];
        rows +=
            row_of("row", unit.name, unit_ending(unit, trip.resumed), pictures[0].row(unit) + pictures[1].row(unit));
    }
    return legend() +
           "<div class=\"picture\" role=\"img\" aria-label=\"The timeline; the table below has the same numbers.\">\n" +
           html_element("div", "class=\"head\"", pictures[0].head() + pictures[1].head()) + "\n" +
           html_element("div", "class=\"rows\"", "\n" + rows) + "</div>\n";
}

}  // namespace ess
