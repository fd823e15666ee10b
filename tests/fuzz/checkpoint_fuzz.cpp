// What is signed: notes, checkpoints, keys of verifiers, statements of sign-offs. The first line of an input is a key,
// the rest is a note that it may have signed.
#include <cstddef>
#include <cstdint>

#include "core/checkpoint.hpp"
#include "core/ledger_log.hpp"
#include "fuzz/round_trip.hpp"

namespace {

using ess::test::give_up;

void read_checkpoint(std::string_view body) {
    const auto checkpoint = ess::parse_checkpoint(body);
    // Lines of an extension are read over, so they are not there again.
    if (checkpoint && !body.starts_with(checkpoint->body())) give_up("another checkpoint", body);
}

void read_note(std::string_view text) {
    const auto note = ess::parse_note(text);
    if (!note) return;
    if (note->text() != text) give_up("another note", text);
    read_checkpoint(note->body);
}

void read_signed(std::string_view key_text, std::string_view text) {
    const auto key = ess::VerifierKey::parse(key_text);
    if (!key) return;
    if (key->text() != key_text) give_up("another key", key_text);
    const auto opened = ess::open_checkpoint(text, *key);
    if (opened && !text.starts_with(opened->body())) give_up("another checkpoint than was signed", text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t end = input.find('\n');
    const std::string_view rest = end == std::string_view::npos ? std::string_view() : input.substr(end + 1);
    read_signed(input.substr(0, end), rest);
    for (const std::string_view text : {input, rest}) {
        read_note(text);
        read_checkpoint(text);
        const auto subject = ess::parse_signoff_statement(text);
        if (subject && subject->statement() != text) give_up("another statement", text);
    }
    return 0;
}
