#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "base/file.hpp"

using namespace ess;

namespace {

constexpr std::size_t file_limit = 1024UL * 1024;
constexpr const char* tests = ESS_SOURCE_DIR "/tests";

/// The sources of all tests, so that a name that a line break splits is still one: the style keeps literals whole.
std::string all_sources() {
    std::string text;
    for (const char* tier : {"/core", "/host", "/program"}) {
        for (const auto& file : std::filesystem::directory_iterator(std::string(tests) + tier)) {
            if (file.path().extension() == ".cpp") text += read_file(file.path(), file_limit).value_or("");
        }
    }
    return text;
}

}  // namespace

TEST_CASE("control socket: the table of cases has all of them, and each test that it names exists") {
    const std::string table = read_file(std::string(tests) + "/host/CONTROL_SOCKET.md", file_limit).value_or("");
    const std::string sources = all_sources();
    constexpr int cases = 35;
    for (int number = 1; number <= cases; ++number) {
        CAPTURE(number);
        const std::size_t begin = table.find("\n| " + std::to_string(number) + " | ");
        REQUIRE(begin != std::string::npos);
        std::string row = table.substr(begin + 1, table.find('\n', begin + 1) - begin - 1);
        row.erase(0, row.rfind(" | "));
        int named = 0;
        for (std::size_t at = row.find('`'); at != std::string::npos; at = row.find('`', at + 1), ++named) {
            const std::size_t end = row.find('`', at + 1);
            const std::string name = row.substr(at + 1, end - at - 1);
            CAPTURE(name);
            CHECK(sources.find("\"" + name + "\")") != std::string::npos);
            at = end;
        }
        CHECK(named > 0);
    }
}
