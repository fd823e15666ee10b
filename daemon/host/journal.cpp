// The fields say what happened; where in the source it was logged is nobody's business.
#define SD_JOURNAL_SUPPRESS_LOCATION

#include "host/journal.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "host/signals_blocked.hpp"

namespace ess::host::journal {

namespace {

using namespace std::chrono_literals;

constexpr char separator = '\x1f';
constexpr std::string_view identifier = "essd";
// A line for people; the fields carry what is longer.
constexpr std::size_t text_limit = 2048;
// A line for each of a thousand units fits while the journal is slow. The queue takes 400 bytes for each at once, used
// or not.
constexpr std::size_t queue_capacity = 1024;
constexpr Micros exit_patience = 500ms;

std::string_view level_name(std::string_view priority) {
    constexpr std::string_view names[] = {"critical", "error", "warning", "notice", "info", "debug"};  // NOLINT
    const std::size_t index = priority.empty() ? 0 : static_cast<std::size_t>(priority.front() - '2');
    return index < std::size(names) ? names[index] : "log";
}

void write_to_stderr(const Record& record) {
    constexpr std::string_view key = "PRIORITY=";
    std::string line(identifier);
    for (const std::string_view field : record.fields) {
        if (field.starts_with(key)) line.append(": ").append(level_name(field.substr(key.size())));
    }
    line.append(": ").append(record.text).append("\n");
    // There is nowhere left to tell of a failure.
    static_cast<void>(write_all(STDERR_FILENO, line));
}

/// False when journald did not take it.
bool write_to_journal(const Record& record) {
    std::vector<std::string> owned{"MESSAGE=" + std::string(record.text),
                                   "SYSLOG_IDENTIFIER=" + std::string(identifier)};
    owned.insert(owned.end(), record.fields.begin(), record.fields.end());
    std::vector<iovec> parts;
    parts.reserve(owned.size());
    for (std::string& field : owned)
        parts.push_back({field.data(), field.size()});
    return ::sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) >= 0;
}

/// The end of the queue. spdlog's own systemd sink cannot carry fields.
class Sink : public spdlog::sinks::base_sink<std::mutex> {
  public:
    explicit Sink(bool to_journal) : to_journal_(to_journal) {}

  protected:
    void sink_it_(const spdlog::details::log_msg& message) override {
        const Record record = split_payload({message.payload.data(), message.payload.size()});
        if (!to_journal_ || !write_to_journal(record)) write_to_stderr(record);
    }
    void flush_() override {}

  private:
    bool to_journal_;
};

/// The open log. The mutex is held to copy the pointer only.
struct Open {
    std::mutex mutex;
    std::shared_ptr<spdlog::details::thread_pool> pool;
    std::shared_ptr<spdlog::async_logger> logger;
    Level most_verbose = Level::Debug;
};

Open& the_open() {
    // Never destroyed: a thread left behind may log while the process ends.
    static Open* const open = new Open;  // NOLINT(cppcoreguidelines-owning-memory)
    return *open;
}

std::shared_ptr<spdlog::async_logger> logger_for(Level level, bool& wanted) {
    Open& open = the_open();
    const std::lock_guard lock(open.mutex);
    wanted = level <= open.most_verbose;
    return open.logger;
}

void put(Level level, std::string_view text, const std::vector<Field>& fields) {
    bool wanted = false;
    const auto logger = logger_for(level, wanted);
    if (!wanted) return;
    const std::string payload = join_payload(level, text, fields);
    if (!logger) return write_to_stderr(split_payload(payload));
    // The priority is in the payload, since spdlog has no "notice"; its own level only lets the line pass.
    logger->log(spdlog::level::critical, spdlog::string_view_t(payload.data(), payload.size()));
}

}  // namespace

Log::Log(Level most_verbose) {
    const bool to_journal = is_journal_stream(std::getenv("JOURNAL_STREAM"), STDERR_FILENO);
    const SignalsBlocked blocked;
    Open& open = the_open();
    const std::lock_guard lock(open.mutex);
    open.pool = std::make_shared<spdlog::details::thread_pool>(queue_capacity, 1);
    open.logger = std::make_shared<spdlog::async_logger>(std::string(identifier), std::make_shared<Sink>(to_journal),
                                                         open.pool, spdlog::async_overflow_policy::overrun_oldest);
    open.most_verbose = most_verbose;
}

Log::~Log() {
    stop(monotonic_now() + exit_patience);
}

bool Log::stop(Instant deadline) {
    std::shared_ptr<spdlog::details::thread_pool> pool;
    {
        Open& open = the_open();
        const std::lock_guard lock(open.mutex);
        open.logger.reset();
        pool.swap(open.pool);
    }
    if (!pool) return true;
    // The pool's destructor drains the queue, for as long as the journal likes: elsewhere, so that it can be left.
    std::promise<void> drained;
    auto ended = drained.get_future();
    const SignalsBlocked blocked;
    std::thread([pool = std::move(pool), drained = std::move(drained)]() mutable {
        pool.reset();
        drained.set_value();
    }).detach();
    return ended.wait_until(deadline) == std::future_status::ready;
}

void log(Level level, std::string_view text) {
    put(level, text, {});
}

void event(const MessageId& id, Level level, std::string_view text, const std::vector<Field>& fields) {
    std::vector<Field> all{{"MESSAGE_ID", id.hex}};
    all.insert(all.end(), fields.begin(), fields.end());
    put(level, text, all);
}

std::string join_payload(Level level, std::string_view text, const std::vector<Field>& fields) {
    std::string payload = clean_line(text, text_limit);
    payload.append(1, separator).append("PRIORITY=").append(std::to_string(static_cast<int>(level)));
    for (const Field& field : fields) {
        payload.append(1, separator).append(field.name).append(1, '=');
        std::remove_copy(field.value.begin(), field.value.end(), std::back_inserter(payload), separator);
    }
    return payload;
}

Record split_payload(std::string_view payload) {
    Record record;
    std::size_t end = payload.find(separator);
    record.text = payload.substr(0, end);
    while (end != std::string_view::npos) {
        payload.remove_prefix(end + 1);
        end = payload.find(separator);
        record.fields.push_back(payload.substr(0, end));
    }
    return record;
}

bool is_journal_stream(const char* journal_stream, int fd) {
    struct stat info {};
    if (journal_stream == nullptr || ::fstat(fd, &info) != 0) return false;
    return journal_stream == std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

}  // namespace ess::host::journal
