#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "core/drift.hpp"
#include "essctl/columns.hpp"
#include "essctl/fleet_text.hpp"
#include "essctl/fleet_verbs.hpp"
#include "essctl/screen.hpp"

namespace ess::essctl {

namespace {

std::ptrdiff_t latched_hosts(const FleetPicture& picture) {
    return std::ranges::count_if(picture.hosts, &FleetHost::is_latched);
}

bool all_would_stop(const FleetPicture& picture) {
    return !picture.hosts.empty() && std::ranges::all_of(picture.hosts, &FleetHost::is_armed);
}

Exit exit_of(const FleetPicture& picture) {
    if (latched_hosts(picture) > 0) return Exit::Tripped;
    return all_would_stop(picture) ? Exit::Fine : Exit::NotReady;
}

std::string headline(const Screen& screen, const std::string& fleet, const FleetPicture& picture) {
    const std::string of_all = " of " + std::to_string(picture.hosts.size()) + " hosts of the fleet " + fleet;
    if (picture.hosts.empty()) {
        return answer_line(screen, Colour::Warn, "NOT READY", "no host is in the fleet " + fleet + " yet");
    }
    if (const auto down = latched_hosts(picture); down > 0) {
        return answer_line(screen, Colour::Bad, "TRIPPED", std::to_string(down) + of_all);
    }
    const auto ready = std::ranges::count_if(picture.hosts, &FleetHost::is_armed);
    const bool all = all_would_stop(picture);
    return answer_line(screen, all ? Colour::Good : Colour::Warn, all ? "ARMED" : "NOT READY",
                       (all ? "all" + of_all.substr(3) : std::to_string(ready) + of_all) + " would stop");
}

std::string advice(const Screen& screen, const FleetPicture& picture) {
    std::string text;
    for (const FleetHost& host : picture.hosts) {
        if (host.present && !host.report.ready) {
            text += fact(screen, host.name, "is not ready, look there: " + join(host.report.faults, ", "));
        } else if (!host.present) {
            text += fact(screen, host.name,
                         "is out of contact: an order reaches it when it is back; to stop it now: essctl "
                         "trip there; gone for good: essctl fleet forget " +
                             host.name);
        }
    }
    return text;
}

}  // namespace

Exit fleet_status(const FleetShowOptions& options) {
    auto client = FleetClient::make(options.access);
    if (!client) return fail(client.error());
    const auto picture = client->look();
    if (!picture) return fail(picture.error());
    const WallTime now = wall_now();
    if (options.json) {
        Json json = to_json(*picture, now);
        json["fleet"] = client->name();
        json["ready"] = all_would_stop(*picture);
        out(json.dump(2) + "\n");
        return exit_of(*picture);
    }
    const Screen screen;
    out(headline(screen, client->name(), *picture) + "\n" + hosts_text(screen, *picture, now) + "\n" +
        fact(screen, "order", order_text(*picture)) + advice(screen, *picture));
    return exit_of(*picture);
}

namespace {

DriftReport drift_of(const FleetPicture& picture) {
    DriftReport report;
    for (const FleetHost& host : picture.hosts) {
        DriftSource source(host.name, {});
        // What an absent host said once proves nothing of now.
        static_cast<void>(source.take({host.present ? host.report.config_hash : "", {}, true}));
        report.sources.push_back(std::move(source));
    }
    return report;
}

std::string drift_headline(const Screen& screen, const DriftReport& report) {
    const std::string hosts = std::to_string(report.sources.size()) + " hosts";
    switch (report.verdict()) {
        case DriftVerdict::Same:
            return answer_line(screen, Colour::Good, "NO DRIFT", "one configuration on all " + hosts);
        case DriftVerdict::Drift:
            return answer_line(screen, Colour::Bad, "DRIFT",
                               std::to_string(report.hashes().size()) + " configurations on " + hosts);
        case DriftVerdict::NotProven:
            break;
    }
    return answer_line(screen, Colour::Warn, "NOT PROVEN", hosts);
}

/// What more than half of those that say have is taken for the right one; nothing if there is none.
std::string common_hash(const DriftReport& report) {
    const HashUses hashes = report.hashes();
    std::uint64_t all = 0;
    for (const auto& [hash, use] : hashes)
        all += use.count;
    const auto found = std::ranges::find_if(hashes, [&](const auto& use) { return use.second.count * 2 > all; });
    return found == hashes.end() ? "" : found->first;
}

}  // namespace

Exit fleet_drift(const FleetShowOptions& options) {
    auto client = FleetClient::make(options.access);
    if (!client) return fail(client.error());
    const auto picture = client->look();
    if (!picture) return fail(picture.error());
    const DriftReport report = drift_of(*picture);
    const DriftVerdict verdict = report.verdict();
    const Exit exit = verdict == DriftVerdict::Same    ? Exit::Fine
                      : verdict == DriftVerdict::Drift ? Exit::Failed
                                                       : Exit::NotReady;
    if (options.json) {
        out(report.to_json().dump(2) + "\n");
        return exit;
    }
    const Screen screen;
    const std::string common = common_hash(report);
    std::vector<Cells> rows;
    for (std::size_t i = 0; i < report.sources.size(); ++i) {
        const std::string& hash = report.sources[i].newest();
        const FleetHost& host = picture->hosts[i];
        const bool differs = !hash.empty() && !common.empty() && hash != common;
        const std::string unknown = host.present ? "does not say" : "absent; it was " + host.report.config_hash;
        rows.push_back({{"  " + host.name, Colour::Bold},
                        {hash.empty() ? unknown : hash, hash.empty() ? Colour::Warn
                                                        : differs    ? Colour::Bad
                                                                     : Colour::Plain},
                        {differs ? "DIFFERS" : "", Colour::Bad}});
    }
    out(drift_headline(screen, report) + "\n" + fitted_table(screen, std::move(rows)));
    return exit;
}

}  // namespace ess::essctl
