#include "host/maintenance.hpp"

#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "host/command_output.hpp"

namespace ess::host {

namespace {

using std::chrono::seconds;

constexpr Micros patience = seconds(5);
constexpr std::size_t output_limit = 4096;

/// What it prints about the first time that the event elapses at or after `from`.
Result<std::string> next_elapse(const std::string& event, WallTime from) {
    // An event elapses strictly after the base time.
    const auto base = std::chrono::floor<seconds>(from.time_since_epoch()) - seconds(1);
    return command_output(
        {{"systemd-analyze", "calendar", "--iterations=1", "--base-time=@" + std::to_string(base.count()), "--", event},
         patience,
         output_limit});
}

/// The words behind `label` in a line of the output: "Sat 2026-11-28 01:00:00 UTC"; empty if there is no such line.
std::string_view line_behind(std::string_view output, std::string_view label) {
    const std::size_t at = output.find(label);
    if (at == std::string_view::npos) return {};
    const std::string_view rest = output.substr(at + label.size());
    return trim(rest.substr(0, rest.find('\n')));
}

/// The moment that the output names; nothing for "never".
Result<std::optional<WallTime>> moment_in(std::string_view output) {
    std::string_view text = line_behind(output, "(in UTC):");
    if (text.empty()) text = line_behind(output, "Next elapse:");
    if (text == "never") return std::optional<WallTime>();
    constexpr std::size_t weekday = 4;  // "Sat "
    constexpr std::size_t date = 10;
    constexpr std::size_t time = 8;
    if (text.size() >= weekday + date + 1 + time && text.ends_with(" UTC")) {
        const std::string day(text.substr(weekday, date));
        const std::string hour(text.substr(weekday + date + 1, time));
        if (const auto moment = from_rfc3339(day + "T" + hour + "Z")) return std::optional<WallTime>(*moment);
    }
    return failure("systemd-analyze calendar: \"" + clean_line(text, output_limit) + "\" is not a time in UTC");
}

}  // namespace

std::vector<ConfigFault> problems_of(const std::vector<MaintenanceWindow>& windows) {
    std::vector<ConfigFault> faults;
    for (const MaintenanceWindow& window : windows) {
        if (next_elapse(window.start, wall_now())) continue;
        faults.push_back({"config_hash.maintenance", 0, 0,
                          "\"" + clean_line(window.start, output_limit) +
                              "\" is not a calendar event; try: systemd-analyze calendar 'Sat *-*-* 02:00'"});
    }
    return faults;
}

Result<bool> in_maintenance(const std::vector<MaintenanceWindow>& windows, WallTime now) {
    for (const MaintenanceWindow& window : windows) {
        // In the window if one began within the last `duration`.
        const auto output = next_elapse(window.start, now - window.duration);
        if (!output)
            return failure_in("maintenance window \"" + clean_line(window.start, output_limit) + "\"", output.error());
        const auto begin = moment_in(*output);
        if (!begin) return tl::make_unexpected(begin.error());
        if (*begin && **begin <= now && now < **begin + window.duration) return true;
    }
    return false;
}

}  // namespace ess::host
