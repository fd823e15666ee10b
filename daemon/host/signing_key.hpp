#pragma once

#include <optional>
#include <string>

#include "base/ed25519.hpp"
#include "base/result.hpp"

namespace ess::host {

/// Where a ledger's private key is kept: the credential `ledger.pem` of the process (systemd.exec(5),
/// LoadCredential=), or else keys/ledger.pem (0600, in a directory of 0700) beside the ledger's directory.
class SigningKeys {
  public:
    explicit SigningKeys(const std::string& ledger_directory);

    /// Whether the key is a credential: systemd's, and not to be replaced here.
    [[nodiscard]] bool is_credential() const { return !credential_.empty(); }
    [[nodiscard]] const std::string& file() const { return file_; }

    /// The key; nothing if there is none. Fails for a file that is a link, that is somebody else's or that others may
    /// read, and for what is no such key.
    [[nodiscard]] Result<std::optional<Ed25519PrivateKey>> load() const;
    /// Makes the first key, durably. Never replaces one.
    [[nodiscard]] Result<Ed25519PrivateKey> make() const;

    // The key that will take over lies beside the one in use, as ledger.pem.next, from before the line that hands over
    // until after the checkpoint that both keys sign: at each moment the keys that are needed are on the disk.
    [[nodiscard]] Result<std::optional<Ed25519PrivateKey>> load_next() const;
    [[nodiscard]] Result<> put_next(const Ed25519PrivateKey& key) const;
    /// The next key takes the place of the one in use.
    [[nodiscard]] Result<> take_next() const;
    [[nodiscard]] Result<> drop_next() const;

  private:
    [[nodiscard]] std::string next_file() const { return file_ + ".next"; }
    [[nodiscard]] Result<> make_directory() const;

    std::string credential_;  ///< its path, or empty
    std::string file_;
};

}  // namespace ess::host
