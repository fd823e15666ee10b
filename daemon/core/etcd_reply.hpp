#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

// What `etcdctl --write-out json` prints (etcd 3.4 and 3.5, etcdctl/README.md): the replies of the v3 API, keys and
// values in base64.

namespace ess {

struct EtcdKeyValue {
    std::string key;
    std::string value;
    std::uint64_t mod_revision = 0;  ///< of the cluster when it was put: the same number on every host
    bool deleted = false;            ///< an event of a watch: the key is gone
};

struct EtcdReply {
    std::uint64_t cluster_id = 0;
    std::uint64_t revision = 0;  ///< the cluster's, when it answered
    std::vector<EtcdKeyValue> items;
};

/// Of `get`.
[[nodiscard]] Result<EtcdReply> read_etcd_get(std::string_view text);
/// A line of `watch`: the events, in order.
[[nodiscard]] Result<EtcdReply> read_etcd_watch(std::string_view line);
/// Of `txn`: whether its comparisons held.
[[nodiscard]] Result<bool> read_etcd_txn(std::string_view text);
/// Of `lease grant`: the lease's id as etcdctl takes it, in hexadecimal.
[[nodiscard]] Result<std::string> read_etcd_lease(std::string_view text);

}  // namespace ess
