#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ess {

// Who is who in a sign-off: one rule for who appends one (core/signoff), for the breaches that two people settle
// (core/ledger_log), and for who verifies it (host/signoff_check).

/// Whether two names are of one person: allowed_signers has "alice@example.com" where the host says "alice".
[[nodiscard]] bool is_same_person(std::string_view left, std::string_view right);

/// Whether it can be the name of a signer: ssh-keygen would take it for itself, and not for a pattern, an option, or
/// the part before a NUL.
[[nodiscard]] bool is_plain_name(std::string_view name);

/// The public key in an armored signature of ssh-keygen (PROTOCOL.sshsig), as bytes; empty if it is none.
[[nodiscard]] std::string signature_key(std::string_view armored);

/// Those who signed one entry off.
class Signers {
  public:
    /// `key` is whatever tells one key from another.
    void add(std::string person, std::string key);
    /// Whether that person is among them.
    [[nodiscard]] bool has(std::string_view person) const;
    /// How many people they are: one key under two names is one person.
    [[nodiscard]] std::size_t people() const;

  private:
    struct Signer {
        std::string person;
        std::string key;
    };
    std::vector<Signer> signers_;  ///< each person once
};

}  // namespace ess
