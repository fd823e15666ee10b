#include "host/config_hash_files.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "scratch_directory.hpp"

namespace {

const std::vector<std::string> names{"policy.yaml", "signals.yaml", "universe.yaml"};
constexpr const char* fixture = ESS_SOURCE_DIR "/tests/fixtures/config-hash";

}  // namespace

TEST_CASE("the configuration's files are hashed in the order of the list") {
    const auto reading = ess::host::read_config_hash(fixture, names);
    CHECK(reading.hash.hash16 == "0f2a5d04d2dd0bf9");
    CHECK(reading.unreadable.empty());
}

TEST_CASE("what cannot be read counts as ERROR and is told") {
    const ess::test::ScratchDirectory scratch;
    for (const std::string& name : {names[0], names[2]})
        std::filesystem::copy_file(std::string(fixture) + "/" + name, scratch.file(name));
    const std::string middle = scratch.file(names[1]);
    SUBCASE("missing") {}
    SUBCASE("a directory") {
        std::filesystem::create_directory(middle);
    }
    SUBCASE("a FIFO, which would hang a reader") {
        REQUIRE(::mkfifo(middle.c_str(), 0600) == 0);
    }
    SUBCASE("too large") {
        std::ofstream{middle}.close();
        std::filesystem::resize_file(middle, ess::host::config_file_limit + 1);
    }
    const auto reading = ess::host::read_config_hash(scratch.path(), names);
    CHECK(reading.hash.hash16 == "3444f10726be6f54");
    REQUIRE(reading.unreadable.size() == 1);
    CHECK(reading.unreadable[0].text.find("signals.yaml") != std::string::npos);
    CHECK_FALSE(reading.hash.files[1].digest);
}
