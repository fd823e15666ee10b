// The operators' configuration: a main file, and a drop-in behind the first NUL.
#include <array>
#include <cstddef>
#include <cstdint>
#include <set>

#include "core/config.hpp"
#include "fuzz/round_trip.hpp"

namespace {

using ess::test::give_up;

/// What the rest of the program relies on, whatever the files say.
void expect_valid(const ess::Config& config, std::string_view input) {
    std::set<std::string> names;
    for (const ess::UnitRule& rule : config.units) {
        if (rule.name.empty() || !names.insert(rule.name).second) give_up("a unit twice or without a name", input);
        if (rule.grace < ess::Micros{} || rule.grace >= config.stop.budget) give_up("a grace past the budget", input);
    }
    if (config.stop.budget > std::chrono::seconds(2)) give_up("a budget above 2 s", input);
    if (!config.latch.path.starts_with('/')) give_up("a latch that is nowhere", input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t end = input.find('\0');
    const std::string_view rest = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
    const std::array<ess::ConfigSource, 2> sources{
        {{"ess.yaml", std::string(input.substr(0, end))}, {"more.yaml", std::string(rest)}}};
    const ess::ConfigReading reading = ess::read_config(sources);
    for (const ess::ConfigFault& fault : reading.faults) {
        if (fault.text.empty() || ess::to_text(fault).empty()) give_up("a fault without a text", input);
    }
    if (reading.faults.empty()) expect_valid(reading.config, input);
    return 0;
}
