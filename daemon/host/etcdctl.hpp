#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "core/config.hpp"
#include "host/child_process.hpp"

namespace ess::host {

/// How etcd is asked: by its own client, which finds another member when one is gone, keeps connections alive, and lets
/// etcd know the caller by the name in its certificate. The JSON gateway would be one process less, but knows no names
/// from certificates (CVE-2018-16886): each host would need a password, and a token that dies with a member.
class Etcdctl {
  public:
    struct Access {
        std::vector<std::string> endpoints;
        std::string ca;
        std::string certificate;
        std::string key;
    };
    explicit Etcdctl(Access access);

    /// Each member by itself. Whoever wants an answer asks one after the other: etcdctl keeps to the member that it
    /// found first, also when that one has no majority and can answer nothing.
    [[nodiscard]] std::vector<Etcdctl> members() const;

    /// All commands print JSON (core/etcd_reply.hpp).
    [[nodiscard]] ProgramStart get(const std::string& key) const;
    [[nodiscard]] ProgramStart get_below(const std::string& prefix) const;
    /// Under a lease unless it is empty.
    [[nodiscard]] ProgramStart put(const std::string& key, const std::string& value, const std::string& lease) const;
    /// As above, if the key is still as it was put at `revision`. `input` is where the question is written to, a file
    /// that etcdctl can open.
    [[nodiscard]] ProgramStart put_if_unchanged(const std::string& input) const;
    /// The question for it.
    [[nodiscard]] static std::string put_if_unchanged_text(const std::string& key, const std::string& value,
                                                           std::uint64_t revision);
    [[nodiscard]] ProgramStart remove(const std::string& key) const;
    [[nodiscard]] ProgramStart grant(Micros time) const;
    [[nodiscard]] ProgramStart renew(const std::string& lease) const;
    /// Runs until this one member ends it or is gone. Events from `revision` on, 0: from now on.
    [[nodiscard]] ProgramStart watch(const std::string& endpoint, const std::string& prefix,
                                     std::uint64_t revision) const;

    /// Within this a command has ended by itself, whatever the members do.
    static constexpr Micros patience = std::chrono::seconds(6);

  private:
    [[nodiscard]] ProgramStart command(const std::string& endpoints, std::vector<std::string> words) const;
    [[nodiscard]] ProgramStart command(std::vector<std::string> words) const;

    Access access_;
    std::string all_;  ///< the endpoints in one word
};

[[nodiscard]] Etcdctl::Access host_access(const Config::Fleet& fleet);
[[nodiscard]] Etcdctl::Access operator_access(const Config::Fleet& fleet);

/// What of its standard error a person should read: the line that says why it failed, or `otherwise`.
[[nodiscard]] std::string etcd_trouble(std::string_view errors, const std::string& otherwise);

}  // namespace ess::host
