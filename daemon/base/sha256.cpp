#include "base/sha256.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

#include "base/text.hpp"

namespace ess {

std::string sha256_hex(std::string_view bytes) {
    std::array<char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    auto* const out = reinterpret_cast<unsigned char*>(digest.data());
    if (EVP_Digest(bytes.data(), bytes.size(), out, &length, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("OpenSSL cannot compute SHA-256");
    }
    return to_hex({digest.data(), length});
}

}  // namespace ess
