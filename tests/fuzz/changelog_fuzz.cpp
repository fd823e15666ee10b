// The reader of changelogs: Markdown, YAML documents, JSON.
#include <cstddef>
#include <cstdint>

#include "fuzz/round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const ess::ChangelogReading reading = ess::read_changelog(input);
    for (const ess::ChangelogEntry& entry : reading.entries) {
        const std::string text = ess::test::written(entry);
        ess::test::expect_same(entry, ess::read_changelog(text), text);
    }
    return 0;
}
