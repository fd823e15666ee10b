#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace ess::host {

/// Who is at the other end of a Unix socket, by the kernel's word and as it was when the peer connected (SO_PEERCRED,
/// SO_PEERGROUPS, unix(7)). The pid is for messages alone: it may belong to another process by now.
struct Peer {
    uid_t uid = 0;
    gid_t gid = 0;
    pid_t pid = 0;
    std::vector<gid_t> groups;  ///< the supplementary ones

    [[nodiscard]] bool is_member(gid_t group) const;
};

/// Who may do more than look, beside root.
struct Operators {
    std::vector<gid_t> groups;
    std::vector<uid_t> users;

    [[nodiscard]] bool include(const Peer& peer) const;
};

[[nodiscard]] Result<Peer> peer_of(int socket);

/// The id of a group, by way of NSS: for the start only, since NSS may ask a server. Nothing if there is no such group.
[[nodiscard]] Result<std::optional<gid_t>> find_group(const std::string& name);
/// The same of a user.
[[nodiscard]] Result<std::optional<uid_t>> find_user(const std::string& name);

}  // namespace ess::host
