// What the desk keeps an eye on beside the trip: the trading configuration, and whether essd ended in order.

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/paths.hpp"
#include "essd/desk.hpp"
#include "essd/requester.hpp"
#include "host/journal.hpp"
#include "host/maintenance.hpp"

namespace ess::essd {

namespace {

using host::journal::Level;

constexpr std::size_t mark_limit = 256;

/// The newest time at which one of the files was changed: nobody was there to see it.
WallTime last_change(const Config& config) {
    WallTime newest{};
    for (const std::string& name : config.config_hash.files) {
        std::error_code fault;
        const auto time = std::filesystem::last_write_time(config.config_hash.directory + "/" + name, fault);
        if (fault) continue;
        const auto wall = std::chrono::time_point_cast<Micros>(std::chrono::file_clock::to_sys(time));
        newest = std::max(newest, WallTime(wall.time_since_epoch()));
    }
    return newest == WallTime{} ? wall_now() : newest;
}

}  // namespace

void Recorder::Desk::identify(const Requester& who, const std::function<void(const std::string&)>& done) {
    post_([done, name = name_of(who, spokesmen_)] { done(name); });
}

void Recorder::Desk::look_at_configuration() {
    const auto watched = watch_.watch(config_.config_hash.directory, config_.config_hash.files);
    const std::string trouble = watched ? "" : watched.error().text;
    if (!trouble.empty() && trouble != watch_trouble_) {
        host::journal::log(Level::Warning, "the trading configuration is looked at once a minute only: " + trouble);
    }
    watch_trouble_ = trouble;
    refresh_stamp();
    record_configuration(false);
}

/// Whether the windows cover the change. Without any, nobody said when to expect one.
bool Recorder::Desk::is_expected(bool while_down) const {
    const auto& windows = config_.config_hash.maintenance;
    if (windows.empty()) return true;
    const auto inside = host::in_maintenance(windows, while_down ? last_change(config_) : wall_now());
    if (!inside) host::journal::log(Level::Error, inside.error().text);
    return inside && *inside;
}

void Recorder::Desk::record_configuration(bool while_down) {
    const std::string from = std::exchange(known_hash_, stamp_.config_hash);
    // A ledger without entries knows of no configuration before.
    if (from.empty() || from == stamp_.config_hash) return;
    const bool expected = is_expected(while_down);
    const std::string text = "the trading configuration changed from " + from + " to " + stamp_.config_hash +
                             (while_down ? " while essd was down" : "") +
                             (expected ? "" : ", outside of the maintenance windows");
    const WallTime now = wall_now();
    const EventText event{.name = "Trading configuration changed",
                          .summary = "Seen: " + text + ".",
                          .objective = "Know which configuration was active when",
                          .blast_radius = "Whatever reads the configuration.",
                          .approved_by = "unknown",
                          .risk_class = "READ_ONLY"};
    const Json change{
        {"from", from}, {"to", stamp_.config_hash}, {"unexpected", !expected}, {"while_down", while_down}};
    const std::string id = append(LedgerKind::Configuration, event_entry(event, "unknown", stamp_, now), change, now);
    host::journal::event(message_id::configuration_changed, expected ? Level::Warning : Level::Critical, text,
                         {{"ESS_CONFIG_HASH", stamp_.config_hash}, {"ESS_OPERATION_ID", id}});
}

void Recorder::Desk::mark_running() {
    const auto mark = read_head(paths::running_mark, mark_limit);
    const auto marked = replace_file(paths::running_mark, "essd is running since " + to_rfc3339(wall_now()) + "\n",
                                     0644, Durability::Durable);
    if (!marked) host::journal::log(Level::Warning, marked.error().text);
    if (!mark) return;
    const WallTime now = wall_now();
    const EventText event{.name = "Daemon started after a crash",
                          .summary = "essd had not ended in order (the mark it left: " + clean_line(*mark, mark_limit) +
                                     "): it was killed, or the host went down under it.",
                          .blast_radius = "While it was down, the guard kept a set latch in force.",
                          .risk_class = "READ_ONLY"};
    append(LedgerKind::Crash, event_entry(event, "essd", stamp_, now), nullptr, now);
}

void Recorder::Desk::farewell() {
    if (auto removed = remove_file(paths::running_mark, Durability::Durable); !removed) {
        host::journal::log(Level::Warning, removed.error().text);
    }
}

}  // namespace ess::essd
