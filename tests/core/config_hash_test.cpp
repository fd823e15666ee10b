#include "core/config_hash.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/file.hpp"

namespace {

using ess::hash_config;
using ess::HashedFile;

const std::vector<std::string> names{"policy.yaml", "signals.yaml", "universe.yaml"};

std::vector<HashedFile> read(const std::string& directory) {
    std::vector<HashedFile> files;
    for (const std::string& name : names) {
        auto bytes = ess::read_file(directory + "/" + name, 1U << 20U);
        files.push_back({name, bytes ? std::optional(*bytes) : std::nullopt});
    }
    return files;
}

std::vector<HashedFile> fixture() {
    return read(ESS_SOURCE_DIR "/tests/fixtures/config-hash");
}

}  // namespace

// The expected values of the fixtures were made with `cat policy.yaml signals.yaml universe.yaml | sha256sum`.
TEST_CASE("the configuration hash is the operators' one") {
    const auto hash = hash_config(fixture());
    CHECK(hash.hash16 == "0f2a5d04d2dd0bf9");
    REQUIRE(hash.files.size() == 3);
    CHECK(hash.files[0].name == "policy.yaml");
    REQUIRE(hash.files[0].digest);
    CHECK(hash.files[0].digest->size == 24);
    CHECK(hash.files[0].digest->sha256 == "312e935067cf62ad1c7fb48091b944c4b082e58bf91217a00b9267cf9873fec2");
}

TEST_CASE("the example of the operators' document") {
    const auto files = read(ESS_SOURCE_DIR "/../shared/data/config-hash");
    if (!files[0].bytes || !files[1].bytes || !files[2].bytes) {
        MESSAGE("skipped: the operators' files are not beside the repository");
        return;
    }
    CHECK(hash_config(files).hash16 == "bfb734a7aa5cb0a8");
}

TEST_CASE("a file that cannot be read counts as ERROR") {
    auto files = fixture();
    files[1].bytes.reset();
    const auto hash = hash_config(files);
    CHECK(hash.hash16 == "3444f10726be6f54");
    CHECK_FALSE(hash.files[1].digest);
    CHECK(hash.files[2].digest);
    CHECK(hash_config({{"a", {}}, {"b", {}}, {"c", {}}}).hash16 == "b22fe20470e7a9f9");
    // An empty file is not a missing one.
    files[1].bytes = "";
    CHECK(hash_config(files).hash16 != hash.hash16);
}

TEST_CASE("any byte and the order change the hash; the boundary shows in the files only") {
    const auto files = fixture();
    const auto hash = hash_config(files);
    for (std::size_t i = 0; i < files[0].bytes->size(); ++i) {
        auto changed = files;
        (*changed[0].bytes)[i] = static_cast<char>((*changed[0].bytes)[i] ^ 1);
        CHECK(hash_config(changed).hash16 != hash.hash16);
    }
    CHECK(hash_config({files[1], files[0], files[2]}).hash16 != hash.hash16);
    auto moved = files;
    moved[1].bytes->insert(0, 1, moved[0].bytes->back());
    moved[0].bytes->pop_back();
    CHECK(hash_config(moved).hash16 == hash.hash16);
    CHECK(hash_config(moved).files[0].digest->sha256 != hash.files[0].digest->sha256);
}
