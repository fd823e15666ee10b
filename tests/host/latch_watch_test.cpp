#include "host/latch_watch.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "host/latch_fixture.hpp"

using namespace ess;
using namespace ess::test;

namespace fs = std::filesystem;

namespace {

/// Something that may stand at the latch's path, and how it gets there.
struct Way {
    const char* name;
    std::function<void(const std::string& path)> make;
};

std::vector<Way> ways() {
    // Outside of what is watched: other news would make it look, and see the latch before the news of the latch.
    const auto aside = [](const std::string& path) { return fs::path(path).parent_path().parent_path() += ".aside"; };
    return {
        {"touch", [](const std::string& path) { touch(path); }},
        {"directory", [](const std::string& path) { REQUIRE(::mkdir(path.c_str(), 0700) == 0); }},
        {"dangling link", [](const std::string& path) { fs::create_symlink("/nowhere/at/all", path); }},
        {"link to itself", [](const std::string& path) { fs::create_symlink(path, path); }},
        {"FIFO", [](const std::string& path) { REQUIRE(::mkfifo(path.c_str(), 0600) == 0); }},
        {"unreadable",
         [](const std::string& path) {
             touch(path);
             fs::permissions(path, fs::perms::none);
         }},
        {"renamed into place",
         [aside](const std::string& path) {
             touch(aside(path));
             fs::rename(aside(path), path);
         }},
        {"hard link",
         [aside](const std::string& path) {
             touch(aside(path));
             fs::create_hard_link(aside(path), path);
             fs::remove(aside(path));
         }},
    };
}

}  // namespace

TEST_CASE("latch: whatever appears at the path is seen, once, and its going is told") {
    for (const Way& way : ways()) {
        CAPTURE(way.name);
        LatchFixture at;
        at.start();
        CHECK(at.told().empty());
        way.make(at.latch);
        CHECK(at.hears("seen"));
        CHECK(at.present());
        CHECK(at.told() == std::vector<std::string>{"seen"});
        fs::remove(at.latch);
        CHECK(at.hears("gone"));
        CHECK_FALSE(at.present());
        CHECK(at.told() == std::vector<std::string>{"seen", "gone"});
    }
}

TEST_CASE("latch: whatever is there at the start is seen by the start itself") {
    for (const Way& way : ways()) {
        CAPTURE(way.name);
        LatchFixture at;
        way.make(at.latch);
        at.loop.run([&] {
            REQUIRE(at.watch.start());
            CHECK(at.watch.present());
            CHECK(at.events == std::vector<std::string>{"seen"});
        });
    }
}

TEST_CASE("latch: made and removed before anybody looked, it still counts") {
    for (const Way& way : ways()) {
        CAPTURE(way.name);
        LatchFixture at;
        at.start();
        // In the loop's thread: the loop gets to read only when both is done.
        at.loop.run([&] {
            way.make(at.latch);
            fs::remove(at.latch);
        });
        CHECK(at.hears("gone"));
        CHECK(at.told() == std::vector<std::string>{"seen", "gone"});
    }
}

TEST_CASE("latch: ten times over") {
    LatchFixture at;
    at.start();
    for (std::size_t i = 1; i <= 10; ++i) {
        touch(at.latch);
        CHECK(at.hears("seen", i));
        fs::remove(at.latch);
        CHECK(at.hears("gone", i));
    }
}

TEST_CASE("latch: a name beside it does not trip") {
    LatchFixture at;
    at.start();
    for (const char* name : {"ESS_ON.tmp", "ESS_O", "ess_on", ".ESS_ON", "ESS_ON2"}) {
        touch(at.directory + "/" + name);
    }
    fs::create_directory(at.directory + "/sub");
    touch(at.directory + "/sub/ESS_ON");
    // The latch's own name, but beside the directory.
    touch(at.scratch.file("ESS_ON"));
    fs::rename(at.directory + "/ESS_ON2", at.directory + "/ESS_ON3");
    at.loop.settle();
    CHECK(at.told().empty());
    CHECK_FALSE(at.present());
}

