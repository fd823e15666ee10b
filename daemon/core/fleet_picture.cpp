#include "core/fleet_picture.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/text.hpp"

namespace ess {

namespace {

/// A host's own has 64 characters at most (ess.yaml(5)); an operator may have put anything.
constexpr std::size_t name_limit = 128;

}  // namespace

const FleetHost* FleetPicture::find(const std::string& name) const {
    const auto found = std::ranges::find_if(hosts, [&](const FleetHost& host) { return host.name == name; });
    return found == hosts.end() ? nullptr : &*found;
}

FleetPicture read_fleet_picture(const EtcdReply& reply, const FleetKeys& keys) {
    FleetPicture picture;
    std::map<std::string, FleetHost> hosts;
    for (const EtcdKeyValue& item : reply.items) {
        if (item.key == keys.trip()) {
            picture.order = read_fleet_trip(item, reply.cluster_id);
            picture.order_revision = item.mod_revision;
            continue;
        }
        const bool present = item.key.starts_with(keys.hosts());
        if (!present && !item.key.starts_with(keys.known_hosts())) continue;
        const std::string& prefix = present ? keys.hosts() : keys.known_hosts();
        const std::string name = clean_line(item.key.substr(prefix.size()), name_limit);
        FleetHost& host = hosts[name];
        // What it says now is newer than what is kept of it.
        if (host.present) continue;
        host = {name, present, read_host_report(item.value).value_or(HostReport{})};
    }
    for (auto& [name, host] : hosts)
        picture.hosts.push_back(std::move(host));
    return picture;
}

}  // namespace ess
