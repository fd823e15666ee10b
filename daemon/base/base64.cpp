#include "base/base64.hpp"

#include <openssl/evp.h>

#include <limits>
#include <stdexcept>

namespace ess {

namespace {

/// OpenSSL counts in int.
int length_of(std::string_view text) {
    if (text.size() > static_cast<std::size_t>(std::numeric_limits<int>::max() / 2)) {
        throw std::length_error("base64 of more than OpenSSL takes");
    }
    return static_cast<int>(text.size());
}

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string to_base64(std::string_view bytes) {
    // EVP_EncodeBlock puts a NUL behind the text.
    std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes_of(bytes), length_of(bytes));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), bytes_of(text), length_of(text)) < 0) {
        return std::nullopt;
    }
    const std::size_t padding = text.ends_with("==") ? 2 : (text.ends_with("=") ? 1 : 0);
    bytes.resize(bytes.size() - padding);
    // OpenSSL also takes spellings that nobody writes; one value has one text here.
    if (to_base64(bytes) != text) return std::nullopt;
    return bytes;
}

}  // namespace ess
