#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

struct evp_pkey_st;

namespace ess {

// RFC 8032 section 5.1.
inline constexpr std::size_t ed25519_key_size = 32;
inline constexpr std::size_t ed25519_signature_size = 64;

class Ed25519PublicKey {
  public:
    /// The 32 bytes of RFC 8032.
    [[nodiscard]] static Result<Ed25519PublicKey> from_bytes(std::string_view bytes);
    /// "BEGIN PUBLIC KEY" (RFC 8410).
    [[nodiscard]] static Result<Ed25519PublicKey> from_pem(std::string_view pem);

    [[nodiscard]] const std::string& bytes() const { return bytes_; }
    [[nodiscard]] std::string pem() const;
    [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;

    friend bool operator==(const Ed25519PublicKey&, const Ed25519PublicKey&) = default;

  private:
    explicit Ed25519PublicKey(std::string bytes) : bytes_(std::move(bytes)) {}

    std::string bytes_;
};

/// Owns a private key; OpenSSL wipes it when it goes.
class Ed25519PrivateKey {
  public:
    [[nodiscard]] static Ed25519PrivateKey generate();
    /// "BEGIN PRIVATE KEY" (PKCS#8, RFC 8410). A key under a passphrase is refused: nobody is there to type it.
    [[nodiscard]] static Result<Ed25519PrivateKey> from_pem(std::string_view pem);

    [[nodiscard]] std::string pem() const;
    [[nodiscard]] Ed25519PublicKey public_key() const;
    /// The 64 bytes of RFC 8032.
    [[nodiscard]] std::string sign(std::string_view message) const;

  private:
    using Key = std::unique_ptr<evp_pkey_st, void (*)(evp_pkey_st*)>;
    explicit Ed25519PrivateKey(Key key) : key_(std::move(key)) {}

    Key key_;
};

}  // namespace ess
