#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ess {

/// One file of the trading configuration, as far as it could be read.
struct HashedFile {
    std::string name;                  ///< as listed in `config_hash.files`
    std::optional<std::string> bytes;  ///< nothing: it could not be read
};

struct ConfigDigest {
    std::string sha256;  ///< 64 hexadecimal digits
    std::uint64_t size = 0;
};

struct ConfigFileDigest {
    std::string name;
    std::optional<ConfigDigest> digest;  ///< nothing: it could not be read
};

/// The fingerprint of a configuration. `hash16` is what the operators' tools compare. It has 64 bits and no boundaries
/// between files (bytes moved from the end of one file to the front of the next keep it), so `files` holds what proves.
struct ConfigHash {
    std::string hash16;
    std::vector<ConfigFileDigest> files;
};

/// The first 16 hexadecimal digits of the SHA-256 over the files' bytes in the given order, with the five bytes "ERROR"
/// in place of a file that could not be read. The operators' definition, to the byte: `cat ... | sha256sum | cut
/// -c1-16`.
[[nodiscard]] ConfigHash hash_config(const std::vector<HashedFile>& files);

}  // namespace ess
