// The disk is full: the trip is not delayed, and the entry is written when there is room again.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mount.h>

#include <array>
#include <filesystem>

#include "host/signed_ledger.hpp"
#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

namespace fs = std::filesystem;

namespace {

const std::string state_directory = "/var/lib/quantum-ess";
const std::string ballast = state_directory + "/ballast";

/// Until nothing fits any more.
void fill() {
    const Fd file(::open(ballast.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    REQUIRE(file);
    const std::array<char, 512> block{};
    while (::write(file.get(), block.data(), block.size()) > 0) {
    }
}

/// Lines up to the end of a page of the segment: the next one needs a page more.
void fill_page_of_ledger() {
    host::SignedLedgerOptions options;
    options.directory = ledger;
    auto opened = host::SignedLedger::open(options);
    REQUIRE(opened);
    const auto append = [&](std::size_t padding) {
        host::LedgerDraft draft{LedgerKind::Append, {{"notes", std::string(padding, 'n')}}, nullptr, wall_now()};
        REQUIRE((*opened)->append(draft));
    };
    const auto size = [] {
        std::uintmax_t bytes = 0;
        for (const auto& file : fs::directory_iterator(ledger))
            if (file.path().extension() == ".jsonl") bytes += file.file_size();
        return bytes;
    };
    constexpr std::uintmax_t page = 4096;
    const std::uintmax_t before = size();
    append(0);
    const std::uintmax_t line = size() - before;
    append(page - (size() + line) % page);
    REQUIRE(size() % page == 0);
}

/// The retry of what could not be written comes every few seconds.
constexpr std::chrono::milliseconds retry_time = 20s;

}  // namespace

TEST_CASE("disk: full, the trip goes on and its entry comes late") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    sandbox.mount_tmpfs(state_directory, "size=128k,mode=755");
    fill_page_of_ledger();
    const Essd essd;
    CHECK(eventually([&] { return !essd.has_fault("ledger"); }));
    fill();
    const Instant begun = monotonic_now();
    write_file(latch, "the disk is full");
    CHECK(essd.comes_to("tripped"));
    // The bound is shown on a real systemd, where essd has its priority; here that nothing waits for the disk.
    CHECK(monotonic_now() - begun < 5s);
    CHECK(eventually([&] { return essd.has_fault("ledger"); }));
    const Json status = *essd.status();
    CHECK(status.at("ledger").at("writable") == false);
    CHECK(status.at("latch").at("present") == true);
    CHECK(status.at("latch").at("persisted") == false);
    CHECK(eventually([&] { return essd.process.err().find("the entry is kept") != std::string::npos; }));

    fs::remove(ballast);
    CHECK(eventually([&] { return !essd.has_fault("ledger"); }, retry_time));
    const auto late = ledger_lines("late", 1);
    REQUIRE(late.size() == 1);
    CHECK(late[0].at("entry").at("operation_name") == "Emergency stop");
    CHECK(late[0].at("entry").at("notes").get<std::string>().find("the disk is full") != std::string::npos);
    CHECK(late[0].at("ess").at("kind") == "trip");
    CHECK(essd.status()->at("ledger").at("writable") == true);
    // The latch's copy, too: else a reboot would release it.
    CHECK(eventually([] { return exists(latch_copy); }, retry_time));
    CHECK(eventually([&] { return essd.status()->at("latch").at("persisted") == true; }));
}

TEST_CASE("disk: full from the start") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    sandbox.mount_tmpfs(state_directory, "size=64k,mode=755");
    fill();
    const Essd essd;
    CHECK(eventually([&] { return !essd.has_fault("starting"); }));
    CHECK(essd.has_fault("ledger"));
    write_file(latch, "");
    CHECK(essd.comes_to("tripped"));
    fs::remove(ballast);
    CHECK(eventually([&] { return !essd.has_fault("ledger"); }, retry_time));
}

TEST_CASE("disk: another one comes in its place") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    CHECK(eventually([] { return exists(ledger + "/checkpoint"); }));
    sandbox.mount_tmpfs(state_directory);
    REQUIRE_FALSE(exists(ledger));
    CHECK(eventually([] { return exists(ledger + "/checkpoint"); }, retry_time));
    CHECK(eventually([&] { return essd.process.err().find("the ledger is opened anew") != std::string::npos; }));

    // And back: nothing is lost of the first one.
    REQUIRE(::umount2(state_directory.c_str(), MNT_DETACH) == 0);
    write_file(latch, "the first disk is back");
    CHECK(essd.comes_to("tripped"));
    CHECK(eventually([] { return !ledger_lines("trip", 1).empty(); }, retry_time));
    CHECK(eventually([&] { return !essd.has_fault("ledger"); }));
}

TEST_CASE("disk: read-only") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    sandbox.mount_tmpfs(state_directory, "ro,mode=755");
    const Essd essd;
    CHECK(eventually([&] { return essd.has_fault("ledger") && !essd.has_fault("starting"); }));
    write_file(latch, "");
    CHECK(essd.comes_to("tripped"));
    CHECK(exists(latch));
    CHECK(essd.status()->at("latch").at("persisted") == false);
}
