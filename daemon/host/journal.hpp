#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "core/message_id.hpp"

/// The daemon's log: to the journal with its fields when standard error is connected to it, otherwise as text lines to
/// standard error. One thread of its own writes; whoever logs never waits for the journal. When the log cannot keep up,
/// the oldest lines are lost.
namespace ess::host::journal {

/// The values are syslog's priorities.
enum class Level {
    Critical = 2,
    Error = 3,
    Warning = 4,
    Notice = 5,
    Info = 6,
    Debug = 7,
};

/// A field of systemd.journal-fields(7): upper-case ASCII letters, digits and underscores, first a letter. The value
/// may be any bytes but 0x1f.
struct Field {
    std::string_view name;
    std::string_view value;
};

/// Opens the log for the process while it lives. Made once, before other threads; until then and afterwards, lines go
/// straight to standard error.
class Log {
  public:
    explicit Log(Level most_verbose = Level::Info);
    /// stop() with a short patience.
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    /// Writes out what is queued. False when that did not end by `deadline` (the journal hangs); the rest is then left
    /// to the log's thread.
    bool stop(Instant deadline);
};

/// `text` becomes one clean line (clean_line).
void log(Level level, std::string_view text);

/// The same with a MESSAGE_ID and fields.
void event(const MessageId& id, Level level, std::string_view text, const std::vector<Field>& fields = {});

/// What travels through the queue: the text and each field, apart by the byte 0x1f (unit separator), which neither can
/// hold, so that the queue owns all bytes of a line in one piece.
[[nodiscard]] std::string join_payload(Level level, std::string_view text, const std::vector<Field>& fields);

struct Record {
    std::string_view text;
    std::vector<std::string_view> fields;  ///< each "NAME=value"
};
/// The other way round. Views into `payload`.
[[nodiscard]] Record split_payload(std::string_view payload);

/// Whether this descriptor is the stream that JOURNAL_STREAM ("device:inode", systemd.exec(5)) names. Its being set
/// alone says nothing: a program started by a service inherits it with other descriptors.
[[nodiscard]] bool is_journal_stream(const char* journal_stream, int fd);

}  // namespace ess::host::journal
