#include "host/peer.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace ess::host {

namespace {

/// The kernel is asked for the groups with room for as many as most users have, and again with as many as it names.
constexpr std::size_t usual_groups = 32;

/// A group with very many members needs a large buffer; past this something is wrong with the entry.
constexpr std::size_t entry_limit = 1024UL * 1024;

Result<std::vector<gid_t>> groups_of(int socket) {
    std::vector<gid_t> groups(usual_groups);
    for (;;) {
        auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
        const int result = ::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
        const bool larger = size > groups.size() * sizeof(gid_t);
        if (result < 0 && (errno != ERANGE || !larger)) return system_failure("peer: groups", errno);
        groups.resize(size / sizeof(gid_t));
        if (result == 0) return groups;
    }
}

/// The id in the entry that `look_up`, getgrnam_r(3) or getpwnam_r(3), finds.
template <class Entry, class LookUp, class Id>
Result<std::optional<Id>> find(const std::string& what, LookUp look_up, Id Entry::*id) {
    std::vector<char> buffer(1024);
    for (;;) {
        Entry entry{};
        Entry* found = nullptr;
        const int code = look_up(&entry, buffer.data(), buffer.size(), &found);
        if (code == ERANGE && buffer.size() < entry_limit) {
            buffer.resize(buffer.size() * 2);
            continue;
        }
        // Some NSS modules say "not found" with these.
        const bool absent = code == ENOENT || code == ESRCH;
        if (code != 0 && !absent) return system_failure(what, code);
        if (found == nullptr) return std::optional<Id>();
        return std::optional<Id>(found->*id);
    }
}

}  // namespace

bool Peer::is_member(gid_t group) const {
    return gid == group || std::find(groups.begin(), groups.end(), group) != groups.end();
}

Result<Peer> peer_of(int socket) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0) {
        return system_failure("peer: credentials", errno);
    }
    auto groups = groups_of(socket);
    if (!groups) return tl::unexpected(groups.error());
    return Peer{credentials.uid, credentials.gid, credentials.pid, std::move(*groups)};
}

bool Operators::include(const Peer& peer) const {
    return peer.uid == 0 || std::ranges::find(users, peer.uid) != users.end() ||
           std::ranges::any_of(groups, [&](gid_t group) { return peer.is_member(group); });
}

Result<std::optional<gid_t>> find_group(const std::string& name) {
    return find<group>(
        "group " + name, [&](auto... rest) { return ::getgrnam_r(name.c_str(), rest...); }, &group::gr_gid);
}

Result<std::optional<uid_t>> find_user(const std::string& name) {
    return find<passwd>(
        "user " + name, [&](auto... rest) { return ::getpwnam_r(name.c_str(), rest...); }, &passwd::pw_uid);
}

}  // namespace ess::host
