#include "core/merkle_tree.hpp"

#include <string>

namespace ess {

namespace {

// RFC 6962 section 2.1: a leaf can never be taken for a node.
constexpr char leaf_prefix = '\0';
constexpr char node_prefix = '\1';

Sha256Digest leaf_hash(std::string_view leaf) {
    return Sha256().add({&leaf_prefix, 1}).add(leaf).finish();
}

Sha256Digest node_hash(const Sha256Digest& left, const Sha256Digest& right) {
    std::string bytes(1, node_prefix);
    bytes.append(bytes_of(left)).append(bytes_of(right));
    return sha256(bytes);
}

}  // namespace

void MerkleTree::append(std::string_view leaf) {
    Sha256Digest node = leaf_hash(leaf);
    // Two perfect subtrees of one size make one of twice the size, as a carry does in binary addition.
    for (std::uint64_t bits = size_; (bits & 1U) != 0; bits >>= 1U) {
        node = node_hash(subtrees_.back(), node);
        subtrees_.pop_back();
    }
    subtrees_.push_back(node);
    ++size_;
}

Sha256Digest MerkleTree::root() const {
    if (subtrees_.empty()) return sha256({});
    Sha256Digest node = subtrees_.back();
    for (auto left = subtrees_.rbegin() + 1; left != subtrees_.rend(); ++left)
        node = node_hash(*left, node);
    return node;
}

}  // namespace ess
