#include "host/ledger_verify.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.hpp"
#include "core/checkpoint.hpp"
#include "core/ledger_chain.hpp"
#include "core/paths.hpp"
#include "core/signed_note.hpp"
#include "host/counted_lines.hpp"
#include "host/signoff_check.hpp"

namespace ess::host {

namespace {

using namespace std::chrono_literals;

// essd is between a line and its checkpoint for milliseconds. A writer that is never seen at rest is reported as it is.
constexpr int reading_limit = 5;
constexpr auto writer_pause = 100ms;
constexpr std::uint64_t progress_step = 4096;
constexpr std::string_view pem_begin = "-----BEGIN PUBLIC KEY-----\n";

struct Anchor {
    std::string name;  ///< as findings call it
    Checkpoint checkpoint;
    std::optional<SignedNote> note;  ///< of the journal none: journald vouches that root sent it
};

std::optional<Anchor> read_anchor(std::string name, const Result<std::string>& text) {
    if (!text) return std::nullopt;
    auto note = parse_note(*text);
    if (!note) return std::nullopt;
    auto checkpoint = parse_checkpoint(note->body);
    if (!checkpoint) return std::nullopt;
    return Anchor{std::move(name), std::move(*checkpoint), std::move(*note)};
}

Result<std::string> read_own(const std::string& directory, const char* name) {
    std::error_code fault;
    const std::string path = directory + "/" + name;
    if (std::filesystem::is_symlink(path, fault)) return failure(path + ": a link");
    return read_file(path, note_limit);
}

/// One reading of the ledger.
class Verification {
  public:
    Verification(const std::string& directory, const LedgerAnchors& anchors, const VerifyProgress& progress);

    void run();
    /// Whether it found nothing but what a writer at work leaves for a moment.
    [[nodiscard]] bool may_be_passing() const { return passing_ && verdict_.proof() != LedgerProof::Wrong; }
    [[nodiscard]] LedgerVerdict take_verdict() { return std::move(verdict_); }

  private:
    void read_lines();
    void check_own_checkpoint();
    void check_own_root(const LogSeen& log);
    void check_own_signature(const LogSeen& log);
    void check_key(const std::string& path, const VerifierKey& signer);
    void check_published(const LogSeen& log);
    void check_anchor(const char* name, const std::optional<Anchor>& anchor, const std::string& detail);
    void check_anchors();
    [[nodiscard]] bool vouches(const Ed25519PublicKey& kept, const Ed25519PublicKey& signer) const;
    void want_root_of(const std::optional<Anchor>& anchor);

