#include "host/signed_ledger.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/ledger_reports.hpp"
#include "core/paths.hpp"
#include "host/host_facts.hpp"
#include "host/peer.hpp"

namespace ess::host {

namespace {

// Inside a directory that only root and the group may enter.
constexpr mode_t public_mode = 0644;
// A breach line quotes the old checkpoint, and has to stay below the length of a line.
constexpr std::size_t quoted_note_limit = 16384;

std::string new_origin() {
    std::array<char, 4> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        throw std::runtime_error("getrandom");
    }
    return log_origin(host_name(), {random.data(), random.size()});
}

VerifierKey verifier_key(const std::string& origin, const Ed25519PrivateKey& key) {
    auto made = VerifierKey::make(origin, key.public_key());
    if (!made) throw std::logic_error(made.error().text);  // log_origin() makes names
    return std::move(*made);
}

/// journald writes at once what tells of a change; what only looked at something has time.
bool is_urgent(const LedgerLine& line) {
    if (opens_log(line.kind) || line.kind == LedgerKind::Key) return true;
    return line.entry.value("risk_class", Json()) != "READ_ONLY";
}

bool is_own_kind(LedgerKind kind) {
    return opens_log(kind) || kind == LedgerKind::Key;
}

Result<> replace_if_other(const std::string& path, const std::string& content) {
    if (const auto there = read_file(path, note_limit); there && *there == content) return {};
    return replace_file(path, content, public_mode, Durability::Durable);
}

/// What a writer that was killed left of a file that it was replacing. Whoever has the lock is alone here.
void remove_leftovers(const std::string& directory) {
    std::error_code fault;
    for (auto at = std::filesystem::directory_iterator(directory, fault);
         !fault && at != std::filesystem::directory_iterator(); at.increment(fault)) {
        const std::string name = at->path().filename().string();
        std::error_code stays;
        if (name.starts_with(".checkpoint.") || name.starts_with(".log.")) std::filesystem::remove(at->path(), stays);
    }
}

}  // namespace

SignedLedger::SignedLedger(SignedLedgerOptions options) : options_(std::move(options)), keys_(options_.directory) {}

Result<std::unique_ptr<SignedLedger>> SignedLedger::open(SignedLedgerOptions options) {
    // Stays where it is: the ledger's files call back into it.
    std::unique_ptr<SignedLedger> ledger(new SignedLedger(std::move(options)));
    if (auto loaded = ledger->load(); !loaded) return tl::make_unexpected(loaded.error());
    return ledger;
}

Result<> SignedLedger::load() {
    LedgerOptions options{options_.directory, {}, {}, options_.stamp};
    options.replayed = [this](const LedgerLine& line, std::string_view bytes) {
        follow(line, bytes);
        if (options_.replayed) options_.replayed(line, bytes);
    };
    options.appended = [this](const LedgerLine& line, std::string_view bytes) { line_written(line, bytes); };
    options.opening = [this](LedgerKind kind) { return opening(kind); };
    // Whether operators can read it is not worth a ledger that is not written.
    options.group = find_group(paths::group).value_or(std::nullopt);
    auto opened = LedgerFile::open(std::move(options));
    if (!opened) return tl::make_unexpected(opened.error());
    ledger_.emplace(std::move(*opened));
    remove_leftovers(options_.directory);
    const std::string context = "ledger " + options_.directory;
    if (auto compared = compare(); !compared) return failure_in(context, compared.error());
    if (auto chosen = choose_key(); !chosen) return failure_in(context, chosen.error());
    retry();
    return {};
}

void SignedLedger::follow(const LedgerLine& line, std::string_view bytes) {
    const auto taken = found_.log.take(line, bytes);
    if (opens_log(line.kind)) {
        found_.opening = line.kind;
        const Json note = line.ess.is_object() ? line.ess.value("checkpoint", Json()) : Json();
        found_.old_note = note.is_string() ? note.get<std::string>() : std::string();
        found_.fault.clear();
    }
    if (!taken && found_.fault.empty()) found_.fault = taken.error().text;
    breaches_.take(line);
}

// --- what is found
// ----------------------------------------------------------------------------------------------------

Result<std::optional<std::string>> SignedLedger::read_checkpoint() const {
    auto note = read_file(options_.directory + "/checkpoint", note_limit);
    if (note) return std::optional<std::string>(std::move(*note));
    if (note.error().code == ENOENT) return std::nullopt;
    // What is there, and is no checkpoint, is found as such; a disk that fails says nothing of it.
    if (note.error().code == 0 || note.error().code == ELOOP) return std::optional<std::string>(std::string());
    return tl::make_unexpected(note.error());
}

Result<LedgerLog> SignedLedger::log_at(std::uint64_t size) const {
    LedgerLog log;
    const auto read = for_each([&](const LedgerLine& line, std::string_view bytes) {
        if (line.seq < found_.log.first_seq() || log.tree().size() == size) return;
        static_cast<void>(log.take(line, bytes));  // a fault was seen the first time
    });
    if (!read) return tl::make_unexpected(read.error());
    return log;
}

