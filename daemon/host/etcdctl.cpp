#include "host/etcdctl.hpp"

#include <utility>

#include "base/json.hpp"
#include "base/text.hpp"

namespace ess::host {

namespace {

/// A member that does not answer within it is taken for gone, and another one asked.
constexpr const char* dial_timeout = "--dial-timeout=2s";
/// So is one that takes a question and has no answer. A leader's election takes a second or two by default.
constexpr const char* command_timeout = "--command-timeout=2s";
/// A connection whose other end has vanished without a word is given up after it. grpc-go asks no more often than every
/// 10 s.
constexpr const char* keepalive_time = "--keepalive-time=10s";
constexpr const char* keepalive_timeout = "--keepalive-timeout=2s";

constexpr std::size_t trouble_limit = 300;

}  // namespace

Etcdctl::Etcdctl(Access access) : access_(std::move(access)), all_(join(access_.endpoints, ",")) {}

std::vector<Etcdctl> Etcdctl::members() const {
    std::vector<Etcdctl> members;
    for (const std::string& endpoint : access_.endpoints) {
        Access one = access_;
        one.endpoints = {endpoint};
        members.emplace_back(std::move(one));
    }
    return members;
}

ProgramStart Etcdctl::command(const std::string& endpoints, std::vector<std::string> words) const {
    ProgramStart program;
    program.words = {"etcdctl",
                     "--endpoints=" + endpoints,
                     "--cacert=" + access_.ca,
                     "--cert=" + access_.certificate,
                     "--key=" + access_.key,
                     dial_timeout,
                     command_timeout,
                     keepalive_time,
                     keepalive_timeout,
                     "--write-out=json"};
    program.words.insert(program.words.end(), std::make_move_iterator(words.begin()),
                         std::make_move_iterator(words.end()));
    // Before etcd 3.4 the default was another interface. One thread is enough for one connection, on however large a
    // host.
    program.environment = {"ETCDCTL_API=3", "GOMAXPROCS=1"};
    return program;
}

ProgramStart Etcdctl::command(std::vector<std::string> words) const {
    return command(all_, std::move(words));
}

ProgramStart Etcdctl::get(const std::string& key) const {
    return command({"get", key});
}

ProgramStart Etcdctl::get_below(const std::string& prefix) const {
    return command({"get", "--prefix", prefix});
}

ProgramStart Etcdctl::put(const std::string& key, const std::string& value, const std::string& lease) const {
    if (lease.empty()) return command({"put", "--", key, value});
    return command({"put", "--lease=" + lease, "--", key, value});
}

ProgramStart Etcdctl::put_if_unchanged(const std::string& input) const {
    ProgramStart program = command({"txn"});
    program.input = input;
    return program;
}

/// etcdctl/README.md, TXN: comparisons, what to do if they hold, and if not, each list ended by an empty line. Words
/// are in Go's double quotes, whose escapes are JSON's.
std::string Etcdctl::put_if_unchanged_text(const std::string& key, const std::string& value, std::uint64_t revision) {
    const std::string name = to_text(Json(key));
    return "mod(" + name + ") = \"" + std::to_string(revision) + "\"\n\nput " + name + " " + to_text(Json(value)) +
           "\n\n\n";
}

ProgramStart Etcdctl::remove(const std::string& key) const {
    return command({"del", key});
}

ProgramStart Etcdctl::grant(Micros time) const {
    return command({"lease", "grant", std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count())});
}

ProgramStart Etcdctl::renew(const std::string& lease) const {
    return command({"lease", "keep-alive", "--once", lease});
}

ProgramStart Etcdctl::watch(const std::string& endpoint, const std::string& prefix, std::uint64_t revision) const {
    std::vector<std::string> words{"watch", "--prefix"};
    if (revision > 0) words.push_back("--rev=" + std::to_string(revision));
    words.push_back(prefix);
    return command(endpoint, std::move(words));
}

Etcdctl::Access host_access(const Config::Fleet& fleet) {
    return {fleet.endpoints, fleet.ca, fleet.certificate, fleet.key};
}

Etcdctl::Access operator_access(const Config::Fleet& fleet) {
    return {fleet.endpoints, fleet.ca, fleet.operator_certificate, fleet.operator_key};
}

std::string etcd_trouble(std::string_view errors, const std::string& otherwise) {
    std::string_view last;
    while (!errors.empty()) {
        const std::size_t end = std::min(errors.find('\n'), errors.size());
        const std::string_view line = trim(errors.substr(0, end));
        // Its log is JSON and dates; what it ends with begins so.
        constexpr std::string_view mark = "Error:";
        if (line.starts_with(mark)) {
            last = trim(line.substr(mark.size()));
        } else if (line.starts_with("watch was canceled")) {
            last = line;
        }
        errors.remove_prefix(std::min(end + 1, errors.size()));
    }
    if (last == "context deadline exceeded") return "no member of etcd that has a majority answers";
    return last.empty() ? otherwise : clean_line(last, trouble_limit);
}

}  // namespace ess::host
