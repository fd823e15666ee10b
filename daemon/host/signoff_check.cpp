#include "host/signoff_check.hpp"

#include <unistd.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "core/signoff.hpp"
#include "host/command_output.hpp"
#include "host/signoff.hpp"

namespace ess::host {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t people_for_a_breach = 2;
constexpr Micros look_timeout = 10s;
constexpr std::size_t look_output_limit = 4096;

constexpr std::string_view no_ssh_keygen = "ssh-keygen is not there";

/// What keeps signatures from being checked, or nothing.
std::string find_obstacle(const std::string& allowed_signers) {
    if (!command_output({{"sh", "-c", "command -v ssh-keygen"}, look_timeout, look_output_limit}))
        return std::string(no_ssh_keygen);
    std::error_code fault;
    const bool readable =
        std::filesystem::is_regular_file(allowed_signers, fault) && ::access(allowed_signers.c_str(), R_OK) == 0;
    return readable ? std::string() : allowed_signers + " is not there";
}

}  // namespace

void SignoffCheck::learn(const LedgerLine& line) {
    if (line.kind == LedgerKind::Breach) breaches_.push_back(line.seq);
    if (line.kind != LedgerKind::Signoff) return;
    ++signoffs_;
    if (const auto subject = parse_signoff_statement(text_at(line.ess, "statement"))) {
        if (subject->entry_seq < line.seq) subjects_[subject->entry_seq] = {};
    }
}

void SignoffCheck::take(const CountedLine& counted, LedgerVerdict& verdict) {
    const LedgerLine& line = counted.line;
    if (opens_log(line.kind)) origin_ = line.ess.is_object() ? text_at(line.ess.value("log", Json()), "origin") : "";
    if (const auto found = subjects_.find(line.seq); found != subjects_.end()) {
        found->second = {{origin_, text_at(line.entry, "operation_id"), line.seq, ledger_hash(counted.bytes)},
                         line.kind,
                         requester_of(line)};
    }
    if (line.kind == LedgerKind::Signoff) check(line, verdict);
}

bool SignoffCheck::is_of_entry(const LedgerLine& line, const Subject* subject) const {
    return subject != nullptr && !subject->subject.operation_id.empty() &&
           subject->subject.operation_id == text_at(line.entry, "operation_id") &&
           subject->kind != LedgerKind::Signoff && subject->kind != LedgerKind::Amend &&
           subject->subject.statement() == text_at(line.ess, "statement");
}

void SignoffCheck::check(const LedgerLine& line, LedgerVerdict& verdict) {
    const std::string seq = "seq " + std::to_string(line.seq);
    const auto claimed = parse_signoff_statement(text_at(line.ess, "statement"));
    const auto found = claimed ? subjects_.find(claimed->entry_seq) : subjects_.end();
    const Subject* const subject = found == subjects_.end() ? nullptr : &found->second;
    if (subject != nullptr && subject->subject.entry_seq == 0 && !breaches_.empty()) {
        return verdict.not_proven(LedgerCheck::Signoffs, seq + ": its entry is behind a breach");
    }
    if (!is_of_entry(line, subject)) {
        return verdict.wrong(LedgerCheck::Signoffs, seq + ": the statement is not that of an entry before it");
    }
    const std::string person = text_at(line.entry, "approved_by");
    if (is_same_person(person, subject->requester)) {
        return verdict.wrong(LedgerCheck::Signoffs, seq + ": the signer requested it");
    }
    if (!obstacle().empty()) return;
    auto key = verify_signoff(text_at(line.ess, "statement"), text_at(line.ess, "signature"), person, line.time,
                              allowed_signers_);
    if (!key) return verdict.wrong(LedgerCheck::Signoffs, seq + ": no good signature");
    Signers& signers = signers_[subject->subject.entry_seq];
    if (signers.has(person)) return verdict.wrong(LedgerCheck::Signoffs, seq + ": the signer has signed it off before");
    ++good_;
    signers.add(person, std::move(*key));
}

const std::string& SignoffCheck::obstacle() {
    if (!obstacle_) obstacle_ = find_obstacle(allowed_signers_);
    return *obstacle_;
}

void SignoffCheck::judge(LedgerVerdict& verdict) {
    if (signoffs_ > 0 && !obstacle().empty()) {
        const std::string text = obstacle() + ": " + std::to_string(signoffs_) + " not checked";
        if (is_given_ && obstacle() != no_ssh_keygen) {
            verdict.wrong(LedgerCheck::Signoffs, text);
        } else {
            verdict.not_proven(LedgerCheck::Signoffs, text);
        }
    }
    for (const std::uint64_t seq : breaches_) {
        const std::size_t people = signers_[seq].people();
        if (people >= people_for_a_breach) continue;
        verdict.wrong(LedgerCheck::Signoffs, "the breach at seq " + std::to_string(seq) + " is signed off by " +
                                                 std::to_string(people) + " of " + std::to_string(people_for_a_breach) +
                                                 " people");
    }
    verdict.proven(LedgerCheck::Signoffs, signoffs_ == 0 ? "none" : std::to_string(good_) + ", by " + allowed_signers_);
}

}  // namespace ess::host
