#include "host/beat_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace ess::host {

Result<BeatFile> BeatFile::open(const std::string& path) {
    // Whoever owns the directory could have put a pipe there: never wait for it.
    Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file) return system_failure(path, errno);
    struct stat info {};
    if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return failure(path + ": no regular file");
    return BeatFile(std::move(file));
}

std::optional<Instant> BeatFile::last() const {
    std::int64_t nanoseconds = 0;
    const ssize_t got = ::pread(file_.get(), &nanoseconds, sizeof(nanoseconds), 0);
    if (got != sizeof(nanoseconds) || nanoseconds <= 0) return std::nullopt;
    constexpr std::int64_t in_a_microsecond = 1000;
    return Instant(Micros(nanoseconds / in_a_microsecond));
}

}  // namespace ess::host
