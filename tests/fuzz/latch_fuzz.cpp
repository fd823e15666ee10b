// The latch, which anyone may have written, and its copy on disk.
#include <cstddef>
#include <cstdint>

#include "core/latch_text.hpp"
#include "fuzz/round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);

    const ess::LatchContent content = ess::read_latch_content(input);
    const std::string content_text = ess::latch_content_text(content);
    if (content_text.size() > ess::latch_content_limit) ess::test::give_up("longer than is read", content_text);
    const ess::LatchContent same = ess::read_latch_content(content_text);
    if (same.reason != content.reason || same.requested_by != content.requested_by || same.trigger != content.trigger)
        ess::test::give_up("another latch", content_text);

    const std::string copy_text = ess::latch_copy_text(ess::read_latch_copy(input));
    if (ess::latch_copy_text(ess::read_latch_copy(copy_text)) != copy_text)
        ess::test::give_up("another copy", copy_text);
    return 0;
}
