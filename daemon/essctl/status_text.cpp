#include "essctl/status_text.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "essctl/columns.hpp"

namespace ess::essctl {

namespace {

/// What people read before they scroll; a pipe has no page.
constexpr std::size_t lines_in_a_pipe = 20;
/// Fewer would not be worth a look, whatever else is on the screen.
constexpr std::size_t least_unit_lines = 3;
constexpr std::size_t most_triggers = 3;

struct Answer {
    Colour colour = Colour::Bad;
    std::string state;
    std::string text;
};

std::string ms(Micros span) {
    return to_ms_text(span) + " ms";
}

std::string all(std::size_t count) {
    return count == 1 ? "the only unit" : "all " + count_of(count, "unit");
}

Answer tripped_answer(const StatusView& status) {
    const std::size_t count = status.units.size();
    const std::size_t alive = status.alive();
    if (status.state == "tripping") {
        return {Colour::Bad, "TRIPPING",
                std::to_string(count - alive) + " of " + count_of(count, "unit") + " stopped so far"};
    }
    if (alive > 0) {
        return {Colour::Bad, "TRIPPED",
                std::to_string(alive) + " of " + count_of(count, "unit") + (alive == 1 ? " STILL HAS" : " STILL HAVE") +
                    " PROCESSES; essd keeps trying"};
    }
    const auto stop = status.stop();
    std::string text = all(count) + (count == 1 ? " is" : " are") + " stopped" + (stop ? ", in " + ms(*stop) : "");
    const std::size_t unmasked = status.unmasked();
    if (unmasked > 0) text += "; " + std::to_string(unmasked) + " NOT MASKED, essd keeps trying";
    return {Colour::Bad, "TRIPPED", text};
}

std::size_t count_faults(const StatusView& status, bool errors) {
    return static_cast<std::size_t>(
        std::ranges::count_if(status.faults, [&](const FaultView& fault) { return fault.error == errors; }));
}

Answer answer_of(const StatusView& status) {
    if (status.is_tripped()) return tripped_answer(status);
    const std::size_t count = status.units.size();
    if (status.state == "starting") {
        return {Colour::Warn, "STARTING", "one unit after the other; a trip would stop " + all(count)};
    }
    if (status.state == "armed") {
        const std::size_t alive = status.alive();
        const std::string run = alive == 0 ? "none runs" : alive == count ? "all run" : std::to_string(alive) + " run";
        const std::size_t warnings = count_faults(status, false);
        return {Colour::Good, "ARMED",
                "a trip would stop " + all(count) + " (" + run + " now)" +
                    (warnings > 0 ? "; " + count_of(warnings, "warning") : "")};
    }
    if (status.state == "not-ready") {
        return {Colour::Bad, "NOT READY", "a stop might fail: " + count_of(count_faults(status, true), "error")};
    }
    return {Colour::Bad, "UNKNOWN", "essd is in a state that this essctl does not know: " + status.state};
}

/// What to do next, where that is not what the faults say.
std::string next_step(const StatusView& status) {
    if (status.state != "tripped" || status.alive() > 0) return "";
    if (status.pending_reset) return "";
    return "To release, when it is safe: essctl reset --reason TEXT (starts nothing)";
}

std::string faults_text(const Screen& screen, const StatusView& status) {
    std::string text;
    for (const FaultView& fault : status.faults) {
        const std::string kind = fault.error ? "error" : "warning";
        const std::string line = wrapped("  " + kind + ": " + fault.text, screen.columns(), 4);
        text +=
            "  " + screen.paint(fault.error ? Colour::Bad : Colour::Warn, kind) + line.substr(2 + kind.size()) + "\n";
    }
    return text;
}

/// The timers, sockets and paths that a trip leaves alone, each with the units that it would start.
std::string triggers_text(const Screen& screen, const StatusView& status) {
    std::map<std::string, std::vector<std::string>> triggers;
    for (const UnitView& unit : status.units) {
        for (const std::string& trigger : unit.triggered_by)
            triggers[trigger].push_back(unit.name);
    }
    std::string text;
    std::size_t left = triggers.size();
    for (const auto& [name, units] : triggers) {
        if (left > 1 && triggers.size() - left == most_triggers) {
            return text + fact(screen, "",
                               std::string(screen.ellipsis()) + " and " + std::to_string(left) +
                                   " more triggers (essctl status --json)");
        }
        text += fact(screen, "trigger",
                     name + " starts " + join(units, ", ") + (status.latch ? ": powerless while tripped" : ""));
        --left;
    }
    return text;
}

std::string latch_text(const Screen& screen, const StatusView& status) {
    if (!status.latch) return "";
    const LatchView& latch = *status.latch;
    std::string text = "set";
    if (!latch.since.empty()) text += " since " + latch.since;
    if (!latch.requested_by.empty()) text += " by " + latch.requested_by;
    if (!latch.reason.empty()) text += ": " + latch.reason;
    // The copy is written behind the stop.
    return fact(screen, "latch", text) + (latch.persisted || status.state == "tripping"
                                              ? ""
                                              : fact(screen, "", "NOT ON DISK: a reboot would release it"));
}

std::string record_text(const Screen& screen, const StatusView& status) {
    std::string text;
    if (const auto& pending = status.pending_reset) {
        text += fact(screen, "reset",
                     pending->id + " of " + pending->requested_by + " waits until " + pending->expires +
                         " for another person: essctl approve " + pending->id);
    }
    if (const auto& last = status.last_operation) {
        text += fact(screen, "last",
                     last->id + " " + last->outcome + (last->stop ? ", stopped in " + ms(*last->stop) : ""));
    }
    if (const auto& drill = status.last_drill) {
        text += fact(screen, "drill",
                     std::string(drill->good ? "good" : "FAILED") + " at " + drill->at + ", " + drill->rounds +
                         (drill->rounds == "1" ? " round" : " rounds") +
                         (drill->max ? ", slowest " + ms(*drill->max) : ""));
    }
    return text;
}

std::string fleet_text(const FleetView& fleet) {
    return fleet.name + (fleet.host.empty() ? "" : ", here " + fleet.host) +
           (fleet.connected ? ", in contact" : ", OUT OF CONTACT: " + fleet.trouble) +
           (fleet.order.empty() ? "" : "; last order " + fleet.order);
}

enum class Facts { All, Urgent };

std::string facts_text(const Screen& screen, const StatusView& status, Facts which) {
    std::string text = latch_text(screen, status) + record_text(screen, status);
    if (which == Facts::All) text += triggers_text(screen, status);
    if (which == Facts::All || !status.ledger_writable) {
        text += fact(screen, "ledger",
                     status.ledger_entries + (status.ledger_entries == "1" ? " entry" : " entries") +
                         (status.ledger_writable ? "" : ", NOT WRITABLE"));
    }
    if (which == Facts::All && status.fleet) text += fact(screen, "fleet", fleet_text(*status.fleet));
    if (which == Facts::All) text += fact(screen, "config", status.config_hash);
    return text;
}

}  // namespace

std::string headline(const Screen& screen, const StatusView& status) {
    const Answer answer = answer_of(status);
    std::string text = answer_line(screen, answer.colour, answer.state, answer.text);
    if (const std::string next = next_step(status); !next.empty()) {
        const std::size_t mark = screen.rich() ? 2 : 0;
        text += wrapped(std::string(mark, ' ') + next, screen.columns(), mark + 2) + "\n";
    }
    return text;
}

std::string status_text(const Screen& screen, const StatusView& status, UnitList list) {
    const std::string above = headline(screen, status) + faults_text(screen, status) + "\n";
    std::string below = "\n" + facts_text(screen, status, Facts::All);
    if (list == UnitList::Whole) return above + units_text(screen, status, std::nullopt) + below;
    if (!screen.size()) return above + units_text(screen, status, lines_in_a_pipe) + below;
    const std::string units = units_text(screen, status, std::nullopt);
    // One line is for the prompt.
    const auto room = [&] {
        const std::size_t taken = lines_of(above) + lines_of(below) + 1;
        return screen.size()->rows > taken ? screen.size()->rows - taken : 0;
    };
    // The units are more than what can wait.
    if (room() < lines_of(units)) below = "\n" + facts_text(screen, status, Facts::Urgent);
    if (room() >= lines_of(units)) return above + units + below;
    return above + units_text(screen, status, std::max(least_unit_lines, room())) + below;
}

}  // namespace ess::essctl
