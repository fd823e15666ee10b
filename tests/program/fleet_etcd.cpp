#include "program/fleet_etcd.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "program/sandbox.hpp"

namespace ess::test {

namespace {

const std::string directory = "/etc/quantum/fleet/";
const std::string openssl_settings = "/run/openssl.cnf";

std::uint16_t free_port() {
    const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(socket);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);  // NOLINT: as bind(2) wants it
    REQUIRE(::bind(socket.get(), any, size) == 0);
    REQUIRE(::getsockname(socket.get(), any, &size) == 0);
    return ntohs(address.sin_port);
}

void run_well(Start start) {
    const std::string name = start.command.front();
    const Ended ended = run(std::move(start));
    REQUIRE_MESSAGE(ended.code == 0, name << ": " << ended.out << ended.err);
}

void make_certificate(const std::string& name, const std::string& file, const std::vector<std::string>& more) {
    std::vector<std::string> command{"/usr/bin/openssl",
                                     "req",
                                     "-x509",
                                     "-newkey",
                                     "ec",
                                     "-pkeyopt",
                                     "ec_paramgen_curve:prime256v1",
                                     "-nodes",
                                     "-days",
                                     "2",
                                     "-config",
                                     openssl_settings,
                                     "-subj",
                                     "/CN=" + name,
                                     "-keyout",
                                     directory + file + ".key",
                                     "-out",
                                     directory + file + ".pem"};
    command.insert(command.end(), more.begin(), more.end());
    run_well({std::move(command), {}, {}, false});
}

std::vector<std::string> of_authority(const std::string& names) {
    std::vector<std::string> words{"-CA",     directory + "ca.pem",
                                   "-CAkey",  directory + "ca.key",
                                   "-addext", "extendedKeyUsage=serverAuth,clientAuth"};
    if (!names.empty()) words.insert(words.end(), {"-addext", "subjectAltName=" + names});
    return words;
}

}  // namespace

bool has_etcd() {
    for (const char* program : {"/usr/bin/etcd", "/usr/bin/etcdctl", "/usr/bin/openssl"}) {
        if (exists(program)) continue;
        std::printf("skip: %s is not installed\n", program);
        return false;
    }
    return true;
}

FleetEtcd::FleetEtcd() : port_(free_port()), peer_port_(free_port()) {
    std::filesystem::create_directories(directory);
    make_authority();
    for (const char* user : {"root", "alice"})
        certify(user);
    for (const char* suffix : {".pem", ".key"})
        std::filesystem::rename(directory + "alice" + suffix, directory + "operator" + suffix);
    write_file(config_file, "units:\n  - quantum-governor\nfleet:\n  endpoints: [" + endpoint() + "]\n");
    start();
    roles({"begin"});
    roles({"operator", "alice"});
}

void FleetEtcd::make_authority() const {
    // Without openssl's own settings, which make an authority of each.
    write_file(openssl_settings, "[req]\ndistinguished_name=name\n[name]\n");
    make_certificate("ca", "ca", {"-addext", "basicConstraints=critical,CA:TRUE"});
    make_certificate("server", "server", of_authority("IP:127.0.0.1"));
}

void FleetEtcd::start() {
    const std::string peer = "http://127.0.0.1:" + std::to_string(peer_port_);
    // Its data is in the sandbox's memory; an election among one takes as long as this.
    member_.emplace(std::vector<std::string>{
        "/usr/bin/etcd", "--data-dir=/run/etcd", "--heartbeat-interval=10", "--election-timeout=100",
        "--client-cert-auth", "--trusted-ca-file=" + directory + "ca.pem", "--cert-file=" + directory + "server.pem",
        "--key-file=" + directory + "server.key", "--listen-client-urls=" + endpoint(),
        "--advertise-client-urls=" + endpoint(), "--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
        "--initial-cluster=default=" + peer});
    const bool answers = eventually([&] { return etcdctl({"get", "x"}).code == 0; });
    REQUIRE_MESSAGE(answers, member_->err());
}

void FleetEtcd::stop() {
    member_->signal(SIGKILL);
    static_cast<void>(member_->wait());
}

std::vector<std::string> FleetEtcd::access() const {
    return {"ETCDCTL_API=3", "ETCDCTL_ENDPOINTS=" + endpoint(), "ETCDCTL_CACERT=" + directory + "ca.pem",
            "ETCDCTL_CERT=" + directory + "root.pem", "ETCDCTL_KEY=" + directory + "root.key"};
}

Ended FleetEtcd::etcdctl(std::vector<std::string> words) const {
    words.insert(words.begin(), "/usr/bin/etcdctl");
    return run(Start{std::move(words), access(), {}, false});
}

void FleetEtcd::roles(std::vector<std::string> words) const {
    words.insert(words.begin(), {"/bin/bash", ESS_SOURCE_DIR "/scripts/fleet-roles"});
    run_well({std::move(words), access(), {}, false});
}

void FleetEtcd::put(const std::string& key, const std::string& value) const {
    const Ended ended = etcdctl({"put", "--", key, value});
    REQUIRE_MESSAGE(ended.code == 0, ended.err);
}

std::string FleetEtcd::get(const std::string& key) const {
    std::string value = etcdctl({"get", "--print-value-only", key}).out;
    if (value.ends_with('\n')) value.pop_back();
    return value;
}

void FleetEtcd::remove(const std::string& key) const {
    REQUIRE(etcdctl({"del", key}).code == 0);
}

void FleetEtcd::report(const HostReport& report) const {
    put(keys.host(report.host), to_text(report));
    report_absent(report);
}

void FleetEtcd::report_absent(const HostReport& report) const {
    put(keys.known_host(report.host), to_text(report));
}

void FleetEtcd::certify(const std::string& user) const {
    make_certificate(user, user, of_authority(""));
}

void FleetEtcd::add_user(const std::string& kind, const std::string& user) const {
    certify(user);
    roles({kind, user});
}

std::vector<std::string> FleetEtcd::as(const std::string& user) const {
    return {"--certificate", directory + user + ".pem", "--key", directory + user + ".key"};
}

HostReport armed_host(const std::string& name) {
    HostReport report;
    report.host = name;
    report.state = "armed";
    report.ready = true;
    report.config_hash = "bfb734a7aa5cb0a8";
    report.at = to_rfc3339(wall_now());
    report.on_loss = "alert";
    report.version = "1.0.0";
    return report;
}

HostReport tripped_host(const std::string& name, const std::string& order_id) {
    HostReport report = armed_host(name);
    report.state = "tripped";
    report.latch_since = "2026-11-26T12:00:00.000Z";
    report.latch_reason = "the desk is on fire";
    report.order_id = order_id;
    report.last_trip = HostReport::Trip{"OPS-2026-11-26-001", "SUCCESS", 801.0};
    return report;
}

}  // namespace ess::test
