// How the daemon starts, refuses to, and ends.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <csignal>
#include <cstring>
#include <filesystem>

#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

namespace fs = std::filesystem;

namespace {

Ended essd(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), ESS_ESSD);
    return run(std::move(arguments));
}

/// A socket that its owner left behind: nobody listens.
void leave_socket_at(const std::string& path) {
    const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, path.c_str());  // NOLINT: a short constant
    REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
}

}  // namespace

TEST_CASE("essd: --help and --version") {
    const Ended help = essd({"--help"});
    CHECK(help.code == 0);
    CHECK(help.out.find("usage: essd") != std::string::npos);
    CHECK(help.err.empty());
    const Ended version = essd({"--version"});
    CHECK(version.code == 0);
    CHECK(version.out.starts_with("essd "));
}

TEST_CASE("essd: wrong usage is 2, and says what is right") {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"--no-such-option"}, {"status"}, {"--help", "me"}, {""}}) {
        const Ended wrong = essd(arguments);
        CHECK(wrong.code == 2);
        CHECK(wrong.out.empty());
        CHECK(wrong.err.find("usage: essd") != std::string::npos);
    }
}

TEST_CASE("essd: a wrong configuration is 78, with every fault by file, line and column") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(config_file, "units:\n  - quantum-governor\nstop: {bugdet: 2s}\nstop: {}\ninterlock: sometimes\n");
    fs::create_directories("/etc/quantum/ess.d");
    write_file("/etc/quantum/ess.d/10-more.yaml", "units:\n  - dbus\n");
    const Ended wrong = essd();
    CHECK(wrong.code == 78);
    for (const std::string place :
         {"/etc/quantum/ess.yaml:3:8: ", "/etc/quantum/ess.yaml:4:1: ", "/etc/quantum/ess.d/10-more.yaml:2:5: "}) {
        CAPTURE(place);
        CHECK(wrong.err.find(place) != std::string::npos);
    }
    CHECK(wrong.err.find("budget") != std::string::npos);  // the suggestion
    CHECK_FALSE(exists(armed));
    CHECK_FALSE(exists(control));
}

TEST_CASE("essd: no configuration, an empty one and an unreadable one are 78") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    fs::remove(config_file);
    const Ended missing = essd();
    CHECK(missing.code == 78);
    CHECK(missing.err.find(config_file) != std::string::npos);
    CHECK(missing.err.find("units:") != std::string::npos);  // what to do

    write_file(config_file, "");
    CHECK(essd().code == 78);
    write_file(config_file, "units: []\n");
    const Ended empty = essd();
    CHECK(empty.code == 78);
    CHECK(empty.err.find(config_file + ":1:8: ") != std::string::npos);

    fs::remove(config_file);
    fs::create_directory(config_file);
    const Ended directory = essd();
    CHECK(directory.code == 78);
    CHECK(directory.err.find(config_file) != std::string::npos);
}

TEST_CASE("essd: a second one leaves the first alone") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    Essd first;
    const Ended second = essd();
    CHECK(second.code == 1);
    CHECK(second.err.find("another essd is running") != std::string::npos);
    CHECK(second.took < 5s);
    CHECK(first.process.running());
    CHECK(first.status().has_value());
    CHECK(exists(control));
    write_file(latch, "");
    CHECK(eventually([&] { return first.state().starts_with("tripp"); }));
}

TEST_CASE("essd: with no bus it is up, says so, and is not armed") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    fs::create_directories("/run/quantum-ess");
    // Left by an essd that was killed: nothing may look armed that is not.
    write_file(armed, "");
    const Essd essd;
    CHECK_FALSE(exists(armed));
    CHECK(eventually([&] { return essd.has_fault("bus-down"); }));
    CHECK(essd.has_fault("guard-missing"));
    // The ledger needs no bus.
    CHECK(eventually([&] { return !essd.has_fault("ledger"); }));
    CHECK(eventually([&] { return !essd.has_fault("starting"); }));
    CHECK(essd.state() == "not-ready");
    CHECK_FALSE(exists(armed));
}

TEST_CASE("essd: SIGTERM and SIGINT end it with 0, soon") {
    for (const int signal : {SIGTERM, SIGINT}) {
        CAPTURE(signal);
        Sandbox sandbox;
        if (!sandbox.usable()) return;
        Essd essd;
        const Instant begun = monotonic_now();
        essd.process.signal(signal);
        CHECK(essd.process.wait() == 0);
        CHECK(monotonic_now() - begun < 5s);
        CHECK_FALSE(exists(armed));
        CHECK(ledger_lines("crash", 0).empty());
    }
}

TEST_CASE("essd: a socket that was left behind is replaced") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    fs::create_directories("/run/quantum-ess");
    leave_socket_at(control);
    const Essd essd;
    CHECK(essd.status().has_value());
}

TEST_CASE("essd: killed and started again, ten times") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    for (int round = 0; round < 10; ++round) {
        Essd essd;
        essd.process.signal(SIGKILL);
        CHECK(essd.process.wait() == -SIGKILL);
    }
    Essd essd;
    CHECK(eventually([&] { return !essd.has_fault("ledger"); }));
    CHECK(essd.stop() == 0);
}

TEST_CASE("essd: something else at the socket's place is not removed") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    fs::create_directories("/run/quantum-ess");
    write_file(control, "precious");
    const Ended ended = essd();
    CHECK(ended.code == 1);
    CHECK(ended.err.find(control) != std::string::npos);
    CHECK(read_whole(control) == "precious");
}
