#include "essctl/screen.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "base/text.hpp"

namespace ess::essctl {

namespace {

struct Paint {
    Colour colour;
    const char* code;
};

constexpr std::array<Paint, 6> paints{{{Colour::Plain, ""},
                                       {Colour::Good, "\x1b[32m"},
                                       {Colour::Bad, "\x1b[1;31m"},
                                       {Colour::Warn, "\x1b[33m"},
                                       {Colour::Dim, "\x1b[2m"},
                                       {Colour::Bold, "\x1b[1m"}}};

bool terminal_wants_colour() {
    const char* const no_colour = std::getenv("NO_COLOR");
    const char* const term = std::getenv("TERM");
    const bool refused =
        (no_colour != nullptr && *no_colour != '\0') || (term != nullptr && std::string_view(term) == "dumb");
    return !refused && ::isatty(STDOUT_FILENO) == 1;
}

/// What a terminal shows of it: characters, not bytes.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// Status of a newer or older daemon may lack what this one knows of.

bool flag_at(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_boolean() && found->get<bool>();
}

Json list_at(const Json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_array() ? *found : Json::array();
}

std::string ms_text(const Json& number, double divisor) {
    if (!number.is_number()) return "";
    std::array<char, 32> text{};
    static_cast<void>(std::snprintf(text.data(), text.size(), "%.1f ms", number.get<double>() / divisor));
    return text.data();
}

std::string headline(const Screen& screen, const Json& status) {
    const std::string state = text_at(status, "state");
    std::size_t alive = 0;
    const Json units = list_at(status, "units");
    for (const Json& unit : units)
        alive += flag_at(unit, "empty") ? 0 : 1;
    const std::string count = std::to_string(units.size());
    if (state == "armed") {
        return screen.mark(Colour::Good) + screen.paint(Colour::Good, "ARMED") + "  a trip would stop " + count +
               " units";
    }
    if (state == "starting") {
        return screen.mark(Colour::Warn) + screen.paint(Colour::Warn, "STARTING") +
               "  one unit after the other; a trip would stop all " + count;
    }
    if (state == "tripped" && alive == 0) {
        return screen.mark(Colour::Bad) + screen.paint(Colour::Bad, "TRIPPED") + "  all " + count +
               " units are stopped. To release: essctl reset --reason TEXT";
    }
    if (state == "tripped" || state == "tripping") {
        return screen.mark(Colour::Bad) + screen.paint(Colour::Bad, state == "tripped" ? "TRIPPED" : "TRIPPING") +
               "  " + std::to_string(alive) + " of " + count + " units still have processes";
    }
    return screen.mark(Colour::Bad) + screen.paint(Colour::Bad, "NOT READY") + "  a stop might fail:";
}

std::vector<Cell> unit_row(const Json& unit, bool tripped) {
    const bool empty = flag_at(unit, "empty");
    const bool masked = flag_at(unit, "masked");
    const bool guarded = flag_at(unit, "guarded");
    const auto stop = unit.find("stop_us");
    std::string active = text_at(unit, "active_state");
    if (const std::string sub = text_at(unit, "sub_state"); !sub.empty() && sub != active) active += " (" + sub + ")";
    const Json* const category = unit.contains("category") ? &unit.at("category") : nullptr;
    const bool immediate = category != nullptr && category->is_number_integer() && category->get<int>() == 0;
    return {{"  " + text_at(unit, "name"), Colour::Bold},
            {active.empty() ? "?" : active, Colour::Plain},
            {empty ? "no process" : "running", tripped ? (empty ? Colour::Good : Colour::Bad) : Colour::Plain},
            {masked ? "masked" : text_at(unit, "load_state"), tripped && !masked ? Colour::Bad : Colour::Plain},
            {guarded ? "guarded" : "NOT GUARDED", guarded ? Colour::Plain : Colour::Bad},
            {immediate ? "immediate" : "controlled", Colour::Dim},
            {stop != unit.end() ? ms_text(*stop, 1000.0) : "", Colour::Plain}};
}

/// The timers, sockets and paths that a trip leaves alone, each with the units that it would start.
std::map<std::string, std::vector<std::string>> triggers_of(const Json& status) {
    std::map<std::string, std::vector<std::string>> triggers;
    for (const Json& unit : list_at(status, "units")) {
        for (const Json& trigger : list_at(unit, "triggered_by")) {
            if (trigger.is_string()) triggers[trigger.get<std::string>()].push_back(text_at(unit, "name"));
        }
    }
    return triggers;
}

std::string facts(const Screen& screen, const Json& status) {
    std::vector<std::vector<Cell>> rows;
    const auto add = [&](const std::string& name, const std::string& text) {
        rows.push_back({{"  " + name, Colour::Dim}, {text, Colour::Plain}});
    };
    const Json latch = status.value("latch", Json::object());
    if (flag_at(latch, "present")) {
        std::string text = "set since " + text_at(latch, "since") + " by " + text_at(latch, "requested_by");
        if (const std::string reason = text_at(latch, "reason"); !reason.empty()) text += ": " + reason;
        add("latch", text);
        if (!flag_at(latch, "persisted")) add("", "NOT ON DISK: a reboot would release it");
    }
    if (const Json pending = status.value("pending_reset", Json()); pending.is_object()) {
        const std::string id = text_at(pending, "operation_id");
        add("reset", id + " of " + text_at(pending, "requested_by") + " waits until " + text_at(pending, "expires") +
                         ": essctl approve " + id);
    }
    if (const Json last = status.value("last_operation", Json()); last.is_object()) {
        add("last", text_at(last, "operation_id") + " " + text_at(last, "outcome") + " " +
                        ms_text(last.value("stop_ms", Json()), 1.0));
    }
    for (const auto& [name, triggered] : triggers_of(status)) {
        add("trigger",
            name + " starts " + join(triggered, ", ") + (flag_at(latch, "present") ? ": powerless while tripped" : ""));
    }
    const Json ledger = status.value("ledger", Json::object());
    const Json entries = ledger.value("entries", Json(0));
    add("ledger", (entries.is_number_integer() ? entries.dump() : "?") + " entries" +
                      (flag_at(ledger, "writable") ? "" : ", NOT WRITABLE"));
    add("config", text_at(status, "config_hash"));
    return table(screen, rows);
}

}  // namespace

Screen::Screen() : rich_(terminal_wants_colour()) {}

std::string Screen::paint(Colour colour, std::string_view text) const {
    if (!rich_ || colour == Colour::Plain) return std::string(text);
    const auto* const found = std::ranges::find_if(paints, [&](const Paint& paint) { return paint.colour == colour; });
    return found->code + std::string(text) + "\x1b[0m";
}

std::string Screen::mark(Colour colour) const {
    return rich_ ? paint(colour, "●") + " " : "";
}

std::string table(const Screen& screen, const std::vector<std::vector<Cell>>& rows) {
    std::vector<std::size_t> widths;
    for (const auto& row : rows) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width(row[i].text));
    }
    std::string text;
    for (const auto& row : rows) {
        std::string line;
        std::size_t owed = 0;
        for (std::size_t i = 0; i < row.size(); ++i) {
            // Blanks only before a cell that has text: no line ends in them.
            if (!row[i].text.empty()) line += std::string(owed, ' ') + screen.paint(row[i].colour, row[i].text);
            if (!row[i].text.empty()) owed = 0;
            owed += widths[i] - width(row[i].text) + 2;
        }
        text += line + "\n";
    }
    return text;
}

std::string status_text(const Screen& screen, const Json& status) {
    std::string text = headline(screen, status) + "\n";
    for (const Json& fault : list_at(status, "faults")) {
        const bool error = text_at(fault, "severity") == "error";
        text += "  " + screen.paint(error ? Colour::Bad : Colour::Warn, error ? "error: " : "warning: ") +
                text_at(fault, "text") + "\n";
    }
    const std::string state = text_at(status, "state");
    const bool tripped = state == "tripped" || state == "tripping";
    std::vector<std::vector<Cell>> rows;
    for (const Json& unit : list_at(status, "units"))
        rows.push_back(unit_row(unit, tripped));
    return text + "\n" + table(screen, rows) + "\n" + facts(screen, status);
}

void out(std::string_view text) {
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), stdout));
}

void err(std::string_view text) {
    static_cast<void>(std::fwrite(text.data(), 1, text.size(), stderr));
}

}  // namespace ess::essctl
