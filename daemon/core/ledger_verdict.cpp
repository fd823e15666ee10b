#include "core/ledger_verdict.hpp"

#include <algorithm>
#include <utility>

#include "base/text.hpp"

namespace ess {

namespace {

constexpr std::array<std::pair<LedgerCheck, std::string_view>, ledger_check_count> checks{{
    {LedgerCheck::Chain, "chain"},
    {LedgerCheck::Root, "root"},
    {LedgerCheck::Signature, "signature"},
    {LedgerCheck::Truncation, "truncation"},
    {LedgerCheck::Signoffs, "sign-offs"},
}};
// One cause often has many effects; the first ones say what it is.
constexpr std::size_t shown_faults = 3;

std::string_view word(LedgerProof proof) {
    switch (proof) {
        case LedgerProof::Proven:
            return "OK";
        case LedgerProof::NotProven:
            return "NOT PROVEN";
        case LedgerProof::Wrong:
            break;
    }
    return "FAILED";
}

}  // namespace

LedgerProof LedgerVerdict::proof(LedgerCheck check) const {
    if (!of(check).wrong.empty()) return LedgerProof::Wrong;
    return of(check).not_proven.empty() ? LedgerProof::Proven : LedgerProof::NotProven;
}

LedgerProof LedgerVerdict::proof() const {
    LedgerProof worst = LedgerProof::Proven;
    for (const auto& [check, name] : checks)
        worst = std::max(worst, proof(check));
    return worst;
}

std::string LedgerVerdict::detail(LedgerCheck check) const {
    const Findings& found = of(check);
    if (proof(check) == LedgerProof::Proven) return found.proven;
    std::vector<std::string> shown = found.wrong;
    if (shown.size() > shown_faults) {
        shown.resize(shown_faults);
        shown.push_back("and " + std::to_string(found.wrong.size() - shown_faults) + " more");
    }
    return join(shown, "; ");
}

std::vector<std::string> LedgerVerdict::reasons() const {
    std::vector<std::string> reasons;
    for (const auto& [check, name] : checks) {
        for (const std::string& text : of(check).not_proven)
            reasons.push_back(std::string(name) + ": " + text);
    }
    return reasons;
}

std::string LedgerVerdict::names_of(LedgerProof proof) const {
    std::vector<std::string> names;
    for (const auto& [check, name] : checks) {
        if (this->proof(check) == proof) names.emplace_back(name);
    }
    return join(names, ", ");
}

std::string LedgerVerdict::text() const {
    std::string text;
    for (const auto& [check, name] : checks) {
        text.append(name).append(": ").append(word(proof(check)));
        if (proof(check) != LedgerProof::NotProven) text.append(": ").append(detail(check));
        text += "\n";
    }
    const std::vector<std::string> open = reasons();
    text += "not proven: " + (open.empty() ? "nothing" : join(open, "; ")) + "\n";
    switch (proof()) {
        case LedgerProof::Proven:
            return text + "OK: " + std::to_string(lines_) + " lines, all is proven\n";
        case LedgerProof::NotProven:
            return text + "NOT PROVEN: nothing is wrong, but not all is proven: " + names_of(LedgerProof::NotProven) +
                   "\n";
        case LedgerProof::Wrong:
            break;
    }
    return text + "FAILED: " + names_of(LedgerProof::Wrong) + "\n";
}

Json LedgerVerdict::to_json() const {
    Json json{{"result", word(proof())}, {"lines", lines_}, {"not_proven", reasons()}};
    for (const auto& [check, name] : checks)
        json[std::string(name)] = {{"result", word(proof(check))}, {"text", detail(check)}};
    return json;
}

}  // namespace ess
