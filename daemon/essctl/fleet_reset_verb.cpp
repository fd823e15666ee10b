#include <poll.h>

#include <algorithm>

#include "base/text.hpp"
#include "core/fleet_orders.hpp"
#include "core/latch_text.hpp"
#include "essctl/columns.hpp"
#include "essctl/fleet_text.hpp"
#include "essctl/fleet_verbs.hpp"
#include "essctl/person.hpp"
#include "essctl/screen.hpp"

namespace ess::essctl {

namespace {

/// How long the request lives: a host that is cut off for longer is not released by it on its return. A host's reset
/// waits for systemd's Reload, which takes seconds on a big host.
constexpr Micros request_time = std::chrono::seconds(60);
constexpr int look_pause_ms = 200;

/// The hosts that are to be asked, with the trips that are meant; or why one cannot be.
FleetResult<std::map<std::string, std::string>> chosen(const FleetPicture& picture, const FleetResetOptions& options) {
    std::map<std::string, std::string> hosts;
    if (options.all) {
        for (const FleetHost& host : picture.hosts) {
            if (host.present && host.is_latched()) hosts.emplace(host.name, host.report.latch_since);
        }
        return hosts;
    }
    for (const std::string& name : options.hosts) {
        const FleetHost* const host = picture.find(name);
        const auto refused = [&](const std::string& why) {
            return tl::unexpected(
                FleetFailure{clean_line(name, reason_limit) + " " + why + "; nobody was asked", Exit::Refused});
        };
        if (host == nullptr) return refused("is no host of this fleet; see: essctl fleet status");
        if (!host->present) return refused("is out of contact: reset it there, with essctl reset");
        if (!host->is_latched()) return refused("is not tripped");
        hosts.emplace(name, host->report.latch_since);
    }
    return hosts;
}

/// What a host said to this request; nothing yet.
const HostReport::Reset* answer_of(const FleetPicture& picture, const std::string& host, const std::string& id) {
    const FleetHost* const found = picture.find(host);
    if (found == nullptr || !found->report.reset || found->report.reset->id != id) return nullptr;
    return &*found->report.reset;
}

FleetPicture wait_for_answers(FleetClient& client, const FleetReset& request, FleetPicture picture) {
    const Instant deadline = monotonic_now() + request_time;
    const auto all_answered = [&] {
        return std::ranges::all_of(
            request.hosts, [&](const auto& host) { return answer_of(picture, host.first, request.id) != nullptr; });
    };
    while (!all_answered() && monotonic_now() < deadline) {
        static_cast<void>(::poll(nullptr, 0, look_pause_ms));
        if (auto now = client.look()) picture = std::move(*now);
    }
    return picture;
}

/// How many of the hosts answered so; "" counts those that did not.
std::ptrdiff_t count_of(const FleetPicture& picture, const FleetReset& request, const std::string& result) {
    return std::ranges::count_if(request.hosts, [&](const auto& host) {
        const auto* const answer = answer_of(picture, host.first, request.id);
        return (answer == nullptr ? "" : answer->result) == result;
    });
}

/// The order ends for hosts that join from now on. Not a newer one, which nobody has looked at yet.
FleetResult<bool> release(FleetClient& client, const FleetPicture& picture, const std::string& by,
                          const std::string& reason) {
    FleetTrip released = *picture.order;
    released.released_by = by;
    released.release_reason = reason;
    return client.put_if_unchanged(client.keys().trip(), to_text(released), picture.order_revision);
}

std::string answers_text(const Screen& screen, const FleetPicture& picture, const FleetReset& request) {
    std::vector<Cells> rows;
    for (const auto& [host, since] : request.hosts) {
        const auto* const answer = answer_of(picture, host, request.id);
        if (answer == nullptr) {
            rows.push_back({{"  " + host, Colour::Bold}, {"no answer", Colour::Bad}, {"look there: essctl status"}});
            continue;
        }
        const Colour colour = answer->result == "done"      ? Colour::Good
                              : answer->result == "pending" ? Colour::Warn
                                                            : Colour::Bad;
        const std::string next = answer->result == "pending" ? "another person there: " + answer->text : answer->text;
        rows.push_back({{"  " + host, Colour::Bold}, {answer->result, colour}, {next}});
    }
    return fitted_table(screen, std::move(rows));
}

Json answers_json(const FleetPicture& picture, const FleetReset& request, const std::string& order) {
    Json hosts = Json::object();
    for (const auto& [host, since] : request.hosts) {
        const auto* const answer = answer_of(picture, host, request.id);
        hosts[host] = answer == nullptr ? Json{{"result", "none"}, {"text", ""}}
                                        : Json{{"result", answer->result}, {"text", answer->text}};
    }
    return {{"request_id", request.id}, {"hosts", hosts}, {"order", order}};
}

Exit exit_of(const FleetPicture& picture, const FleetReset& request) {
    if (count_of(picture, request, "refused") > 0) return Exit::Refused;
    if (count_of(picture, request, "failed") + count_of(picture, request, "") > 0) return Exit::Failed;
    return count_of(picture, request, "pending") > 0 ? Exit::Tripped : Exit::Fine;
}

std::string absent_text(const Screen& screen, const FleetPicture& picture) {
    std::string text;
    for (const FleetHost& host : picture.hosts) {
        if (!host.present) {
            text += fact(screen, host.name,
                         "is out of contact and was not asked: an order that it missed trips it when it is back");
        }
    }
    return text;
}

}  // namespace

Exit fleet_reset(const FleetResetOptions& options) {
    if (!options.all && options.hosts.empty()) {
        err("essctl: fleet reset: name hosts with --host HOST, or say --all\n");
        return Exit::Usage;
    }
    auto client = FleetClient::make(options.access);
    if (!client) return fail(client.error());
    const auto user = client->user();
    if (!user) return fail(user.error());
    auto picture = client->look();
    if (!picture) return fail(picture.error());
    const auto hosts = chosen(*picture, options);
    if (!hosts) return fail(hosts.error());
    const FleetPicture asked = *picture;
    const FleetReset request{new_fleet_id(), clean_line(options.reason, reason_limit), *hosts};
    if (!hosts->empty()) {
        const auto put = client->put(client->keys().reset(*user), to_text(request), request_time);
        if (!put) return fail(put.error());
        *picture = wait_for_answers(*client, request, std::move(*picture));
    }
    Exit exit = exit_of(*picture, request);
    std::string order = options.all ? "unchanged" : "not asked";
    const bool released = asked.order && asked.order->released_by;
    if (options.all && asked.order && !released && (exit == Exit::Fine || exit == Exit::Tripped)) {
        const auto done = release(*client, asked, *user, request.reason);
        if (!done) return fail(done.error());
        order = *done ? "released" : "a newer order is there";
        if (!*done) exit = Exit::Tripped;
    }
    if (options.json) {
        out(answers_json(*picture, request, order).dump(2) + "\n");
        return exit;
    }
    const Screen screen;
    if (hosts->empty()) out("No host that is in contact is tripped.\n");
    out(answers_text(screen, *picture, request) + (options.all ? fact(screen, "order", order) : "") +
        absent_text(screen, *picture));
    return exit;
}

Exit fleet_forget(const FleetForgetOptions& options) {
    auto client = FleetClient::make(options.access);
    if (!client) return fail(client.error());
    const auto picture = client->look();
    if (!picture) return fail(picture.error());
    const FleetHost* const host = picture->find(options.host);
    if (host == nullptr) {
        return fail({options.host + " is no host of this fleet; see: essctl fleet status", Exit::Failed});
    }
    if (host->present) {
        return fail({options.host + " is in contact: stop quantum-ess-fleet.service there first", Exit::Refused});
    }
    if (const auto done = client->remove(client->keys().known_host(options.host)); !done) return fail(done.error());
    out(options.host + " is no longer known. Take its role away, too: fleet-roles remove host-" + options.host + "\n");
    return Exit::Fine;
}

}  // namespace ess::essctl
