#include "host/signoff_check.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include "base/file.hpp"
#include "host/command_output.hpp"

namespace ess::host {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t people_for_a_breach = 2;
// ssh-keygen reads three small files; a file system that hangs must not hang the verification.
constexpr Micros verify_timeout = 10s;
constexpr std::size_t verify_output_limit = 4096;

/// "2026-01-28T01:41:58.058083Z" as ssh-keygen reads a time in UTC: "20260128014158Z"
std::string verify_time(WallTime time) {
    std::string text = to_rfc3339(time).substr(0, std::string_view("2026-01-28T01:41:58").size());
    std::erase_if(text, [](char c) { return c < '0' || c > '9'; });
    return text + "Z";
}

/// A directory of this process alone, removed with its files.
class PrivateDirectory {
  public:
    PrivateDirectory() : path_((std::filesystem::temp_directory_path() / "ess-verify-XXXXXX").string()) {
        if (::mkdtemp(path_.data()) == nullptr) path_.clear();
    }
    ~PrivateDirectory() {
        std::error_code ignored;  // nothing in it is secret
        if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
    }
    PrivateDirectory(const PrivateDirectory&) = delete;
    PrivateDirectory& operator=(const PrivateDirectory&) = delete;

    [[nodiscard]] std::optional<std::string> put(const char* name, const std::string& content) const {
        const std::string path = path_ + "/" + name;
        if (path_.empty() || !replace_file(path, content, 0600, Durability::Volatile)) return std::nullopt;
        return path;
    }

  private:
    std::string path_;
};

/// The fingerprint of the key that made the signature, if that person might use it at that time; otherwise nothing.
std::optional<std::string> signing_key(const LedgerLine& line, const std::string& person,
                                       const std::string& allowed_signers) {
    const PrivateDirectory directory;
    const auto statement = directory.put("statement", text_at(line.ess, "statement"));
    const auto signature = directory.put("signature", text_at(line.ess, "signature"));
    if (!statement || !signature) return std::nullopt;
    // ssh-keygen takes the text from its standard input alone. The shell sees the words as words, never as text of its.
    const Command command{
        {"sh", "-c", R"(exec "$@" <"$0")", *statement, "ssh-keygen", "-Y", "verify", "-f", allowed_signers, "-I",
         person, "-n", std::string(signoff_namespace), "-s", *signature, "-O", "verify-time=" + verify_time(line.time)},
        verify_timeout,
        verify_output_limit};
    const auto output = command_output(command);
    if (!output) return std::nullopt;
    const std::string_view said = std::string_view(*output).substr(0, output->find('\n'));
    return std::string(said.substr(said.rfind(' ') + 1));
}

constexpr std::string_view no_ssh_keygen = "ssh-keygen is not there";

/// What keeps signatures from being checked, or nothing.
std::string find_obstacle(const std::string& allowed_signers) {
    if (!command_output({{"sh", "-c", "command -v ssh-keygen"}, verify_timeout, verify_output_limit}))
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
                         text_at(line.entry, "requested_by")};
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
    if (person == subject->requested_by) {
        return verdict.wrong(LedgerCheck::Signoffs, seq + ": the signer requested it");
    }
    if (!obstacle().empty()) return;
    auto key = person.empty() ? std::nullopt : signing_key(line, person, allowed_signers_);
    if (!key) return verdict.wrong(LedgerCheck::Signoffs, seq + ": no good signature");
    ++good_;
    signers_[subject->subject.entry_seq].push_back({person, std::move(*key)});
}

const std::string& SignoffCheck::obstacle() {
    if (!obstacle_) obstacle_ = find_obstacle(allowed_signers_);
    return *obstacle_;
}

std::size_t SignoffCheck::people_who_signed(std::uint64_t seq) const {
    const auto found = signers_.find(seq);
    if (found == signers_.end()) return 0;
    std::set<std::string> people;
    std::set<std::string> keys;
    for (const Signer& signer : found->second) {
        people.insert(signer.person);
        keys.insert(signer.key);
    }
    // One key under two names is one person.
    return std::min(people.size(), keys.size());
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
        const std::size_t people = people_who_signed(seq);
        if (people >= people_for_a_breach) continue;
        verdict.wrong(LedgerCheck::Signoffs, "the breach at seq " + std::to_string(seq) + " is signed off by " +
                                                 std::to_string(people) + " of " + std::to_string(people_for_a_breach) +
                                                 " people");
    }
    verdict.proven(LedgerCheck::Signoffs, signoffs_ == 0 ? "none" : std::to_string(good_) + ", by " + allowed_signers_);
}

}  // namespace ess::host
