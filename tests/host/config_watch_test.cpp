#include "host/config_watch.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "host/loop_thread.hpp"
#include "host/scratch_directory.hpp"

using namespace ess;
namespace fs = std::filesystem;

namespace {

struct Fixture {
    test::ScratchDirectory scratch;
    std::string directory = scratch.file("quantum");
    std::vector<std::string> names{"policy.yaml", "sub/signals.yaml"};
    int told = 0;  ///< of the loop's thread
    test::LoopThread loop;
    std::unique_ptr<host::ConfigWatch> watch;

    Fixture() {
        fs::create_directories(directory + "/sub");
        for (const std::string& name : names)
            write(name, "a: 1\n");
        loop.run([this] { watch = std::make_unique<host::ConfigWatch>(loop.loop(), [this] { ++told; }); });
        REQUIRE(watch->watch(directory, names));
    }
    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;
    ~Fixture() { loop.stop(); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(directory + "/" + name, std::ios::trunc) << text;
    }
    bool hears(int times) {
        return loop.eventually([&] { return told >= times; });
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "config watch: a file written, replaced, removed, made unreadable, in a folder of its own") {
    write("policy.yaml", "a: 2\n");
    CHECK(hears(1));
    write("new", "a: 3\n");
    CHECK(hears(2));
    fs::rename(directory + "/new", directory + "/policy.yaml");
    CHECK(hears(3));
    fs::permissions(directory + "/policy.yaml", fs::perms::none);
    CHECK(hears(4));
    fs::remove(directory + "/policy.yaml");
    CHECK(hears(5));
    write("sub/signals.yaml", "a: 4\n");
    CHECK(hears(6));
}

TEST_CASE_FIXTURE(Fixture, "config watch: a directory that was replaced is news, and is followed once watched again") {
    fs::rename(directory, directory + ".old");
    CHECK(hears(1));
    fs::create_directories(directory + "/sub");
    CHECK(hears(2));
    CHECK(watch->watch(directory, names));
    write("policy.yaml", "a: 5\n");
    CHECK(hears(3));
}

TEST_CASE_FIXTURE(Fixture, "config watch: many writes in a row are told once") {
    for (int i = 0; i < 50; ++i)
        write("policy.yaml", std::to_string(i));
    CHECK(hears(1));
    loop.run([this] { CHECK(told == 1); });
}

TEST_CASE_FIXTURE(Fixture, "config watch: what is not there cannot be watched, and is told") {
    const auto watched = watch->watch(directory, {"missing/policy.yaml"});
    REQUIRE_FALSE(watched.has_value());
    CHECK(watched.error().text.find("missing") != std::string::npos);
}
