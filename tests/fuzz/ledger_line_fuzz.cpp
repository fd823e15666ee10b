// The lines of the ledger: only bytes that are made are read.
#include <cstddef>
#include <cstdint>

#include "core/ledger_line.hpp"
#include "fuzz/round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto line = ess::parse_ledger_line(input);
    if (!line) return 0;
    const auto made = ess::format_ledger_line(*line);
    if (!made) ess::test::give_up("read and not written: " + made.error().text, input);
    if (*made != input) ess::test::give_up("another line: " + *made, input);
    return 0;
}
