#include "base/sha256.hpp"

#include <openssl/evp.h>

#include <stdexcept>

#include "base/text.hpp"

namespace ess {

namespace {

void require(bool done) {
    if (!done) throw std::runtime_error("OpenSSL cannot compute SHA-256");
}

/// Looked up once: OpenSSL 3 would search its providers for each hash.
const EVP_MD* algorithm() {
    static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    require(sha256 != nullptr);
    return sha256;
}

unsigned char* out(Sha256Digest& digest) {
    return reinterpret_cast<unsigned char*>(digest.data());
}

}  // namespace

Sha256::Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    require(context_ && EVP_DigestInit_ex(context_.get(), algorithm(), nullptr) == 1);
}

Sha256& Sha256::add(std::string_view bytes) {
    require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
    return *this;
}

Sha256Digest Sha256::finish() {
    Sha256Digest digest{};
    require(EVP_DigestFinal_ex(context_.get(), out(digest), nullptr) == 1);
    return digest;
}

Sha256Digest sha256(std::string_view bytes) {
    Sha256Digest digest{};
    require(EVP_Digest(bytes.data(), bytes.size(), out(digest), nullptr, algorithm(), nullptr) == 1);
    return digest;
}

std::string sha256_hex(std::string_view bytes) {
    return to_hex(bytes_of(sha256(bytes)));
}

}  // namespace ess
