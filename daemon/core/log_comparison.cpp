#include "core/log_comparison.hpp"

namespace ess {

namespace {

LogFinding breach(std::string how) {
    return {std::move(how), 0};
}

std::string sizes(std::uint64_t lines, std::uint64_t signed_lines) {
    return std::to_string(lines) + " lines, while a checkpoint is of " + std::to_string(signed_lines);
}

/// A writer that ended right after the line that opens a log has left the checkpoint as it was before.
bool is_just_opened(const FoundLog& found, const std::optional<std::string>& note) {
    if (found.log.tree().size() != 1) return false;
    if (found.opening == LedgerKind::Genesis) return !note;
    return !note || *note == found.old_note;
}

Result<LedgerLog> at_size(const FoundLog& found, std::uint64_t size, const LogAt& log_at) {
    if (size == found.log.tree().size()) return found.log;
    auto log = log_at(size);
    if (log && log->tree().size() != size) return failure("the lines changed while they were read");
    return log;
}

/// By the key of that time, and by the one before it where a key line is the newest.
Result<> check_signatures(const SignedNote& note, const LedgerLog& log) {
    if (!log.key()) return failure("the log has no key");
    if (auto verified = verify_note(note, *log.key()); !verified) return verified;
    return log.old_key() ? verify_note(note, *log.old_key()) : Result<>{};
}

}  // namespace

Result<LogFinding> compare_with_checkpoint(const FoundLog& found, const std::optional<std::string>& note,
                                           const LogAt& log_at) {
    if (!found.fault.empty()) return breach(found.fault);
    if (is_just_opened(found, note)) return LogFinding{};
    if (!note) return breach("the checkpoint is missing");
    const auto opened = parse_note(*note);
    const auto checkpoint = opened ? parse_checkpoint(opened->body) : tl::make_unexpected(opened.error());
    if (!checkpoint) return breach("the checkpoint cannot be read: " + checkpoint.error().text);
    if (checkpoint->origin != found.log.key()->name()) return breach("the checkpoint is of another log");
    const std::uint64_t lines = found.log.tree().size();
    if (checkpoint->size > lines) return breach(sizes(lines, checkpoint->size));
    if (checkpoint->size == 0) return breach("the checkpoint is of no lines");
    const auto log = at_size(found, checkpoint->size, log_at);
    if (!log) return tl::make_unexpected(log.error());
    if (auto signed_by = check_signatures(*opened, *log); !signed_by) {
        return breach("the checkpoint: " + signed_by.error().text);
    }
    if (log->tree().root() != checkpoint->root) return breach("the lines are not those that the checkpoint is of");
    return LogFinding{{}, checkpoint->size};
}

Result<LogFinding> compare_with_mirror(const FoundLog& found, const Checkpoint& mirrored, const LogAt& log_at) {
    const std::uint64_t lines = found.log.tree().size();
    if (mirrored.size > lines) return breach("in the journal: " + sizes(lines, mirrored.size));
    const auto log = at_size(found, mirrored.size, log_at);
    if (!log) return tl::make_unexpected(log.error());
    if (log->tree().root() != mirrored.root)
        return breach("the lines are not those that a checkpoint in the journal is of");
    return LogFinding{{}, mirrored.size};
}

}  // namespace ess
