// What the programs are made of: each loads the libraries that it calls, and no other.
#include <doctest/doctest.h>

#include <regex>
#include <set>

#include "program/process.hpp"

using namespace ess::test;

namespace {

/// By its dynamic section, without those that a compiler adds.
std::set<std::string> libraries_of(const std::string& program) {
    const Ended ended = run({"/usr/bin/readelf", "--dynamic", "--wide", program});
    REQUIRE_MESSAGE(ended.code == 0, ended.err);
    static const std::regex needed(R"(\(NEEDED\).*\[lib([^.\]]*?)(-[0-9]+)?\.so)");
    static const std::set<std::string> compilers{"stdc++", "m", "gcc_s", "c", "asan", "ubsan"};
    std::set<std::string> found;
    for (auto at = std::sregex_iterator(ended.out.begin(), ended.out.end(), needed); at != std::sregex_iterator(); ++at)
        if (!compilers.contains((*at)[1])) found.insert((*at)[1]);
    return found;
}

using Names = std::set<std::string>;

}  // namespace

TEST_CASE("binaries: the generator, which runs at each Reload, loads one library; the canary none") {
    CHECK(libraries_of(ESS_GENERATOR) == Names{"yaml"});
    CHECK(libraries_of(ESS_CANARY) == Names{});
}

TEST_CASE("binaries: what speaks to the network has nothing to do with the bus") {
    CHECK(libraries_of(ESS_FLEET) == Names{"crypto", "spdlog", "systemd", "yaml"});
    CHECK(libraries_of(ESS_ESSD) == Names{"crypto", "sdbus-c++", "spdlog", "systemd", "yaml"});
}