Result<> SignedLedger::compare() {
    const auto note = read_checkpoint();
    if (!note) return tl::make_unexpected(note.error());
    const auto& damages = ledger_->unreported();
    for (const LedgerDamage& damage : damages) {
        if (damage.kind == LedgerKind::Breach) return {};  // its line quotes the checkpoint
    }
    const LogAt at = [this](std::uint64_t size) { return log_at(size); };
    if (head().entries == 0) {
        if (*note) ledger_->add_breach("no line is left of the log that the checkpoint is of");
        return compare_mirror(at);
    }
    const auto finding = compare_with_checkpoint(found_, *note, at);
    if (!finding) return tl::make_unexpected(finding.error());
    if (!finding->breach.empty()) {
        ledger_->add_breach(finding->breach);
        return {};
    }
    const std::uint64_t lines = found_.log.tree().size();
    const std::uint64_t first = found_.log.first_seq();
    if (finding->signed_lines > 0 && finding->signed_lines < lines) {
        unsigned_ = SeqRange{first + finding->signed_lines, head().entries};
    }
    return compare_mirror(at);
}

Result<> SignedLedger::compare_mirror(const LogAt& at) {
    if (!options_.mirror.newest) return {};
    const std::string origin = found_.log.key() ? found_.log.key()->name() : std::string();
    const auto mirrored = options_.mirror.newest(origin);
    if (!mirrored) {
        mirror_fault_ = mirrored.error().text;
        return {};
    }
    if (!*mirrored) return {};
    if (origin.empty()) {
        ledger_->add_breach("no line is left of the log that a checkpoint in the journal is of: " +
                            (*mirrored)->origin);
        return {};
    }
    const auto finding = compare_with_mirror(found_, **mirrored, at);
    if (!finding) return tl::make_unexpected(finding.error());
    if (finding->breach.empty()) return {};
    unsigned_.reset();
    ledger_->add_breach(finding->breach);
    return {};
}

// --- keys
// -------------------------------------------------------------------------------------------------------------

/// Finds the log's private key. After a crash in the middle of a rotation that is the next one.
Result<> SignedLedger::choose_key() {
    auto key = keys_.load();
    if (!key) return tl::make_unexpected(key.error());
    auto next = keys_.is_credential() ? Result<std::optional<Ed25519PrivateKey>>(std::nullopt) : keys_.load_next();
    if (!next) return tl::make_unexpected(next.error());
    const auto& log_key = found_.log.key();
    const auto is_of_log = [&](const std::optional<Ed25519PrivateKey>& candidate) {
        return candidate && log_key && candidate->public_key() == log_key->key();
    };
    if (!is_of_log(*key) && is_of_log(*next)) {
        old_key_ = std::move(*key);
        key_ = std::move(*next);
        next_in_use_ = true;
        return {};
    }
    // What is left of a rotation whose line was not written.
    if (is_of_log(*key) && *next) {
        if (auto dropped = keys_.drop_next(); !dropped) return dropped;
    }
    // A log whose lines prove no key is a breach already.
    if (head().entries > 0 && !is_of_log(*key) && (log_key || !*key)) {
        const std::string reason = *key ? "the signing key is another one" : "the signing key is not there any more";
        if (auto refused = refuse_other_key(reason); !refused) return refused;
        unsigned_.reset();
        bool told = false;
        for (const LedgerDamage& damage : unreported())
            told = told || damage.kind == LedgerKind::Breach;
        if (!told) ledger_->add_breach(reason);
    }
    if (!*key) {
        auto made = keys_.make();
        if (!made) return tl::make_unexpected(made.error());
        *key = std::move(*made);
    }
    key_ = std::move(*key);
    return {};
}

Result<> SignedLedger::refuse_other_key(const std::string& reason) const {
    if (options_.other_key == OtherKey::Breach) return {};
    return failure(reason + " (" + keys_.file() +
                   "): if essd has it as a credential, start essd and let it do this; to go on with another key, start "
                   "essd, which records a breach");
}

Json SignedLedger::opening(LedgerKind kind) const {
    Json ess{{"log", log_object(verifier_key(new_origin(), *key_))}};
    if (kind != LedgerKind::Breach) return ess;
    const auto note = read_checkpoint();
    const bool quotable = note && *note && is_utf8(**note) && Json(**note).dump().size() <= quoted_note_limit;
    ess["checkpoint"] = quotable ? **note : std::string();
    ess["found"] = {{"entries", head().entries}, {"head", head().hash}};
    return ess;
}

