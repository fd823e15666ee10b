// What can happen to the latch's directory: DESIGN.md of the daemon, "the latch".
#include <doctest/doctest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>

#include "host/latch_fixture.hpp"

using namespace ess;
using namespace ess::test;

namespace fs = std::filesystem;

namespace {

struct stat stat_of(const std::string& path) {
    struct stat info {};
    REQUIRE(::lstat(path.c_str(), &info) == 0);
    return info;
}

/// Says for the counts why not: the directory is made as root's.
bool may_make_directory() {
    if (::geteuid() != 0) std::puts("skip: only root makes the latch's directory");
    return ::geteuid() == 0;
}

void check_is_made_right(const std::string& directory) {
    const struct stat info = stat_of(directory);
    CHECK(S_ISDIR(info.st_mode));
    CHECK((info.st_mode & 07777) == 01775);
    CHECK(info.st_gid == ::getegid());
}

/// That a latch is still noticed, by inotify alone, and the next one too.
void check_still_watches(LatchFixture& at) {
    const auto seen_before = std::ranges::count(at.told(), "seen");
    for (std::size_t i = 1; i <= 2; ++i) {
        touch(at.latch);
        CHECK(at.hears("seen", static_cast<std::size_t>(seen_before) + i));
        fs::remove(at.latch);
        CHECK(at.loop.eventually([&] { return !at.watch.present(); }));
    }
}

}  // namespace

TEST_CASE("latch directory: missing at the start, it is made") {
    if (!may_make_directory()) return;
    LatchFixture at;
    fs::remove(at.directory);
    // A umask must not take anything from it.
    const mode_t before = ::umask(077);
    at.start();
    ::umask(before);
    check_is_made_right(at.directory);
    CHECK(at.hears("repaired: made " + at.directory));
    check_still_watches(at);
}

TEST_CASE("latch directory: one that is there keeps its mode") {
    LatchFixture at;
    fs::permissions(at.directory, fs::perms(0700));
    at.start();
    CHECK((stat_of(at.directory).st_mode & 07777) == 0700);
    CHECK(at.told().empty());
}

TEST_CASE("latch directory: removed, it is made again") {
    if (!may_make_directory()) return;
    LatchFixture at;
    at.start();
    fs::remove(at.directory);
    CHECK(at.hears("repaired: made " + at.directory));
    check_is_made_right(at.directory);
    CHECK(at.loop.eventually([&] { return at.watch.watching(); }));
    check_still_watches(at);
}

TEST_CASE("latch directory: removed with the latch in it") {
    if (!may_make_directory()) return;
    LatchFixture at;
    at.start();
    touch(at.latch);
    CHECK(at.hears("seen"));
    fs::remove_all(at.directory);
    CHECK(at.hears("gone"));
    CHECK(at.hears("repaired: made " + at.directory));
    check_still_watches(at);
}

// Where the file system gives a freed inode number to the next file (ext4), the new directory has the old one's.
TEST_CASE("latch directory: removed and made again before anybody looked") {
    LatchFixture at;
    at.start();
    for (int round = 0; round < 5; ++round) {
        at.loop.run([&] {
            fs::remove(at.directory);
            fs::create_directory(at.directory);
        });
        at.loop.settle();
        check_still_watches(at);
    }
}

TEST_CASE("latch directory: made again by somebody else with the latch in it") {
    LatchFixture at;
    at.start();
    at.loop.run([&] {
        fs::remove(at.directory);
        fs::create_directory(at.directory);
        touch(at.latch);
    });
    CHECK(at.hears("seen"));
    CHECK(at.hears("repaired: "));
    fs::remove(at.latch);
    CHECK(at.hears("gone"));
    check_still_watches(at);
}

TEST_CASE("latch directory: renamed away, and what happens in the old one does not count") {
    if (!may_make_directory()) return;
    LatchFixture at;
    at.start();
    const std::string away = at.scratch.file("away");
    fs::rename(at.directory, away);
    CHECK(at.hears("repaired: made " + at.directory));
    touch(away + "/ESS_ON");
    at.loop.settle();
    CHECK_FALSE(at.present());
    check_still_watches(at);
}

