#include "program/screens.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "program/sandbox.hpp"

namespace ess::test {

namespace {

std::string fixture(const std::string& file) {
    return std::string(ESS_SOURCE_DIR) + "/tests/fixtures/screens/" + file;
}

}  // namespace

Json status_fixture(const std::string& name) {
    const auto json = parse_json(read_whole(fixture(name + ".json")));
    REQUIRE_MESSAGE(json, name);
    return *json;
}

bool is_as_before(const std::string& name, const std::string& text) {
    const std::string before = read_whole(fixture(name + ".txt"));
    if (text != before && std::getenv("ESS_RENEW") != nullptr) write_file(fixture(name + ".txt"), text);
    if (text != before) std::printf("--- %s was\n%s--- and is\n%s---\n", name.c_str(), before.c_str(), text.c_str());
    return text == before;
}

Ended on_terminal(std::vector<std::string> arguments, unsigned short columns, std::vector<std::string> environment) {
    arguments.insert(arguments.begin(), ESS_ESSCTL);
    Ended ended = run(Start{std::move(arguments), std::move(environment), {}, true, columns, 24});
    std::erase(ended.out, '\r');
    return ended;
}

std::size_t longest_line(const std::string& text) {
    std::size_t longest = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        longest = std::max(longest, static_cast<std::size_t>(std::ranges::count_if(line, [](char c) {
                               return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
                           })));
    return longest;
}

}  // namespace ess::test
