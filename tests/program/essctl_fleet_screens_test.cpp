// essctl fleet status and drift, as people and programs see them, of reports in a real etcd.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "program/fleet_etcd.hpp"
#include "program/sandbox.hpp"
#include "program/screens.hpp"

using namespace ess;
using namespace ess::test;

namespace {

const std::string other_hash = "c3d9e8f2a1b4c7d6";

/// On each terminal, and in a pipe.
void check_screens(const std::string& verb, const std::string& name, int code) {
    CAPTURE(name);
    for (const unsigned short columns : std::vector<unsigned short>{40, 60, 80}) {
        CAPTURE(columns);
        const Ended shown = on_terminal({"fleet", verb}, columns);
        CHECK(shown.code == code);
        CHECK(longest_line(shown.out) <= columns);
        CHECK(is_as_before("fleet-" + verb + "-" + name + "-" + std::to_string(columns), shown.out));
    }
    const Ended piped = essctl({"fleet", verb});
    CHECK(piped.code == code);
    CHECK(piped.out.find('\x1b') == std::string::npos);
    CHECK(is_as_before("fleet-" + verb + "-" + name + "-pipe", piped.out));
}

HostReport absent_host(const std::string& name) {
    HostReport report = armed_host(name);
    report.at = "2026-11-26T12:00:03.000Z";
    return report;
}

HostReport with_hash(const std::string& name, const std::string& hash) {
    HostReport report = armed_host(name);
    report.config_hash = hash;
    return report;
}

std::string order(const std::string& released) {
    return R"({"id":"FLEET-2026-11-26-3f9a1c7e","reason":"the desk is on fire","requested_by":"alice",)"
           R"("at":"2026-11-26T12:00:00Z")" +
           released + "}";
}

}  // namespace

TEST_CASE("essctl fleet status: armed, not ready, tripped, released") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    check_screens("status", "empty", 4);
    HostReport before = armed_host("trader-2");
    before.last_trip = HostReport::Trip{"OPS-2026-11-25-001", "SUCCESS", 801.0};
    etcd.report(armed_host("trader-1"));
    etcd.report(before);
    etcd.put(etcd.keys.trip(), order(R"(,"released":{"by":"bob","reason":"strategy 7 fixed"})"));
    check_screens("status", "armed", 0);
    HostReport unready = armed_host("trader-3");
    unready.ready = false;
    unready.faults = {"guard-missing", "drill-overdue"};
    etcd.report(unready);
    etcd.report_absent(absent_host("trader-4"));
    check_screens("status", "not-ready", 4);
    etcd.put(etcd.keys.trip(), order(""));
    etcd.report(tripped_host("trader-1", "FLEET-2026-11-26-3f9a1c7e"));
    HostReport partial = tripped_host("trader-2", "FLEET-2026-11-26-3f9a1c7e");
    partial.last_trip->outcome = "PARTIAL";
    etcd.report(partial);
    check_screens("status", "tripped", 3);
}

TEST_CASE("essctl fleet: what comes from etcd is shown as text, whatever a host, an operator or a key has in it") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    const std::string nasty = "\x1b]0;owned\x07\x1b[2J\r\n\u202Eevil\u0085\x7f";
    HostReport report = tripped_host("a", nasty);
    report.state = nasty;
    report.faults = {nasty};
    report.config_hash = nasty;
    report.at = nasty;
    report.last_trip->outcome = nasty;
    etcd.report(report);
    etcd.report_absent(absent_host(nasty));
    etcd.put(etcd.keys.known_host("\xff\xfe"), "no report\x1b[2J");
    etcd.put(etcd.keys.trip(), nasty);
    for (const std::vector<std::string>& verb : {std::vector<std::string>{"status"},
                                                 {"status", "--json"},
                                                 {"drift"},
                                                 {"drift", "--json"},
                                                 {"reset", "--reason", "x", "--host", nasty}}) {
        CAPTURE(verb.front());
        std::vector<std::string> words{"fleet"};
        words.insert(words.end(), verb.begin(), verb.end());
        const Ended said = essctl(words);
        const std::string text = said.out + said.err;
        CHECK(text.find("evil") != std::string::npos);
        CHECK(text.find("type_error") == std::string::npos);
        for (const char* control : {"\x1b", "\x07", "\r", "\u202E", "\u0085", "\x7f"})
            CHECK(text.find(control) == std::string::npos);
    }
}

TEST_CASE("essctl fleet drift: one configuration, another one on one host, and what proves nothing") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    CHECK(essctl({"fleet", "drift"}).code == 4);
    for (const char* name : {"trader-1", "trader-2", "trader-3"})
        etcd.report(armed_host(name));
    check_screens("drift", "same", 0);
    etcd.report(with_hash("trader-2", other_hash));
    check_screens("drift", "differs", 1);
    const auto json = parse_json(essctl({"fleet", "drift", "--json"}).out);
    REQUIRE(json);
    CHECK(json->at("verdict") == "drift");
    // Of two halves neither is the right one.
    etcd.report(with_hash("trader-4", other_hash));
    CHECK_FALSE(essctl({"fleet", "drift"}).says("DIFFERS"));
    etcd.remove(etcd.keys.known_host("trader-4"));
    etcd.remove(etcd.keys.host("trader-4"));
    // What a host had when it was in contact proves nothing of now.
    etcd.report(armed_host("trader-2"));
    etcd.remove(etcd.keys.host("trader-3"));
    check_screens("drift", "absent", 4);
    etcd.report(with_hash("trader-3", ""));
    CHECK(essctl({"fleet", "drift"}).code == 4);
}

TEST_CASE("essctl fleet: a thousand hosts, with as much to say as hosts have, are one answer") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_etcd()) return;
    const FleetEtcd etcd;
    // As many bytes in fewer keys, which are put sooner.
    for (int i = 0; i < 20; ++i) {
        HostReport report = armed_host("trader-" + std::to_string(i));
        report.checkpoint = std::string(60000, 'x');
        etcd.report(report);
    }
    const Ended status = essctl({"fleet", "status"});
    CHECK(status.code == 0);
    CHECK(status.says("all 20 hosts of the fleet main would stop"));
}
