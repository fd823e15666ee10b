#include "host/ledger_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/ledger_reports.hpp"

namespace ess::host {

namespace {

constexpr mode_t ledger_directory_mode = 0750;
constexpr mode_t segment_mode = 0640;
constexpr mode_t lock_mode = 0600;
constexpr std::size_t breach_reason_limit = 1000;

/// Makes the directory if it is not there, durably.
Result<Fd> open_directory(const std::string& path) {
    const bool made = ::mkdir(path.c_str(), ledger_directory_mode) == 0;
    if (!made && errno != EEXIST) return system_failure("make " + path, errno);
    // mkdir's mode passes through the umask.
    if (made && ::chmod(path.c_str(), ledger_directory_mode) != 0) return system_failure("chmod " + path, errno);
    Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return system_failure("open " + path, errno);
    if (!made) return directory;
    const Fd parent(::open(parent_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent || ::fsync(parent.get()) != 0) return system_failure("sync " + parent_of(path), errno);
    return directory;
}

/// An open file description lock: unlike fcntl's old one it is not lost when some other descriptor of the file closes.
Result<Fd> lock_directory(const Fd& directory) {
    Fd file(::openat(directory.get(), ".lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, lock_mode));
    if (!file) return system_failure(".lock", errno);
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    if (::fcntl(file.get(), F_OFD_SETLK, &whole) == 0) return file;
    if (errno == EAGAIN || errno == EACCES) return failure(".lock: another process writes this ledger");
    return system_failure(".lock", errno);
}

Result<std::string> this_boot() {
    sd_id128_t id{};
    if (const int result = ::sd_id128_get_boot(&id); result < 0) return system_failure("boot id", -result);
    std::array<char, SD_ID128_STRING_MAX> text{};
    return std::string(::sd_id128_to_string(id, text.data()));
}

std::string operation_id_of(const Json& entry) {
    const auto found = entry.find("operation_id");
    return found != entry.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string summary_of(const LedgerDamage& damage) {
    if (damage.file.empty()) return damage.reason;
    return damage.file + ": " + std::to_string(damage.torn_bytes) + " bytes behind byte " +
           std::to_string(damage.good_bytes) + " are not of the chain: " + damage.reason;
}

/// Lets the group read it. What is recorded matters more than who may read it, so a failure is not one of the ledger.
void give_to(const Fd& file, std::optional<gid_t> group) {
    struct stat info {};
    if (!group || ::fstat(file.get(), &info) != 0 || info.st_gid == *group) return;
    static_cast<void>(::fchown(file.get(), static_cast<uid_t>(-1), *group) == 0);
}

}  // namespace

LedgerFile::LedgerFile(LedgerOptions options, Fd directory, Fd lock, std::string boot_id)
    : options_(std::move(options)),
      directory_(std::move(directory)),
      lock_(std::move(lock)),
      boot_id_(std::move(boot_id)) {}

Result<LedgerFile> LedgerFile::open(LedgerOptions options) {
    const std::string context = "ledger " + options.directory;
    auto directory = open_directory(options.directory);
    if (!directory) return failure_in(context, directory.error());
    auto lock = lock_directory(*directory);
    if (!lock) return failure_in(context, lock.error());
    auto boot_id = this_boot();
    if (!boot_id) return failure_in(context, boot_id.error());
    give_to(*directory, options.group);
    LedgerFile ledger(std::move(options), std::move(*directory), std::move(*lock), std::move(*boot_id));
    if (auto loaded = ledger.load(); !loaded) return tl::make_unexpected(loaded.error());
    return ledger;
}

Result<> LedgerFile::load() {
    const auto replay = [this](const LedgerLine& line, std::string_view bytes) {
        numbers_.learn(operation_id_of(line.entry));
        if (options_.replayed) options_.replayed(line, bytes);
    };
    // An id that people may have seen is not given twice, though its line does not count any more.
    const auto learn = [this](const LedgerLine& line, std::string_view) {
        numbers_.learn(operation_id_of(line.entry));
    };
    auto scan = scan_ledger(options_.directory, replay, {}, learn);
    if (!scan) return tl::make_unexpected(scan.error());
    head_ = std::move(scan->head);
    unreported_ = std::move(scan->unreported);
    newest_ = std::move(scan->newest);
    newest_bytes_ = scan->newest_bytes;
    // A new segment after any damage, wherever it lies: its first lines are the reports.
    newest_closed_ = !unreported_.empty();
    return {};
}

Result<LedgerReceipt> LedgerFile::append(const LedgerDraft& draft) {
    const std::string context = "ledger " + options_.directory;
    if (auto ready = prepare_segment(draft.time); !ready) return failure_in(context, ready.error());
    if (auto settled = settle(draft.time); !settled) return tl::make_unexpected(settled.error());
    auto receipt = write_line(draft);
    if (!receipt) return failure_in(context, receipt.error());
    return receipt;
}

Result<> LedgerFile::settle(WallTime time) {
    const std::string context = "ledger " + options_.directory;
    const bool genesis = head_.entries == 0 && options_.opening != nullptr;
    if (unreported_.empty() && !genesis && (!segment_ || is_intact())) return {};
    if (auto ready = prepare_segment(time); !ready) return failure_in(context, ready.error());
    // A ledger that begins with loss begins with the line that tells of it, which opens the log as well.
    if (genesis && (unreported_.empty() || unreported_.front().kind != LedgerKind::Breach)) {
        if (auto written = write_genesis(time); !written) return failure_in(context, written.error());
    }
    if (auto reported = report_damage(time); !reported) return failure_in(context, reported.error());
    return {};
}

bool LedgerFile::is_displaced() const {
    struct stat ours {};
    struct stat there {};
    if (::fstat(directory_.get(), &ours) != 0) return false;
    // What cannot be looked at for another reason fails where it is written.
    if (::stat(options_.directory.c_str(), &there) != 0) return errno == ENOENT || errno == ENOTDIR;
    return ours.st_dev != there.st_dev || ours.st_ino != there.st_ino;
}

void LedgerFile::add_breach(const std::string& reason) {
    newest_closed_ = true;
    segment_.reset();
    const std::string text = clean_line(reason, breach_reason_limit);
    if (unreported_.empty()) {
        unreported_.push_back({LedgerKind::Breach, "", 0, 0, "", "", text});
        return;
    }
    LedgerDamage& damage = unreported_.back();
    damage.kind = LedgerKind::Breach;
    damage.reason = text + "; " + damage.reason;
}

Result<> LedgerFile::prepare_segment(WallTime time) {
    // A clock that jumps back goes on in the newest month: the files' order stays the chain's order.
    const std::string now = to_utc_date(time).substr(0, month_length);
    const std::string month = newest_ ? std::max(now, newest_->month) : now;
    if (newest_ && !newest_closed_ && newest_->month == month) {
        if (!segment_) {
            if (auto opened = open_newest(); !opened) return opened;
        }
        if (is_intact()) return {};
    }
    return create_segment(month);
}

bool LedgerFile::is_intact() {
    struct stat info {};
    const bool known = ::fstat(segment_.get(), &info) == 0;
    const auto size = known ? static_cast<std::uint64_t>(info.st_size) : 0;
    if (known && size == newest_bytes_) return true;
    // A line written behind somebody else's bytes would be lost with them.
    give_up_segment("the file was changed by something else");
    if (size < newest_bytes_ && !unreported_.empty()) unreported_.back().kind = LedgerKind::Breach;
    return false;
}

Result<> LedgerFile::open_newest() {
    const std::string name = newest_->file();
    Fd file(::openat(directory_.get(), name.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
    if (!file) return system_failure(name, errno);
    segment_ = std::move(file);
    return {};
}

Result<> LedgerFile::create_segment(const std::string& month) {
    const bool same_month = newest_ && newest_->month == month;
    const LedgerSegment segment{month, same_month ? newest_->number + 1 : 1};
    const std::string name = segment.file();
    Fd file(::openat(directory_.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                     segment_mode));
    if (!file) return system_failure("create " + name, errno);
    newest_ = segment;
    newest_bytes_ = 0;
    // Until its name is durable nothing in it is: a failed sync gives the file up, empty.
    newest_closed_ = true;
    give_to(file, options_.group);
    if (::fsync(directory_.get()) != 0) return system_failure("sync the directory of " + name, errno);
    newest_closed_ = false;
    segment_ = std::move(file);
    return {};
}

Result<> LedgerFile::write_genesis(WallTime time) {
    const auto written = write_line({LedgerKind::Genesis, Json::object(), options_.opening(LedgerKind::Genesis), time});
    if (!written) return tl::make_unexpected(written.error());
    return {};
}

Result<> LedgerFile::report_damage(WallTime time) {
    while (!unreported_.empty()) {
        const LedgerDamage& damage = unreported_.front();
        const Json stamp = options_.stamp ? options_.stamp() : Json::object();
        Json ess = damage.to_json();
        if (damage.kind == LedgerKind::Breach && options_.opening) ess.update(options_.opening(damage.kind));
        const LedgerDraft draft{damage.kind, damage_entry(damage.kind, summary_of(damage), time, stamp), std::move(ess),
                                time};
        if (auto written = write_line(draft); !written) return tl::make_unexpected(written.error());
        unreported_.erase(unreported_.begin());
    }
    return {};
}

Result<LedgerReceipt> LedgerFile::write_line(const LedgerDraft& draft) {
    LedgerLine line{draft.kind, draft.entry, draft.ess, draft.time, boot_id_, head_.entries + 1, head_.hash};
    if (!line.entry.is_object()) return failure("entry: not an object");
    if (draft.kind != LedgerKind::Genesis && !line.entry.contains("operation_id")) {
        auto id = numbers_.next(draft.time);
        if (!id) return tl::make_unexpected(id.error());
        line.entry["operation_id"] = std::move(*id);
    }
    auto text = format_ledger_line(line);
    if (!text) return tl::make_unexpected(text.error());
    if (auto written = put(*text + "\n"); !written) return tl::make_unexpected(written.error());

    head_ = {line.seq, ledger_hash(*text)};
    LedgerReceipt receipt{operation_id_of(line.entry), line.seq, head_.hash};
    numbers_.learn(receipt.operation_id);
    if (options_.appended) options_.appended(line, *text);
    return receipt;
}

Result<> LedgerFile::put(std::string_view bytes) {
    ssize_t written = -1;
    do {
        written = ::write(segment_.get(), bytes.data(), bytes.size());
    } while (written < 0 && errno == EINTR);
    auto result = written < 0 ? Result<>(system_failure("write " + newest_->file(), errno)) : Result<>{};
    if (written >= 0 && static_cast<std::size_t>(written) != bytes.size()) {
        result = failure("write " + newest_->file() + ": " + std::to_string(written) + " of " +
                         std::to_string(bytes.size()) + " bytes");
    }
    // After a failed sync the kernel may count the pages as clean: a second one would succeed with the data lost.
    if (result && ::fdatasync(segment_.get()) != 0) result = system_failure("sync " + newest_->file(), errno);
    if (!result) {
        give_up_segment(result.error().text);
        return result;
    }
    newest_bytes_ += bytes.size();
    return {};
}

void LedgerFile::give_up_segment(const std::string& reason) {
    LedgerDamage damage = measure_torn(options_.directory, *newest_, newest_bytes_, reason);
    // A new file that took nothing at all (full disk) is used again: each retry would leave one more.
    if (newest_bytes_ == 0 && damage.torn_bytes == 0) return;
    newest_closed_ = true;
    segment_.reset();
    unreported_.push_back(std::move(damage));
}

Result<std::optional<Operation>> LedgerFile::find(std::string_view operation_id) const {
    std::optional<Operation> found;
    if (numbers_.is_new(operation_id)) return found;
    const auto read = for_each([&](const LedgerLine& line, std::string_view bytes) {
        if (found) {
            add_to(*found, line);
        } else if (operation_id_of(line.entry) == operation_id) {
            found = operation_of(line, bytes);
        }
    });
    if (!read) return tl::make_unexpected(read.error());
    return found;
}

Result<> LedgerFile::for_each(const LedgerVisitor& visitor) const {
    const auto scan = scan_ledger(options_.directory, visitor, unreported_);
    if (!scan) return tl::make_unexpected(scan.error());
    return {};
}

}  // namespace ess::host
