#include "host/drift_reader.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/fd.hpp"
#include "base/text.hpp"
#include "core/ledger_line.hpp"
#include "host/config_hash_files.hpp"
#include "host/ledger_scan.hpp"

namespace ess::host {

namespace {

constexpr std::size_t read_size = 65536;
/// Troubles told per source; a file of another kind has one in each line.
constexpr std::uint64_t told_limit = 20;

struct Line {
    std::string_view text;  ///< without its newline, valid until the next one is taken; empty if it is too long
    bool ended = true;      ///< false: the last one, which has no newline
    bool too_long = false;
};

/// Lines of a file or a pipe, with memory for about two of them.
class Lines {
  public:
    explicit Lines(Fd file) : file_(std::move(file)) {}

    /// All of the input, if it is not longer than a line may be; otherwise nothing. Nothing is taken.
    Result<std::optional<std::string_view>> whole() {
        while (!at_end_ && buffer_.size() <= log_line_limit) {
            if (auto filled = fill(); !filled) return tl::make_unexpected(filled.error());
        }
        if (buffer_.size() > log_line_limit) return std::nullopt;
        return std::string_view(buffer_);
    }

    Result<std::optional<Line>> next() {
        bool too_long = false;
        while (true) {
            const std::string_view rest = std::string_view(buffer_).substr(taken_);
            const std::size_t length = rest.find('\n');
            if (length != std::string_view::npos || (at_end_ && !rest.empty())) {
                const std::string_view text = rest.substr(0, length);
                const bool ended = length != std::string_view::npos;
                taken_ += text.size() + (ended ? 1 : 0);
                too_long = too_long || text.size() > log_line_limit;
                return Line{too_long ? std::string_view() : text, ended, too_long};
            }
            if (at_end_) return too_long ? std::optional<Line>(Line{{}, false, true}) : std::nullopt;
            buffer_.erase(0, taken_);
            taken_ = 0;
            if (buffer_.size() > log_line_limit) {
                too_long = true;
                buffer_.clear();
            }
            if (auto filled = fill(); !filled) return tl::make_unexpected(filled.error());
        }
    }

  private:
    Result<> fill() {
        const std::size_t size = buffer_.size();
        buffer_.resize(size + read_size);
        const ssize_t got = ::read(file_.get(), buffer_.data() + size, read_size);
        buffer_.resize(size + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got < 0 && errno != EINTR) return system_failure("read", errno);
        at_end_ = got == 0;
        return {};
    }

    Fd file_;
    std::string buffer_;
    std::size_t taken_ = 0;
    bool at_end_ = false;
};

class Reader {
  public:
    Reader(const std::string& path, const DriftQuestion& question)
        : path_(path), question_(question), source_(path == "-" ? "stdin" : path, question.range) {}

    DriftSource read();

  private:
    void read_directory();
    void read_configuration();
    void read_ledger();
    void read_stream(Fd file);
    void read_lines(Lines& lines);
    void read_object(const Json& object, std::string_view text);
    void take_line(const Line& line);
    void take(const Sighting& sighting, std::string_view text);
    void cannot_read(const std::string& what, const std::string& why);

    const std::string& path_;
    const DriftQuestion& question_;
    DriftSource source_;
    std::uint64_t line_ = 0;
};

bool has_segments(const std::string& directory) {
    std::error_code fault;
    for (auto at = std::filesystem::directory_iterator(directory, fault);
         !fault && at != std::filesystem::directory_iterator(); at.increment(fault)) {
        if (parse_segment(at->path().filename().string())) return true;
    }
    return false;
}

DriftSource Reader::read() {
    std::error_code missing;
    if (path_ == "-") {
        Fd input(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
        if (input) {
            read_stream(std::move(input));
        } else {
            cannot_read("", system_failure("open", errno).value().text);
        }
    } else if (std::filesystem::is_directory(path_, missing)) {
        read_directory();
    } else if (Fd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)); file) {
        read_stream(std::move(file));
    } else {
        cannot_read("", system_failure("open", errno).value().text);
    }
    return std::move(source_);
}

void Reader::read_directory() {
    if (has_segments(path_)) return read_ledger();
    read_configuration();
}

void Reader::read_configuration() {
    const auto reading = read_config_hash(path_, question_.names);
    for (const Error& error : reading.unreadable)
        cannot_read("", error.text);
    take({reading.hash.hash16, std::nullopt, true}, {});
}

void Reader::read_ledger() {
    const auto scan = scan_ledger(path_, [this](const LedgerLine& line, std::string_view bytes) {
        if (const auto sighting = sighting_in(line)) take(*sighting, bytes);
    });
    if (!scan) return cannot_read("", scan.error().text);
    for (const LedgerDamage& damage : scan->unreported)
        cannot_read("/" + damage.file, damage.reason);
}

void Reader::read_stream(Fd file) {
    Lines lines(std::move(file));
    const auto whole = lines.whole();
    if (!whole) return cannot_read("", whole.error().text);
    if (*whole) {
        const auto object = parse_json(**whole);
        if (object && object->is_object()) return read_object(*object, trim(**whole));
    }
    read_lines(lines);
}

void Reader::read_lines(Lines& lines) {
    while (true) {
        const auto line = lines.next();
        if (!line) return cannot_read("", line.error().text);
        if (!*line) return;
        ++line_;
        take_line(**line);
    }
}

void Reader::take_line(const Line& line) {
    if (line.too_long) return cannot_read(":" + std::to_string(line_), "longer than a line may be");
    if (trim(line.text).empty()) return;
    const auto object = parse_json(line.text);
    if (object && object->is_object()) return read_object(*object, line.text);
    const std::string place = ":" + std::to_string(line_);
    // A log that grows is read in the middle of a line now and then.
    if (!line.ended) return question_.trouble(source_.name() + place + ": the last line is not complete: left out");
    cannot_read(place, object ? "not a JSON object" : object.error().text);
}

void Reader::read_object(const Json& object, std::string_view text) {
    if (object.contains("entry") && object.contains("prev")) {
        const auto line = parse_ledger_line(text);
        if (!line) return cannot_read(":" + std::to_string(line_), line.error().text);
        if (const auto sighting = sighting_in(*line)) take(*sighting, text);
        return;
    }
    Sighting sighting = sighting_in(object);
    // `essctl status --json` says how it is now.
    sighting.is_now = !sighting.time && object.contains("ready");
    take(sighting, text);
}

void Reader::take(const Sighting& sighting, std::string_view text) {
    const bool counts = source_.take(sighting);
    if (counts && question_.entry && !text.empty()) question_.entry(sighting, text);
}

void Reader::cannot_read(const std::string& what, const std::string& why) {
    source_.add_unreadable();
    if (source_.unreadable() > told_limit) return;
    question_.trouble(source_.name() + what + ": " + why);
    if (source_.unreadable() == told_limit) question_.trouble(source_.name() + ": further ones are only counted");
}

}  // namespace

DriftSource read_drift_source(const std::string& path, const DriftQuestion& question) {
    return Reader(path, question).read();
}

}  // namespace ess::host
