#include "core/ledger_chain.hpp"

#include <algorithm>
#include <utility>

namespace ess {

namespace {

std::string origin_in(const Json& ess) {
    if (!ess.is_object() || !ess.contains("log") || !ess["log"].is_object()) return {};
    const auto found = ess["log"].find("origin");
    return found != ess["log"].end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Result<VerifierKey> LogSeen::check_signature(const SignedNote& note, std::uint64_t size) const {
    const LogKey* current = nullptr;
    for (const LogKey& key : keys) {
        if (key.at <= size) current = &key;
    }
    if (current == nullptr) return failure("the log has no key");
    if (current->before && current->at == size) {
        if (auto verified = verify_note(note, *current->before); !verified)
            return tl::make_unexpected(verified.error());
    }
    if (auto verified = verify_note(note, current->key); !verified) return tl::make_unexpected(verified.error());
    return current->key;
}

void LedgerChain::take(const LedgerLine& line, std::string_view bytes, const std::string& place, LedgerGap gap,
                       LedgerVerdict& verdict) {
    check_place(line, place, gap, verdict);
    ++counted_;
    seq_ = line.seq;
    hash_ = ledger_hash(bytes);
    if (opens_log(line.kind)) open_log(line, place, verdict);
    if (logs_.empty()) {
        if (counted_ == 1) verdict.wrong(LedgerCheck::Chain, place + ": the first line opens no log");
    } else {
        grow(bytes);
    }
    if (line.kind == LedgerKind::Key) change_key(line, verdict);
}

void LedgerChain::check_place(const LedgerLine& line, const std::string& place, LedgerGap gap,
                              LedgerVerdict& verdict) const {
    if (line.seq == seq_ + 1 && line.prev == hash_) return;
    if (gap == LedgerGap::None || line.seq <= seq_) {
        verdict.wrong(LedgerCheck::Chain,
                      place + ": seq " + std::to_string(line.seq) + " does not continue seq " + std::to_string(seq_));
    } else if (gap == LedgerGap::Breach && seq_ > 0) {
        verdict.not_proven(LedgerCheck::Chain, "nothing holds the lines up to seq " + std::to_string(seq_) +
                                                   ", which stand before the breach");
    }
}

void LedgerChain::open_log(const LedgerLine& line, const std::string& place, LedgerVerdict& verdict) {
    if (line.kind == LedgerKind::Genesis && counted_ > 1)
        verdict.wrong(LedgerCheck::Chain, place + ": a genesis line that is not the first");
    LogSeen log{origin_in(line.ess), 0, {}};
    if (find_log(log.origin) != nullptr)
        verdict.wrong(LedgerCheck::Chain, place + ": the log " + log.origin + " was opened before");
    if (auto key = opened_log(line)) {
        log.keys.push_back({std::move(*key), 1, {}});
    } else {
        verdict.wrong(LedgerCheck::Chain, place + ": the line names no log and its key");
    }
    logs_.push_back(std::move(log));
    tree_ = MerkleTree();
}

void LedgerChain::grow(std::string_view bytes) {
    LogSeen& log = logs_.back();
    ++log.lines;
    tree_.append(bytes);
    for (Wanted& wanted : wanted_) {
        if (wanted.size == log.lines && wanted.origin == log.origin) wanted.root = tree_.root();
    }
}

void LedgerChain::change_key(const LedgerLine& line, LedgerVerdict& verdict) {
    if (!logs_.empty() && !logs_.back().keys.empty()) {
        LogSeen& log = logs_.back();
        const VerifierKey current = log.keys.back().key;
        if (auto key = changed_key(line, current)) {
            log.keys.push_back({std::move(*key), log.lines, current});
            return;
        }
    }
    verdict.wrong(LedgerCheck::Signature, "seq " + std::to_string(line.seq) + ": the change of the key is not proven");
}

const LogSeen* LedgerChain::find_log(const std::string& origin) const {
    const auto found =
        std::find_if(logs_.rbegin(), logs_.rend(), [&](const LogSeen& log) { return log.origin == origin; });
    return found == logs_.rend() ? nullptr : &*found;
}

std::optional<Sha256Digest> LedgerChain::root(const std::string& origin, std::uint64_t size) const {
    if (size == 0) return MerkleTree().root();
    for (const Wanted& wanted : wanted_) {
        if (wanted.origin == origin && wanted.size == size) return wanted.root;
    }
    return std::nullopt;
}

}  // namespace ess
