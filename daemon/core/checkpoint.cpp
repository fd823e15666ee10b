#include "core/checkpoint.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/base64.hpp"

namespace ess {

namespace {

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t size = 0;
    const auto [stop, fault] = std::from_chars(text.data(), text.data() + text.size(), size);
    // Leading zeros, a sign, or anything behind the digits would be a second spelling.
    if (fault != std::errc{} || std::to_string(size) != text) return std::nullopt;
    return size;
}

std::optional<Sha256Digest> parse_root(std::string_view text) {
    const auto bytes = from_base64(text);
    Sha256Digest root{};
    if (!bytes || bytes->size() != root.size()) return std::nullopt;
    std::copy(bytes->begin(), bytes->end(), root.begin());
    return root;
}

}  // namespace

std::string Checkpoint::body() const {
    return origin + "\n" + std::to_string(size) + "\n" + to_base64(bytes_of(root)) + "\n";
}

Checkpoint checkpoint_of(const std::string& origin, const MerkleTree& tree) {
    return {origin, tree.size(), tree.root()};
}

Result<Checkpoint> parse_checkpoint(std::string_view body) {
    if (body.starts_with('\n') || !body.ends_with('\n') || body.find("\n\n") != std::string_view::npos) {
        return failure("checkpoint: not lines of text");
    }
    std::array<std::string_view, 3> lines;
    for (std::string_view& line : lines) {
        const std::size_t end = body.find('\n');
        if (end == std::string_view::npos) return failure("checkpoint: fewer than three lines");
        line = body.substr(0, end);
        body.remove_prefix(end + 1);
    }
    const auto size = parse_size(lines[1]);
    if (!size) return failure("checkpoint: the size is not a number");
    const auto root = parse_root(lines[2]);
    if (!root) return failure("checkpoint: the root is not base64 of 32 bytes");
    return Checkpoint{std::string(lines[0]), *size, *root};
}

Result<Checkpoint> open_checkpoint(std::string_view note, const VerifierKey& key) {
    const auto opened = parse_note(note);
    if (!opened) return tl::make_unexpected(opened.error());
    if (auto verified = verify_note(*opened, key); !verified) return tl::make_unexpected(verified.error());
    auto checkpoint = parse_checkpoint(opened->body);
    if (checkpoint && checkpoint->origin != key.name()) return failure("checkpoint: of another log than its key");
    return checkpoint;
}

}  // namespace ess
