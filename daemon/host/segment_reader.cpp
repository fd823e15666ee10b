#include "host/segment_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/ledger_line.hpp"

namespace ess::host {

namespace {

constexpr std::size_t read_size = 65536;

}  // namespace

Result<std::optional<SegmentPiece>> SegmentReader::next() {
    while (true) {
        const std::string_view rest = std::string_view(buffer_).substr(taken_);
        if (const std::size_t length = rest.find('\n'); length != std::string_view::npos) {
            const bool whole = !in_long_line_ && length <= ledger_line_limit;
            in_long_line_ = false;
            return give(length + 1, whole);
        }
        if (rest.size() > ledger_line_limit) {
            in_long_line_ = true;
            return give(rest.size(), false);
        }
        if (at_end_ && rest.empty()) return std::nullopt;
        if (at_end_) return give(rest.size(), false);
        if (auto filled = fill(); !filled) return tl::make_unexpected(filled.error());
    }
}

Result<> SegmentReader::fill() {
    buffer_.erase(0, taken_);
    taken_ = 0;
    const std::size_t kept = buffer_.size();
    buffer_.resize(kept + read_size);
    ssize_t got = -1;
    do {
        got = ::read(file_.get(), buffer_.data() + kept, read_size);
    } while (got < 0 && errno == EINTR);
    const int code = errno;
    buffer_.resize(kept + static_cast<std::size_t>(got < 0 ? 0 : got));
    if (got < 0) return system_failure("read", code);
    at_end_ = got == 0;
    return {};
}

SegmentPiece SegmentReader::give(std::size_t length, bool whole) {
    const SegmentPiece piece{offset_, std::string_view(buffer_).substr(taken_, length), whole};
    taken_ += length;
    offset_ += length;
    return piece;
}

Result<Fd> open_segment(const std::string& path) {
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file) return system_failure("open", errno);
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return system_failure("stat", errno);
    if (!S_ISREG(info.st_mode)) return failure("not a regular file");
    return file;
}

}  // namespace ess::host
