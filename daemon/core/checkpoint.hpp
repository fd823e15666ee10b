#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/sha256.hpp"
#include "core/merkle_tree.hpp"
#include "core/signed_note.hpp"

namespace ess {

/// The state of a log at one size (C2SP tlog-checkpoint).
struct Checkpoint {
    std::string origin;
    std::uint64_t size = 0;  ///< number of lines
    Sha256Digest root{};     ///< RFC 6962 tree hash over them

    /// The text that is signed: origin, size and root, a line each.
    [[nodiscard]] std::string body() const;

    friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

[[nodiscard]] Checkpoint checkpoint_of(const std::string& origin, const MerkleTree& tree);

/// Reads the body of a note. Extension lines behind the three are read over, but not empty ones.
[[nodiscard]] Result<Checkpoint> parse_checkpoint(std::string_view body);

/// The checkpoint in a signed note that `key` signed; its origin must be the key's name.
[[nodiscard]] Result<Checkpoint> open_checkpoint(std::string_view note, const VerifierKey& key);

}  // namespace ess
