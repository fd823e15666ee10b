#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/ed25519.hpp"
#include "base/result.hpp"

namespace ess {

/// Longest note that is read. Ours has two short signatures; witnesses may add some of a few kilobytes each.
inline constexpr std::size_t note_limit = 65536;

/// Who signs a note (C2SP signed-note, type 0x01: Ed25519): a name and a public key.
class VerifierKey {
  public:
    /// Fails for a name that is empty or has a space or a plus.
    [[nodiscard]] static Result<VerifierKey> make(std::string name, Ed25519PublicKey key);
    /// "<name>+<key id, 8 hexadecimal digits>+<base64 of 0x01 and the key>", where the id must be that of the key.
    [[nodiscard]] static Result<VerifierKey> parse(std::string_view text);

    [[nodiscard]] std::string text() const;
    [[nodiscard]] const std::string& name() const { return name_; }
    /// 4 bytes of SHA-256(name, "\n", 0x01, key).
    [[nodiscard]] const std::string& id() const { return id_; }
    [[nodiscard]] const Ed25519PublicKey& key() const { return key_; }

    friend bool operator==(const VerifierKey&, const VerifierKey&) = default;

  private:
    VerifierKey(std::string name, Ed25519PublicKey key);

    std::string name_;
    Ed25519PublicKey key_;
    std::string id_;
};

struct NoteSignature {
    std::string name;
    std::string key_id;  ///< 4 bytes
    std::string bytes;   ///< of a known kind of key 64, of others anything
};

/// Text with signatures under it (C2SP signed-note).
struct SignedNote {
    std::string body;  ///< what is signed, its last newline included
    std::vector<NoteSignature> signatures;

    [[nodiscard]] std::string text() const;
};

/// Reads a note strictly: UTF-8, LF alone, no other control character, at least one signature line, nothing behind
/// them. It says nothing of who signed.
[[nodiscard]] Result<SignedNote> parse_note(std::string_view text);

/// The signature under `body` by a key of that name.
[[nodiscard]] Result<NoteSignature> sign_note(std::string_view body, const std::string& name,
                                              const Ed25519PrivateKey& key);

/// Whether this key signed the note. Signatures of other keys are ignored; one of this key that is not good is a
/// failure, even beside a good one.
[[nodiscard]] Result<> verify_note(const SignedNote& note, const VerifierKey& key);

}  // namespace ess
