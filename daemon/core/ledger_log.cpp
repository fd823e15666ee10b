#include "core/ledger_log.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/base64.hpp"
#include "base/text.hpp"
#include "core/signoff.hpp"

namespace ess {

namespace {

constexpr std::size_t people_for_a_breach = 2;

/// The rest of the line that begins with `name` and a space; `text` goes on behind it.
std::string take_field(std::string_view& text, std::string_view name) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with(name) || line.size() <= name.size()) return {};
    return std::string(line.substr(name.size() + 1));
}

}  // namespace

std::string log_origin(std::string_view hostname, std::string_view random) {
    std::string host(hostname.empty() ? "localhost" : hostname);
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    std::replace_if(
        host.begin(), host.end(), [&](char c) { return allowed.find(c) == std::string_view::npos; }, '-');
    return host + "/quantum-ess/" + to_hex(random);
}

bool opens_log(LedgerKind kind) {
    return kind == LedgerKind::Genesis || kind == LedgerKind::Breach;
}

Json log_object(const VerifierKey& key) {
    return {{"origin", key.name()}, {"vkey", key.text()}};
}

Result<VerifierKey> opened_log(const LedgerLine& line) {
    if (!opens_log(line.kind)) return failure("the line opens no log");
    const Json log = line.ess.is_object() ? line.ess.value("log", Json()) : Json();
    auto key = VerifierKey::parse(text_at(log, "vkey"));
    if (!key) return failure_in("the line that opens a log", key.error());
    if (key->name() != text_at(log, "origin")) return failure("the origin of a log is not the name of its key");
    return key;
}

std::string key_statement(const VerifierKey& old_key, const VerifierKey& new_key) {
    return "ess-key/v1\norigin " + old_key.name() + "\nold_vkey " + old_key.text() + "\nnew_vkey " + new_key.text() +
           "\n";
}

Json key_change(const VerifierKey& old_key, const VerifierKey& new_key, const Ed25519PrivateKey& old_private_key) {
    return {{"old_vkey", old_key.text()},
            {"new_vkey", new_key.text()},
            {"signature", to_base64(old_private_key.sign(key_statement(old_key, new_key)))}};
}

Result<VerifierKey> changed_key(const LedgerLine& line, const VerifierKey& current) {
    if (line.kind != LedgerKind::Key) return failure("the line changes no key");
    auto new_key = VerifierKey::parse(text_at(line.ess, "new_vkey"));
    if (!new_key) return failure_in("new_vkey", new_key.error());
    if (new_key->name() != current.name()) return failure("new_vkey is of another log");
    if (text_at(line.ess, "old_vkey") != current.text()) return failure("old_vkey is not the key of the log");
    const auto signature = from_base64(text_at(line.ess, "signature"));
    if (!signature || !current.key().verify(key_statement(current, *new_key), *signature)) {
        return failure("the change of the key is not signed by the old one");
    }
    return new_key;
}

std::string SignoffSubject::statement() const {
    return "ess-signoff/v1\norigin " + origin + "\noperation_id " + operation_id + "\nentry_seq " +
           std::to_string(entry_seq) + "\nentry_sha256 " + entry_sha256 + "\ndecision approve\n";
}

std::optional<SignoffSubject> parse_signoff_statement(std::string_view text) {
    std::string_view rest = text;
    take_field(rest, "ess-signoff/v1");
    SignoffSubject subject;
    subject.origin = take_field(rest, "origin");
    subject.operation_id = take_field(rest, "operation_id");
    const std::string seq = take_field(rest, "entry_seq");
    std::from_chars(seq.data(), seq.data() + seq.size(), subject.entry_seq);
    subject.entry_sha256 = take_field(rest, "entry_sha256");
    if (subject.statement() != text) return std::nullopt;
    return subject;
}

Result<> LedgerLog::take(const LedgerLine& line, std::string_view bytes) {
    if (opens_log(line.kind)) {
        tree_ = MerkleTree();
        first_seq_ = line.seq;
    }
    tree_.append(bytes);
    return follow_keys(line);
}

Result<> LedgerLog::follow_keys(const LedgerLine& line) {
    old_key_.reset();
    const std::string context = "seq " + std::to_string(line.seq);
    if (opens_log(line.kind)) {
        key_.reset();
        auto key = opened_log(line);
        if (!key) return failure_in(context, key.error());
        key_ = std::move(*key);
        return {};
    }
    if (first_seq_ == 0) return failure(context + ": no line before it opens a log");
    if (line.kind != LedgerKind::Key) return {};
    if (!key_) return failure(context + ": the log has no key to change");
    auto new_key = changed_key(line, *key_);
    if (!new_key) return failure_in(context, new_key.error());
    old_key_ = std::exchange(key_, std::move(*new_key));
    return {};
}

void UnsettledBreaches::take(const LedgerLine& line) {
    const std::string id = text_at(line.entry, "operation_id");
    if (line.kind == LedgerKind::Breach) breaches_.push_back({line.seq, id, requester_of(line), {}});
    if (line.kind != LedgerKind::Signoff || id.empty()) return;
    const std::string person = text_at(line.entry, "approved_by");
    const std::string key = signature_key(text_at(line.ess, "signature"));
    for (LedgerBreach& breach : breaches_) {
        if (breach.operation_id != id || !is_plain_name(person) || is_same_person(person, breach.requester)) continue;
        breach.signers.add(person, key.empty() ? person : key);
    }
    std::erase_if(breaches_, [](const LedgerBreach& breach) { return breach.signers.people() >= people_for_a_breach; });
}

}  // namespace ess