    const std::string& directory_;
    const LedgerAnchors& anchors_;
    const VerifyProgress& progress_;
    std::optional<Anchor> own_;
    std::optional<Anchor> kept_;
    std::optional<Anchor> journal_;
    LedgerVerdict verdict_;
    LedgerChain chain_;
    SignoffCheck signoffs_;
    std::string proven_anchors_;
    bool passing_ = false;
};

// The anchors are read before the lines: a writer may go on meanwhile, and adds lines first.
Verification::Verification(const std::string& directory, const LedgerAnchors& anchors, const VerifyProgress& progress)
    : directory_(directory),
      anchors_(anchors),
      progress_(progress),
      own_(read_anchor("checkpoint", read_own(directory, "checkpoint"))),
      signoffs_(anchors.allowed_signers.value_or(paths::allowed_signers), anchors.allowed_signers.has_value()) {
    if (anchors.checkpoint_file) {
        kept_ =
            read_anchor("--checkpoint " + *anchors.checkpoint_file, read_file(*anchors.checkpoint_file, note_limit));
    }
    if (anchors.journal) {
        auto checkpoint = anchors.journal();
        if (checkpoint && *checkpoint) journal_ = Anchor{"journal", std::move(**checkpoint), {}};
    }
    for (const auto* anchor : {&own_, &kept_, &journal_})
        want_root_of(*anchor);
}

void Verification::want_root_of(const std::optional<Anchor>& anchor) {
    if (anchor) chain_.want_root(anchor->checkpoint.origin, anchor->checkpoint.size);
}

void Verification::run() {
    read_lines();
    verdict_.count_lines(chain_.lines());
    verdict_.proven(LedgerCheck::Chain, std::to_string(chain_.lines()) + " lines");
    check_own_checkpoint();
    check_anchors();
    signoffs_.judge(verdict_);
}

void Verification::read_lines() {
    CountedLines lines(directory_, verdict_);
    lines.read([&](const CountedLine& counted) {
        chain_.take(counted.line, counted.bytes, counted.place(), counted.gap, verdict_);
        signoffs_.learn(counted.line);
        if (progress_ && chain_.lines() % progress_step == 0) progress_(chain_.lines());
    });
    lines.judge(verdict_);
    passing_ = lines.ends_torn();
    if (signoffs_.needs_second_reading())
        lines.read([&](const CountedLine& counted) { signoffs_.take(counted, verdict_); });
}

void Verification::check_own_checkpoint() {
    const auto all_not_proven = [&](std::initializer_list<LedgerCheck> checks, const char* text) {
        for (const LedgerCheck check : checks)
            verdict_.not_proven(check, text);
    };
    if (!own_) {
        verdict_.wrong(LedgerCheck::Signature, "checkpoint: there is none that can be read");
        return all_not_proven({LedgerCheck::Root, LedgerCheck::Truncation}, "no checkpoint");
    }
    if (chain_.logs().empty()) {
        return all_not_proven({LedgerCheck::Root, LedgerCheck::Signature, LedgerCheck::Truncation}, "no log");
    }
    const LogSeen& log = chain_.logs().back();
    if (own_->checkpoint.origin != log.origin) {
        verdict_.wrong(LedgerCheck::Root,
                       "the checkpoint is of log " + own_->checkpoint.origin + ", the newest log is " + log.origin);
        return all_not_proven({LedgerCheck::Signature, LedgerCheck::Truncation}, "a checkpoint of another log");
    }
    check_own_root(log);
    check_own_signature(log);
}

void Verification::check_own_root(const LogSeen& log) {
    const Checkpoint& checkpoint = own_->checkpoint;
    const std::string size = std::to_string(checkpoint.size);
    if (checkpoint.size > log.lines) {
        verdict_.wrong(LedgerCheck::Truncation, "the checkpoint signs " + size + " lines of " + log.origin + ", " +
                                                    std::to_string(log.lines) + " are there");
        return verdict_.not_proven(LedgerCheck::Root, "fewer lines than the checkpoint signs");
    }
    if (chain_.root(log.origin, checkpoint.size) != checkpoint.root)
        verdict_.wrong(LedgerCheck::Root, "the first " + size + " lines of " + log.origin + " have another root");
    if (checkpoint.size < log.lines) {
        verdict_.not_proven(LedgerCheck::Root,
                            "lines behind the newest checkpoint: " + std::to_string(log.lines - checkpoint.size));
        passing_ = true;
    }
    verdict_.proven(LedgerCheck::Root, size + " lines of " + log.origin);
}

void Verification::check_own_signature(const LogSeen& log) {
    const auto signer = log.check_signature(*own_->note, own_->checkpoint.size);
    if (!signer) {
        verdict_.wrong(LedgerCheck::Signature, "checkpoint: " + signer.error().text);
    } else if (anchors_.key_file) {
        check_key(*anchors_.key_file, *signer);
    } else {
        verdict_.not_proven(LedgerCheck::Signature,
                            "no key from outside (--key): the one beside the ledger proves only itself");
    }
    check_published(log);
    if (signer) verdict_.proven(LedgerCheck::Signature, "by " + signer->text());
}

/// The key that the auditor keeps vouches for the keys that it signed, from one key line to the next.
void Verification::check_key(const std::string& path, const VerifierKey& signer) {
    const std::string context = "--key " + path;
    std::string text = read_file(path, note_limit).value_or("");
    std::optional<Ed25519PublicKey> kept;
    if (text.starts_with(pem_begin)) {
        if (auto key = Ed25519PublicKey::from_pem(text)) kept = std::move(*key);
    } else {
        text.erase(text.find_last_not_of('\n') + 1);
        const auto key = VerifierKey::parse(text);
        if (key && chain_.find_log(key->name()) == nullptr) {
            return verdict_.wrong(LedgerCheck::Signature,
                                  context + ": of the log " + key->name() + ", which is not here");
        }
        if (key) kept = key->key();
    }
    if (!kept) return verdict_.wrong(LedgerCheck::Signature, context + ": no Ed25519 public key that can be read");
    if (!vouches(*kept, signer.key()))
        verdict_.wrong(LedgerCheck::Signature, context + " does not vouch for " + signer.text());
}

bool Verification::vouches(const Ed25519PublicKey& kept, const Ed25519PublicKey& signer) const {
    std::set<std::string> trusted{kept.bytes()};
    for (const LogSeen& log : chain_.logs()) {
        for (const LogKey& key : log.keys) {
            if (key.before && trusted.contains(key.before->key().bytes())) trusted.insert(key.key.key().bytes());
        }
    }
    return trusted.contains(signer.bytes());
}

/// The public key lies beside the ledger in two forms, each with one spelling. Who keeps it should keep the right one.
void Verification::check_published(const LogSeen& log) {
    const auto check = [&](const char* name, const auto& is_key) {
        std::error_code fault;
        if (!std::filesystem::exists(directory_ + "/" + name, fault) && !fault) return;
        const std::string text = read_file(directory_ + "/" + name, note_limit).value_or("");
        if (!std::any_of(log.keys.begin(), log.keys.end(), [&](const LogKey& key) { return is_key(key.key, text); }))
            verdict_.wrong(LedgerCheck::Signature, std::string(name) + ": not a key of this log");
    };
    check("log.vkey", [](const VerifierKey& key, const std::string& text) { return key.text() + "\n" == text; });
    check("log.pub.pem", [](const VerifierKey& key, const std::string& text) { return key.key().pem() == text; });
}

void Verification::check_anchors() {
    if (anchors_.checkpoint_file) check_anchor("--checkpoint ", kept_, *anchors_.checkpoint_file);
    if (anchors_.journal) {
        if (journal_) {
            check_anchor("journal", journal_, "");
        } else {
            verdict_.not_proven(LedgerCheck::Truncation, "the journal has no checkpoint that can be read");
        }
    }
    if (!anchors_.checkpoint_file && !anchors_.journal) {
        verdict_.not_proven(LedgerCheck::Truncation,
                            "no anchor from outside (--checkpoint, --journal): a rollback of all files would not show");
    }
    verdict_.proven(LedgerCheck::Truncation, proven_anchors_);
}

void Verification::check_anchor(const char* name, const std::optional<Anchor>& anchor, const std::string& detail) {
    const auto wrong = [&](const std::string& text) {
        verdict_.wrong(LedgerCheck::Truncation, name + detail + ": " + text);
    };
    if (!anchor) return wrong("no checkpoint that can be read");
    const Checkpoint& checkpoint = anchor->checkpoint;
    const std::string size = std::to_string(checkpoint.size);
    const LogSeen* const log = chain_.find_log(checkpoint.origin);
    if (log == nullptr) return wrong("of the log " + checkpoint.origin + ", which is not here");
    if (anchor->note) {
        const auto signer = log->check_signature(*anchor->note, checkpoint.size);
        if (!signer) return wrong(signer.error().text);
    }
    if (checkpoint.size > log->lines) {
        return wrong("signs " + size + " lines of " + log->origin + ", " + std::to_string(log->lines) + " are there");
    }
    if (chain_.root(log->origin, checkpoint.size) != checkpoint.root)
        wrong("the first " + size + " lines of " + log->origin + " have another root");
    proven_anchors_ += (proven_anchors_.empty() ? "" : ", ") + anchor->name + " (" + size + " lines)";
}

/// What changes when essd writes.
std::string state_of(const std::string& directory) {
    std::error_code ignored;  // what cannot be looked at now is a finding of the next reading
    std::map<std::string, std::string> state;
    auto at = std::filesystem::directory_iterator(directory, ignored);
    while (!ignored && at != std::filesystem::directory_iterator()) {
        std::error_code unknown;
        const auto time = at->last_write_time(unknown).time_since_epoch().count();
        state[at->path().filename().string()] = std::to_string(at->file_size(unknown)) + " " + std::to_string(time);
        at.increment(ignored);
    }
    std::string text;
    for (const auto& [name, what] : state)
        text.append(name).append(" ").append(what).append("\n");
    return text;
}

}  // namespace

LedgerVerdict verify_ledger(const std::string& directory, const LedgerAnchors& anchors,
                            const VerifyProgress& progress) {
    for (int reading = 1;; ++reading) {
        const std::string before = state_of(directory);
        Verification verification(directory, anchors, progress);
        verification.run();
        if (!verification.may_be_passing() || reading == reading_limit) return verification.take_verdict();
        std::this_thread::sleep_for(writer_pause);
        if (state_of(directory) == before) return verification.take_verdict();
    }
}

}  // namespace ess::host
