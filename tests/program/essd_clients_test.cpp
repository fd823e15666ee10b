// Whatever comes over the control socket, the others are served and a trip is not delayed.
#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "program/floods.hpp"

using namespace ess;
using namespace ess::test;

namespace {

/// From the latch to "tripped" with nothing to stop and nobody on the bus: milliseconds, on a busy machine a second. A
/// loop that is held up by a client waits until that is thrown out, ten times as long.
constexpr auto prompt = 6s;

void check_trips_promptly(const Essd& essd) {
    const Instant begun = monotonic_now();
    write_file(latch, "");
    CHECK(essd.comes_to("tripped"));
    CHECK(monotonic_now() - begun < prompt);
}

}  // namespace

TEST_CASE("clients: silent ones cost nobody anything") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    std::vector<Fd> silent;
    for (int i = 0; i < 8; ++i)
        silent.push_back(connect_to_essd());
    for (int i = 0; i < 8; ++i) {
        silent.push_back(connect_to_essd());
        push(silent.back().get(), R"({"method":"io.quantum.EmergencyStop.Sta)");
    }
    const Ended status = essctl({"status"});
    CHECK(status.code == 4);
    CHECK(status.took < prompt);
    check_trips_promptly(essd);
}

TEST_CASE("clients: a flood of calls whose replies nobody reads") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    std::string calls;
    for (int i = 0; i < 2000; ++i)
        calls += std::string(R"({"method":"io.quantum.EmergencyStop.Status"})") + '\0';
    std::vector<Fd> flooding;
    for (int i = 0; i < 4; ++i) {
        flooding.push_back(connect_to_essd());
        push(flooding.back().get(), calls);
    }
    check_trips_promptly(essd);
    for (const Fd& fd : flooding)
        push(fd.get(), calls);
    const Ended status = essctl({"status"});
    CHECK(status.code == 3);
    CHECK(status.took < prompt);
}

TEST_CASE("clients: bytes that are no Varlink") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    Essd essd;
    for (const std::string& bytes :
         {std::string("GET / HTTP/1.0\r\n\r\n"), std::string(3, '\0'), std::string("{}\0", 3), std::string("[1]\0", 4),
          std::string("{\"method\":7}\0", 13), std::string(1U << 20U, '{') + '\0', std::string(4U << 20U, 'x'),
          std::string("\xff\xfe\0", 3)}) {
        const Fd fd = connect_to_essd();
        for (std::size_t at = 0; at < bytes.size(); at += 65536)
            push(fd.get(), std::string_view(bytes).substr(at, 65536));
    }
    CHECK(essd.process.running());
    CHECK(essd.status().has_value());
    check_trips_promptly(essd);
}

TEST_CASE("clients: one that shouts while another trips does not get the daemon's descriptors") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    // More than a process may have open by default; beyond its bound the daemon closes them.
    std::vector<Fd> many;
    for (int i = 0; i < 1000; ++i) {
        Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const auto address = host::UnixAddress::of(control);
        if (::connect(fd.get(), address->get(), address->size()) == 0) many.push_back(std::move(fd));
    }
    write_file(latch, "");
    CHECK(ledger_lines("trip", 1).size() == 1);
    many.clear();
    CHECK(essd.comes_to("tripped"));
}

TEST_CASE("clients: a stranger may look and not touch") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    const Ended status = run(Start{{ESS_ESSCTL, "status", "--json"}, {}, stranger_uid, false});
    CHECK(status.code == 4);
    CHECK(parse_json(status.out));
    write_file(latch, "");
    CHECK(essd.comes_to("tripped"));
    const Ended reset = run(Start{{ESS_ESSCTL, "reset", "--reason", "mine"}, {}, stranger_uid, false});
    CHECK(reset.code == 5);
    CHECK(reset.err.find("not permitted") != std::string::npos);
    CHECK(exists(latch));
    CHECK(exists(latch_copy));
}
