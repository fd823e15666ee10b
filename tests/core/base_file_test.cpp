#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "base/fd.hpp"
#include "base/file.hpp"
#include "host/scratch_directory.hpp"

using namespace ess;
using ess::test::ScratchDirectory;

namespace {

void put(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

std::size_t files_in(const std::string& directory) {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(directory))
        ++count;
    return count;
}

mode_t mode_of(const std::string& path) {
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    return info.st_mode & 07777U;
}

bool is_open(int fd) {
    return ::fcntl(fd, F_GETFD) >= 0;
}

int open_null() {
    return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace

TEST_CASE("file: reads all of a file within the limit, and refuses a longer one") {
    const ScratchDirectory scratch;
    const std::string path = scratch.file("f");
    const std::string bytes("a\0b\nc", 5);
    put(path, bytes);
    CHECK(*read_file(path, 5) == bytes);
    CHECK(*read_file(path, 1000) == bytes);
    CHECK_FALSE(read_file(path, 4).has_value());
    CHECK(read_file(path, 4).error().text == path + ": larger than 4 bytes");
    put(path, "");
    CHECK(read_file(path, 0)->empty());
    const std::string big(200'000, 'x');
    put(path, big);
    CHECK(*read_file(path, big.size()) == big);
}

TEST_CASE("file: the head of a file, however long it is") {
    const ScratchDirectory scratch;
    put(scratch.file("f"), std::string(100'000, 'x') + "y");
    CHECK(*read_head(scratch.file("f"), 3) == "xxx");
    CHECK(read_head(scratch.file("f"), 0)->empty());
    CHECK(read_head(scratch.file("f"), 1'000'000)->size() == 100'001);
}

TEST_CASE("file: what is not a regular file is refused, and a FIFO does not hang the reader") {
    const ScratchDirectory scratch;
    REQUIRE(::mkfifo(scratch.file("fifo").c_str(), 0600) == 0);
    for (const std::string& path : {scratch.file("fifo"), scratch.path(), std::string("/dev/zero")}) {
        CAPTURE(path);
        const auto read = read_file(path, 100);
        REQUIRE_FALSE(read.has_value());
        CHECK(read.error().text == path + ": not a regular file");
        CHECK_FALSE(read_head(path, 100).has_value());
    }
}

TEST_CASE("file: a file that is not there is told apart from one that cannot be read") {
    const ScratchDirectory scratch;
    CHECK(read_file(scratch.file("none"), 10).error().code == ENOENT);
    CHECK(read_file(scratch.file("none/below"), 10).error().code == ENOENT);
    REQUIRE(::symlink("nowhere", scratch.file("dangling").c_str()) == 0);
    CHECK(read_file(scratch.file("dangling"), 10).error().code == ENOENT);
    REQUIRE(::symlink("loop", scratch.file("loop").c_str()) == 0);
    CHECK(read_file(scratch.file("loop"), 10).error().code == ELOOP);
    put(scratch.file("f"), "x");
    CHECK(read_file(scratch.file("f") + "/below", 10).error().code == ENOTDIR);
    REQUIRE(::symlink("f", scratch.file("link").c_str()) == 0);
    CHECK(*read_file(scratch.file("link"), 10) == "x");
}

TEST_CASE("file: a replaced file is a new one: who holds the old one sees all of the old one") {
    for (const Durability durability : {Durability::Volatile, Durability::Durable}) {
        const ScratchDirectory scratch;
        const std::string path = scratch.file("f");
        put(path, "old");
        REQUIRE(::link(path.c_str(), scratch.file("held").c_str()) == 0);
        REQUIRE(replace_file(path, "new content", 0640, durability));
        CHECK(*read_file(path, 100) == "new content");
        CHECK(*read_file(scratch.file("held"), 100) == "old");
        CHECK(mode_of(path) == 0640);
        CHECK(files_in(scratch.path()) == 2);
    }
}

TEST_CASE("file: replacing makes the file, with its mode whatever the umask") {
    const ScratchDirectory scratch;
    const mode_t before = ::umask(0077);
    const auto written = replace_file(scratch.file("f"), "x", 0666, Durability::Durable);
    ::umask(before);
    REQUIRE(written);
    CHECK(mode_of(scratch.file("f")) == 0666);
}

TEST_CASE("file: a link in the file's place is replaced, not followed") {
    const ScratchDirectory scratch;
    put(scratch.file("target"), "keep");
    REQUIRE(::symlink("target", scratch.file("f").c_str()) == 0);
    REQUIRE(replace_file(scratch.file("f"), "new", 0644, Durability::Volatile));
    CHECK(*read_file(scratch.file("target"), 100) == "keep");
    CHECK_FALSE(std::filesystem::is_symlink(scratch.file("f")));
}

TEST_CASE("file: a link in the way of the temporary file is not followed") {
    const ScratchDirectory scratch;
    put(scratch.file("victim"), "keep");
    const std::string temporary = scratch.file(".f." + std::to_string(::getpid()));
    REQUIRE(::symlink("victim", temporary.c_str()) == 0);
    CHECK_FALSE(replace_file(scratch.file("f"), "new", 0644, Durability::Volatile).has_value());
    CHECK(*read_file(scratch.file("victim"), 100) == "keep");
}

TEST_CASE("file: a failed replacement leaves the old file and nothing else") {
    const ScratchDirectory scratch;
    REQUIRE(std::filesystem::create_directory(scratch.file("d")));
    put(scratch.file("d/inside"), "x");
    const auto onto_directory = replace_file(scratch.file("d"), "new", 0644, Durability::Durable);
    REQUIRE_FALSE(onto_directory.has_value());
    CHECK(onto_directory.error().code == EISDIR);
    CHECK(files_in(scratch.path()) == 1);
    CHECK_FALSE(replace_file(scratch.file("none/f"), "new", 0644, Durability::Durable).has_value());
    CHECK(files_in(scratch.path()) == 1);
}

TEST_CASE("file: a full disk is a failure, and the old file stays") {
    const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    if (!full) {
        MESSAGE("no /dev/full here");
        return;
    }
    const auto written = write_all(full.get(), "x");
    REQUIRE_FALSE(written.has_value());
    CHECK(written.error().code == ENOSPC);
}

TEST_CASE("file: removing what is there, and what is not") {
    const ScratchDirectory scratch;
    put(scratch.file("f"), "x");
    CHECK(remove_file(scratch.file("f"), Durability::Durable));
    CHECK(remove_file(scratch.file("f"), Durability::Durable));
    CHECK(files_in(scratch.path()) == 0);
    CHECK_FALSE(remove_file(scratch.path(), Durability::Volatile).has_value());
}

TEST_CASE("file: parent and leaf of a path") {
    CHECK(parent_of("/a/b/c") == "/a/b");
    CHECK(parent_of("/a") == "/");
    CHECK(parent_of("a") == ".");
    CHECK(leaf_of("/a/b/c") == "c");
    CHECK(leaf_of("a") == "a");
    CHECK(leaf_of("/a/").empty());
}

TEST_CASE("fd: closes what it owns, once, and gives it away") {
    int raw = -1;
    {
        const Fd fd(open_null());
        raw = fd.get();
        REQUIRE(fd);
        CHECK(is_open(raw));
    }
    CHECK_FALSE(is_open(raw));

    Fd first(open_null());
    Fd second(std::move(first));
    CHECK_FALSE(static_cast<bool>(first));  // NOLINT(bugprone-use-after-move): this is what is tested
    CHECK(is_open(second.get()));
    Fd third(open_null());
    const int replaced = third.get();
    third = std::move(second);
    CHECK_FALSE(is_open(replaced));
    CHECK(is_open(third.get()));

    raw = third.release();
    CHECK_FALSE(static_cast<bool>(third));
    CHECK(is_open(raw));
    third = Fd(raw);
    third.reset();
    third.reset();
    CHECK_FALSE(is_open(raw));
    CHECK_FALSE(static_cast<bool>(Fd()));
}
