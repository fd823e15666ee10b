#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "base/base64.hpp"
#include "base/ed25519.hpp"

namespace ess::test {

inline std::string from_hex(std::string_view hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return bytes;
}

/// PKCS#8 of a 32-byte seed (RFC 8410 section 7).
inline std::string private_pem(std::string_view seed) {
    const std::string der = from_hex("302e020100300506032b657004220420") + std::string(seed);
    return "-----BEGIN PRIVATE KEY-----\n" + to_base64(der) + "\n-----END PRIVATE KEY-----\n";
}

inline Ed25519PrivateKey key_from_seed(std::string_view seed) {
    auto key = Ed25519PrivateKey::from_pem(private_pem(seed));
    REQUIRE(key);
    return std::move(*key);
}

}  // namespace ess::test