TEST_CASE("latch directory: another one is moved into its place") {
    for (const bool latched : {false, true}) {
        CAPTURE(latched);
        LatchFixture at;
        at.start();
        const std::string other = at.scratch.file("other");
        fs::create_directory(other);
        if (latched) touch(other + "/ESS_ON");
        at.loop.run([&] {
            fs::rename(at.directory, at.scratch.file("away"));
            fs::rename(other, at.directory);
        });
        CHECK(at.hears("repaired: " + at.directory + " was replaced"));
        CHECK(at.loop.eventually([&] { return at.watch.present() == latched; }));
        if (latched) fs::remove(at.latch);
        CHECK(at.loop.eventually([&] { return !at.watch.present(); }));
        check_still_watches(at);
    }
}

TEST_CASE("latch directory: a link in its place is moved aside and not followed") {
    if (!may_make_directory()) return;
    LatchFixture at;
    at.start();
    const std::string elsewhere = at.scratch.file("elsewhere");
    fs::create_directory(elsewhere);
    touch(elsewhere + "/ESS_ON");
    // Twice: the place aside is taken the second time.
    for (std::size_t round = 1; round <= 2; ++round) {
        at.loop.run([&] {
            fs::remove(at.directory);
            fs::create_directory_symlink(elsewhere, at.directory);
        });
        CHECK(at.hears("repaired: moved the link", round));
        check_is_made_right(at.directory);
        CHECK(fs::is_symlink(fs::symlink_status(at.directory + ".replaced-by-link")));
        CHECK_FALSE(at.present());
        CHECK(fs::exists(elsewhere + "/ESS_ON"));
    }
    check_still_watches(at);
}

TEST_CASE("latch directory: a link at the start is moved aside and not followed") {
    if (!may_make_directory()) return;
    LatchFixture at;
    fs::remove(at.directory);
    fs::create_directory_symlink("/nowhere/at/all", at.directory);
    at.start();
    CHECK(at.hears("repaired: moved the link"));
    check_is_made_right(at.directory);
    check_still_watches(at);
}

TEST_CASE("latch directory: a file in its place is told, and it recovers when that is gone") {
    if (!may_make_directory()) return;
    LatchFixture at;
    at.start();
    at.loop.run([&] {
        fs::remove(at.directory);
        touch(at.directory);
    });
    CHECK(at.hears("repaired: cannot watch the latch"));
    at.loop.run([&] { CHECK_FALSE(at.watch.watching()); });
    fs::remove(at.directory);
    CHECK(at.hears("repaired: made " + at.directory));
    check_still_watches(at);
}

TEST_CASE("latch directory: what cannot be watched at the start is an error") {
    ScratchDirectory scratch;
    LoopThread loop;
    const std::string path = scratch.file("no/such/parent/ESS_ON");
    host::LatchWatch watch(loop.loop(), path, ::getegid(), {[] {}, [] {}, [](const std::string&) {}});
    loop.run([&] {
        const auto started = watch.start();
        REQUIRE_FALSE(started);
        CHECK(started.error().text.find(scratch.file("no/such/parent")) != std::string::npos);
        CHECK_FALSE(watch.watching());
        CHECK_FALSE(watch.present());
    });
    loop.stop();
}

TEST_CASE("latch directory: a file system mounted over it is found by a look") {
    LatchFixture at;
    at.start();
    int error = 0;
    // The loop's thread gets a mount namespace of its own, which goes with it.
    at.loop.run([&] {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("none", at.directory.c_str(), "tmpfs", 0, "size=64k") != 0) {
            error = errno;
        }
    });
    if (error != 0) {
        std::puts("skip: no mount namespace of one's own here");
        return;
    }
    at.loop.run([&] { touch(at.latch); });
    at.look();
    CHECK(at.hears("seen"));
    CHECK(at.hears("repaired: " + at.directory + " was replaced"));
    at.loop.run([&] { fs::remove(at.latch); });
    CHECK(at.hears("gone"));
    at.loop.run([&] { touch(at.latch); });
    CHECK(at.hears("seen", 2));
    // Unmounted, the latch in it is out of sight, and the directory below is watched again.
    at.loop.run([&] { REQUIRE(::umount2(at.directory.c_str(), MNT_DETACH) == 0); });
    at.look();
    CHECK(at.hears("gone", 2));
    check_still_watches(at);
}
