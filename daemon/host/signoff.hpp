#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "core/signoff.hpp"

namespace ess::host {

// Signatures of people by ssh-keygen(1), namespace signoff_namespace. All of it blocks, verifying for 5 s at most.

/// Signs with the key at `key_path`, or by the agent if that is a public key. ssh-keygen has the terminal, for the
/// passphrase or the touch, and says what is wrong there. Returns the armored SSHSIG.
[[nodiscard]] Result<std::string> sign_statement(const std::string& statement, const std::string& key_path);

/// The one person of allowed_signers whose key made the signature. Fails when the key is not there, or not then.
[[nodiscard]] Result<std::string> find_signer(const std::string& signature, WallTime time,
                                              const std::string& allowed_signers);

/// The fingerprint of the key with which `person` signed this statement. Fails when they did not, or when
/// allowed_signers does not let them sign off with it at that time.
[[nodiscard]] Result<std::string> verify_signoff(const std::string& statement, const std::string& signature,
                                                 const std::string& person, WallTime time,
                                                 const std::string& allowed_signers);

/// Whether a signoff line of this form may be written at that time: policy, then signature. A failure is a refusal.
[[nodiscard]] Result<> check_signoff(const SignoffTarget& target, const Json& entry, const Json& ess, WallTime time,
                                     const std::string& allowed_signers);

}  // namespace ess::host