TEST_CASE("latch: renamed away is gone, written to is not news") {
    LatchFixture at;
    at.start();
    touch(at.latch);
    CHECK(at.hears("seen"));
    std::ofstream(at.latch, std::ios::app) << "a reason, added later";
    fs::permissions(at.latch, fs::perms::owner_all);
    at.loop.settle();
    CHECK(at.told() == std::vector<std::string>{"seen"});
    fs::rename(at.latch, at.directory + "/ESS_OFF");
    CHECK(at.hears("gone"));
}

TEST_CASE("latch: an inotify queue that overflowed is made good by a look") {
    const long limit = read_number("/proc/sys/fs/inotify/max_queued_events");
    if (limit <= 0 || limit > 100000) {
        std::puts("skip: the inotify queue is too long to be filled here");
        return;
    }
    LatchFixture at;
    at.start();
    at.loop.run([&] {
        // Two events a round: made and removed.
        for (long i = 0; i <= limit / 2; ++i) {
            const std::string other = at.directory + "/" + std::to_string(i);
            touch(other);
            ::unlink(other.c_str());
        }
        touch(at.latch);
    });
    CHECK(at.hears("seen"));
    CHECK(at.present());
    // It is not deaf afterwards.
    fs::remove(at.latch);
    CHECK(at.hears("gone"));
    touch(at.latch);
    CHECK(at.hears("seen", 2));
}

TEST_CASE("latch: create makes a file that everybody may read") {
    LatchFixture at;
    at.start();
    at.loop.run([&] { CHECK(at.watch.create("why\n")); });
    CHECK(at.hears("seen"));
    CHECK(content_of(at.latch) == "why\n");
    CHECK((fs::status(at.latch).permissions() & fs::perms::mask) == fs::perms(0644));
}

TEST_CASE("latch: create neither overwrites nor follows") {
    LatchFixture at;
    at.start();
    std::ofstream(at.latch) << "the first reason";
    at.loop.run([&] { CHECK(at.watch.create("another")); });
    CHECK(content_of(at.latch) == "the first reason");
    fs::remove(at.latch);

    const std::string target = at.scratch.file("target");
    for (const bool dangling : {true, false}) {
        if (!dangling) std::ofstream(target) << "precious";
        fs::create_symlink(target, at.latch);
        at.loop.run([&] { CHECK(at.watch.create("another")); });
        CHECK(fs::is_symlink(fs::symlink_status(at.latch)));
        CHECK(fs::exists(target) == !dangling);
        fs::remove(at.latch);
    }
    CHECK(content_of(target) == "precious");
}

TEST_CASE("latch: create makes the directory when it is missing") {
    if (::geteuid() != 0) {
        std::puts("skip: only root makes the latch's directory");
        return;
    }
    LatchFixture at;
    at.start();
    at.loop.run([&] {
        fs::remove(at.directory);
        CHECK(at.watch.create("why"));
        CHECK(content_of(at.latch) == "why");
    });
    CHECK(at.hears("seen"));
}

TEST_CASE("latch: remove takes away what is there") {
    LatchFixture at;
    at.start();
    for (const Way& way : ways()) {
        CAPTURE(way.name);
        way.make(at.latch);
        at.loop.run([&] { CHECK(at.watch.remove()); });
        CHECK_FALSE(fs::exists(fs::symlink_status(at.latch)));
        fs::remove(at.scratch.file("aside"));
    }
    at.loop.run([&] { CHECK(at.watch.remove()); });  // nothing there is as good
}

TEST_CASE("latch: a link is removed, not what it points at") {
    LatchFixture at;
    at.start();
    const std::string target = at.scratch.file("target");
    touch(target);
    fs::create_symlink(target, at.latch);
    at.loop.run([&] { CHECK(at.watch.remove()); });
    CHECK(fs::exists(target));
}

TEST_CASE("latch: a directory with something in it is not removed, and says so") {
    LatchFixture at;
    at.start();
    fs::create_directories(at.latch + "/inner");
    at.loop.run([&] {
        const auto removed = at.watch.remove();
        REQUIRE_FALSE(removed);
        CHECK(removed.error().text.find(at.latch) != std::string::npos);
    });
    CHECK(at.present());
}
