#include "core/config_hash.hpp"

#include <string_view>

#include "base/sha256.hpp"

namespace ess {

namespace {

constexpr std::string_view unreadable_mark = "ERROR";
constexpr std::size_t shown_digits = 16;

ConfigFileDigest digest_of(const HashedFile& file) {
    if (!file.bytes) return {file.name, std::nullopt};
    return {file.name, ConfigDigest{sha256_hex(*file.bytes), file.bytes->size()}};
}

}  // namespace

ConfigHash hash_config(const std::vector<HashedFile>& files) {
    ConfigHash hash;
    std::string all;
    for (const HashedFile& file : files) {
        all += file.bytes ? std::string_view(*file.bytes) : unreadable_mark;
        hash.files.push_back(digest_of(file));
    }
    hash.hash16 = sha256_hex(all).substr(0, shown_digits);
    return hash;
}

}  // namespace ess