Result<std::string> SignedLedger::rotate_key(const std::string& requested_by) {
    const std::string context = "ledger " + options_.directory;
    if (keys_.is_credential()) {
        return failure(context +
                       ": the signing key is a credential of the service, which cannot be replaced here: "
                       "change the credential and restart essd; a new log begins then, with a breach to be signed off");
    }
    if (!trouble_.empty()) retry();
    if (!trouble_.empty()) return failure(context + ": not before the checkpoint is current: " + trouble_);
    const WallTime now = options_.clock();
    if (auto settled = ledger_->settle(now); !settled) return tl::make_unexpected(settled.error());
    // One that an attempt before has left may be in a line that was written and not acknowledged: it is used again.
    auto next = keys_.load_next();
    if (!next) return failure_in(context, next.error());
    if (!*next) {
        *next = Ed25519PrivateKey::generate();
        if (auto put = keys_.put_next(**next); !put) return failure_in(context, put.error());
    }
    const VerifierKey old_key = *log_key();
    const VerifierKey new_key = verifier_key(old_key.name(), **next);
    LedgerDraft draft{LedgerKind::Key, key_entry(requested_by, now, options_.stamp ? options_.stamp() : Json()),
                      key_change(old_key, new_key, *key_), now};
    next_key_ = std::move(*next);
    const auto receipt = ledger_->append(draft);
    next_key_.reset();
    if (!receipt) return tl::make_unexpected(receipt.error());
    return new_key.text();
}

// --- writing
// ----------------------------------------------------------------------------------------------------------

Result<LedgerReceipt> SignedLedger::append(const LedgerDraft& draft) {
    if (is_own_kind(draft.kind))
        return failure("the ledger writes such lines by itself: " + std::string(to_text(draft.kind)));
    if (auto written = write_unsigned(); !written) return tl::make_unexpected(written.error());
    return ledger_->append(draft);
}

void SignedLedger::line_written(const LedgerLine& line, std::string_view bytes) {
    follow(line, bytes);
    if (line.kind == LedgerKind::Key && next_key_ && found_.fault.empty()) {
        old_key_ = std::exchange(key_, std::move(next_key_));
        next_in_use_ = true;
    }
    if (options_.appended) options_.appended(line, bytes);
    try_to_sign(is_urgent(line));
}

void SignedLedger::retry() {
    auto settled = settle();
    if (!settled) {
        trouble_ = settled.error().text;
        return;
    }
    if (!trouble_.empty()) return try_to_sign(true);
    if (auto published = publish_key(); !published) trouble_ = published.error().text;
}

/// What was found is recorded; each line gets its checkpoint as it is written.
Result<> SignedLedger::settle() {
    const std::uint64_t before = head().entries;
    if (auto written = ledger_->settle(options_.clock()); !written) return written;
    if (auto written = write_unsigned(); !written) return written;
    // A writer ended between the line that opens the log and its checkpoint, or between the checkpoint that two keys
    // signed and the end of the first.
    const bool unfinished = found_.log.tree().size() == 1 || next_in_use_;
    if (head().entries == before && unfinished) try_to_sign(true);
    return {};
}

Result<> SignedLedger::write_unsigned() {
    if (!unsigned_) return {};
    const WallTime now = options_.clock();
    const Json stamp = options_.stamp ? options_.stamp() : Json();
    const LedgerDraft draft{LedgerKind::Recovery,
                            unsigned_entry(unsigned_->from, unsigned_->to, now, stamp),
                            {{"unsigned", {{"from", unsigned_->from}, {"to", unsigned_->to}}}},
                            now};
    if (auto receipt = ledger_->append(draft); !receipt) return tl::make_unexpected(receipt.error());
    unsigned_.reset();
    return {};
}

void SignedLedger::try_to_sign(bool urgent) {
    const auto done = sign(urgent);
    trouble_ = done ? std::string() : "checkpoint: " + done.error().text;
}

Result<std::string> SignedLedger::signed_note(const Checkpoint& checkpoint) const {
    SignedNote note{checkpoint.body(), {}};
    const auto& old_key = found_.log.old_key();
    if (old_key) {
        if (!old_key_ || old_key_->public_key() != old_key->key())
            return failure("the key before the change is not there");
        auto signature = sign_note(note.body, checkpoint.origin, *old_key_);
        if (!signature) return tl::make_unexpected(signature.error());
        note.signatures.push_back(std::move(*signature));
    }
    auto signature = sign_note(note.body, checkpoint.origin, *key_);
    if (!signature) return tl::make_unexpected(signature.error());
    note.signatures.push_back(std::move(*signature));
    return note.text();
}

Result<> SignedLedger::sign(bool urgent) {
    const auto& log_key = found_.log.key();
    if (!log_key || log_key->key() != key_->public_key()) return failure("the key is not that of the log");
    const Checkpoint checkpoint = checkpoint_of(log_key->name(), found_.log.tree());
    const auto note = signed_note(checkpoint);
    if (!note) return tl::make_unexpected(note.error());
    const std::string path = options_.directory + "/checkpoint";
    if (auto stored = replace_file(path, *note, public_mode, Durability::Durable); !stored) return stored;
    if (options_.mirror.send) options_.mirror.send(checkpoint, *note, urgent);
    if (next_in_use_) {
        if (auto taken = keys_.take_next(); !taken) return taken;
        next_in_use_ = false;
    }
    if (!found_.log.old_key()) old_key_.reset();
    return publish_key();
}

Result<> SignedLedger::publish_key() const {
    const std::string directory = options_.directory + "/";
    if (auto put = replace_if_other(directory + "log.pub.pem", key_->public_key().pem()); !put) return put;
    return replace_if_other(directory + "log.vkey", log_key()->text() + "\n");
}

}  // namespace ess::host
