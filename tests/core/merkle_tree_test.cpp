#include "core/merkle_tree.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/text.hpp"
#include "ed25519_keys.hpp"

using namespace ess;

namespace {

/// RFC 6962 section 2.1, word for word.
Sha256Digest tree_hash(const std::vector<std::string>& leaves) {
    if (leaves.empty()) return sha256({});
    if (leaves.size() == 1) return sha256(std::string(1, '\0') + leaves[0]);
    std::size_t k = 1;
    while (k * 2 < leaves.size())
        k *= 2;
    const auto middle = leaves.begin() + static_cast<std::ptrdiff_t>(k);
    const Sha256Digest left = tree_hash({leaves.begin(), middle});
    const Sha256Digest right = tree_hash({middle, leaves.end()});
    return sha256(std::string(1, '\1').append(bytes_of(left)).append(bytes_of(right)));
}

}  // namespace

TEST_CASE("merkle tree: the reference roots of Certificate Transparency") {
    const std::vector<std::pair<const char*, const char*>> steps{
        {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
        {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {"606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"}};
    MerkleTree tree;
    CHECK(to_hex(bytes_of(tree.root())) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (const auto& [leaf, root] : steps) {
        CAPTURE(leaf);
        tree.append(ess::test::from_hex(leaf));
        CHECK(to_hex(bytes_of(tree.root())) == root);
    }
    CHECK(tree.size() == 8);
}

TEST_CASE("merkle tree: as the definition says, at every size") {
    MerkleTree tree;
    std::vector<std::string> leaves;
    for (int size = 0; size <= 70; ++size) {
        CAPTURE(size);
        CHECK(tree.size() == leaves.size());
        CHECK(tree.root() == tree_hash(leaves));
        leaves.push_back("leaf " + std::to_string(size));
        tree.append(leaves.back());
    }
}
