// What somebody who may set the latch, and may do nothing else, makes of its file: essd reads it as root.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>

#include "base/clock.hpp"
#include "essd/requester.hpp"
#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

namespace fs = std::filesystem;

namespace {

const std::string secret = "/run/secret";

/// Root's file, which nobody else may read.
void make_secret() {
    write_file(secret, R"({"reason": "the key", "requested_by": "the chairman"})");
    fs::permissions(secret, fs::perms::owner_read);
}

LatchCopy read_it() {
    return essd::read_latch(latch, wall_now(), {});
}

}  // namespace

TEST_CASE("latch tricks: a link to root's file tells nothing of it") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    make_secret();
    fs::create_directories("/run/quantum");
    fs::create_symlink(secret, latch);
    CHECK(read_it().reason.empty());
    fs::remove(latch);
    fs::create_hard_link(secret, latch);
    CHECK(read_it().reason.empty());
    // Root did not set it.
    CHECK(read_it().requested_by == "unknown");
}

TEST_CASE("latch tricks: a file that becomes a link while it is looked at tells nothing of what that points at") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    make_secret();
    fs::create_directories("/run/quantum");
    write_file(latch, "mine");
    const std::string other = "/run/quantum/other";
    fs::create_symlink(secret, other);
    std::atomic<bool> over = false;
    std::thread exchanging([&] {
        while (!over)
            static_cast<void>(::renameat2(AT_FDCWD, other.c_str(), AT_FDCWD, latch.c_str(), RENAME_EXCHANGE));
    });
    bool read = false;
    bool told = false;
    for (const Instant end = monotonic_now() + 2s; monotonic_now() < end && !told;) {
        const std::string reason = read_it().reason;
        read = read || reason == "mine";
        told = reason == "the key";
    }
    over = true;
    exchanging.join();
    CHECK(read);
    CHECK_FALSE(told);
}
