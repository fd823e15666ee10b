// The fields say what happened; where in the source it was logged is nobody's business.
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "host/journal_mirror.hpp"

#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <future>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "base/base64.hpp"
#include "core/message_id.hpp"
#include "host/journal.hpp"
#include "host/signals_blocked.hpp"

namespace ess::host {

namespace {

using Journal = std::unique_ptr<sd_journal, void (*)(sd_journal*)>;

constexpr const char* size_field = "ESS_LEDGER_SIZE";
constexpr const char* root_field = "ESS_LEDGER_ROOT";
constexpr const char* origin_field = "ESS_LEDGER_ORIGIN";
// A journald that takes longer than this is not going to take it.
constexpr auto direct_patience = std::chrono::milliseconds(500);

std::string text_of(const Checkpoint& checkpoint) {
    return "ledger checkpoint of " + std::to_string(checkpoint.size) + " lines";
}

journal::Level level_of(bool urgent) {
    // journald syncs its files at once for CRIT and above (journald.conf(5), SyncIntervalSec=).
    return urgent ? journal::Level::Critical : journal::Level::Notice;
}

void send_queued(const Checkpoint& checkpoint, const std::string& note, bool urgent) {
    const std::string size = std::to_string(checkpoint.size);
    const std::string root = to_base64(bytes_of(checkpoint.root));
    journal::event(
        message_id::ledger_checkpoint, level_of(urgent), text_of(checkpoint),
        {{origin_field, checkpoint.origin}, {size_field, size}, {root_field, root}, {"ESS_LEDGER_NOTE", note}});
}

void send_fields(std::vector<std::string> fields) {
    std::vector<iovec> parts;
    parts.reserve(fields.size());
    for (std::string& field : fields)
        parts.push_back({field.data(), field.size()});
    // Without a journald there is no mirror, and a verifier says so.
    static_cast<void>(::sd_journal_sendv(parts.data(), static_cast<int>(parts.size())));
}

void send_direct(const Checkpoint& checkpoint, const std::string& note, bool urgent) {
    std::vector<std::string> fields{"MESSAGE=" + text_of(checkpoint),
                                    "MESSAGE_ID=" + std::string(message_id::ledger_checkpoint.hex),
                                    "SYSLOG_IDENTIFIER=essctl",
                                    "PRIORITY=" + std::to_string(static_cast<int>(level_of(urgent))),
                                    std::string(origin_field) + "=" + checkpoint.origin,
                                    std::string(size_field) + "=" + std::to_string(checkpoint.size),
                                    std::string(root_field) + "=" + to_base64(bytes_of(checkpoint.root)),
                                    "ESS_LEDGER_NOTE=" + note};
    // The call blocks while journald hangs: on a thread that can be left.
    std::promise<void> sent;
    auto done = sent.get_future();
    const SignalsBlocked blocked;
    std::thread([fields = std::move(fields), sent = std::move(sent)]() mutable {
        send_fields(std::move(fields));
        sent.set_value();
    }).detach();
    static_cast<void>(done.wait_for(direct_patience));
}

std::optional<std::string> field(sd_journal* journal, const char* name) {
    const void* data = nullptr;
    std::size_t length = 0;
    if (::sd_journal_get_data(journal, name, &data, &length) < 0) return std::nullopt;
    const std::string_view pair(static_cast<const char*>(data), length);
    return std::string(pair.substr(std::min(pair.size(), std::strlen(name) + 1)));
}

Result<> match(sd_journal* journal, const std::string& pair) {
    const int result = ::sd_journal_add_match(journal, pair.data(), pair.size());
    if (result < 0) return system_failure("journal: match", -result);
    return {};
}

Result<> match_checkpoints(sd_journal* journal, const std::string& origin) {
    // root's alone: anybody may write to the journal, but not as root.
    auto matched = match(journal, "_UID=0");
    if (matched) matched = match(journal, "MESSAGE_ID=" + std::string(message_id::ledger_checkpoint.hex));
    if (matched && !origin.empty()) matched = match(journal, std::string(origin_field) + "=" + origin);
    return matched;
}

Result<std::optional<Checkpoint>> newest_in_journal(const std::string& origin) {
    sd_journal* opened = nullptr;
    if (const int result = ::sd_journal_open(&opened, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM); result < 0) {
        return system_failure("journal", -result);
    }
    const Journal journal(opened, &sd_journal_close);
    if (auto matched = match_checkpoints(opened, origin); !matched) return tl::make_unexpected(matched.error());
    if (const int result = ::sd_journal_seek_tail(opened); result < 0) return system_failure("journal: end", -result);
    while (true) {
        const int moved = ::sd_journal_previous(opened);
        if (moved < 0) return system_failure("journal: read", -moved);
        if (moved == 0) return std::nullopt;
        const auto parts = {field(opened, origin_field), field(opened, size_field), field(opened, root_field)};
        std::string body;
        for (const auto& part : parts)
            body += part.value_or("") + "\n";
        // An entry of another form is not ours.
        if (auto checkpoint = parse_checkpoint(body)) return std::optional<Checkpoint>(std::move(*checkpoint));
    }
}

}  // namespace

CheckpointMirror queued_journal_mirror() {
    return {send_queued, newest_in_journal};
}

CheckpointMirror direct_journal_mirror() {
    return {send_direct, newest_in_journal};
}

}  // namespace ess::host
