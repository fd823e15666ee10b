#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace ess {

/// What is checked of a ledger, each by itself: a result that covers several would hide which one holds.
enum class LedgerCheck { Chain, Root, Signature, Truncation, Signoffs };
inline constexpr std::size_t ledger_check_count = 5;

enum class LedgerProof {
    Proven,
    NotProven,  ///< nothing is wrong, but what would prove it is not there
    Wrong,
};

/// What a verification found. scripts/verify-ledger says the same in the same words.
class LedgerVerdict {
  public:
    void wrong(LedgerCheck check, std::string text) { of(check).wrong.push_back(std::move(text)); }
    void not_proven(LedgerCheck check, std::string text) { of(check).not_proven.push_back(std::move(text)); }
    /// What to say of a check when it is proven.
    void proven(LedgerCheck check, std::string text) { of(check).proven = std::move(text); }
    void count_lines(std::size_t lines) { lines_ = lines; }

    /// Of one check, and the worst of all.
    [[nodiscard]] LedgerProof proof(LedgerCheck check) const;
    [[nodiscard]] LedgerProof proof() const;

    /// A line for each check, one for what is not proven, and a summary.
    [[nodiscard]] std::string text() const;
    /// {"chain": {"result": "OK", "text": "..."}, ..., "not_proven": [...], "lines": N, "result": "FAILED"}
    [[nodiscard]] Json to_json() const;

  private:
    struct Findings {
        std::string proven;
        std::vector<std::string> wrong;
        std::vector<std::string> not_proven;
    };
    [[nodiscard]] Findings& of(LedgerCheck check) { return findings_[static_cast<std::size_t>(check)]; }
    [[nodiscard]] const Findings& of(LedgerCheck check) const { return findings_[static_cast<std::size_t>(check)]; }
    [[nodiscard]] std::string detail(LedgerCheck check) const;
    [[nodiscard]] std::vector<std::string> reasons() const;
    [[nodiscard]] std::string names_of(LedgerProof proof) const;

    std::array<Findings, ledger_check_count> findings_;
    std::size_t lines_ = 0;
};

}  // namespace ess
