#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/sha256.hpp"

namespace ess {

/// The Merkle tree hash of RFC 6962 section 2.1 over leaves that are only ever added. It keeps the roots of the perfect
/// subtrees from the left, one per set bit of the size, and none of the leaves.
class MerkleTree {
  public:
    void append(std::string_view leaf);

    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] Sha256Digest root() const;

  private:
    std::uint64_t size_ = 0;
    std::vector<Sha256Digest> subtrees_;  ///< the largest first
};

}  // namespace ess
