#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/ledger_line.hpp"
#include "core/ledger_log.hpp"
#include "core/ledger_verdict.hpp"
#include "core/signers.hpp"
#include "host/counted_lines.hpp"

namespace ess::host {

/// Checks the sign-offs of a ledger, and whether two people have signed off each breach. The lines go by twice: the
/// first time it learns which entries were signed, and keeps nothing of the others.
class SignoffCheck {
  public:
    /// `is_given`: somebody named that file, so it has to be there.
    SignoffCheck(std::string allowed_signers, bool is_given)
        : allowed_signers_(std::move(allowed_signers)), is_given_(is_given) {}

    /// The first time.
    void learn(const LedgerLine& line);
    [[nodiscard]] bool needs_second_reading() const { return signoffs_ > 0; }
    /// The second time.
    void take(const CountedLine& counted, LedgerVerdict& verdict);
    /// After the second time.
    void judge(LedgerVerdict& verdict);

  private:
    struct Subject {
        SignoffSubject subject;
        LedgerKind kind = LedgerKind::Append;
        std::string requester;
    };

    void check(const LedgerLine& line, LedgerVerdict& verdict);
    [[nodiscard]] const std::string& obstacle();
    [[nodiscard]] bool is_of_entry(const LedgerLine& line, const Subject* subject) const;

    std::string allowed_signers_;
    bool is_given_;
    std::size_t signoffs_ = 0;
    std::size_t good_ = 0;
    std::map<std::uint64_t, Subject> subjects_;  ///< by seq; signed off by some line
    std::map<std::uint64_t, Signers> signers_;   ///< by the seq of what they signed, with the fingerprints
    std::vector<std::uint64_t> breaches_;
    std::string origin_;                   ///< of the log that goes by
    std::optional<std::string> obstacle_;  ///< why no signature can be checked; empty: they can
};

}  // namespace ess::host
