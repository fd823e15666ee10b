#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace ess {

/// The 32 bytes of a SHA-256 (FIPS 180-4).
using Sha256Digest = std::array<char, 32>;

[[nodiscard]] inline std::string_view bytes_of(const Sha256Digest& digest) {
    return {digest.data(), digest.size()};
}

/// SHA-256 of bytes that come in parts.
class Sha256 {
  public:
    Sha256();
    Sha256& add(std::string_view bytes);
    /// Of all that was added; nothing can be added afterwards.
    [[nodiscard]] Sha256Digest finish();

  private:
    std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

[[nodiscard]] Sha256Digest sha256(std::string_view bytes);

/// The same as 64 lower-case hexadecimal digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace ess
