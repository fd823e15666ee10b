#include "base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string>

#include "base/fd.hpp"

namespace ess {

namespace {

Result<> sync_directory(const std::string& path) {
    const Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!directory || ::fsync(directory.get()) != 0) return system_failure("sync " + path, errno);
    return {};
}

Result<> write_new(const std::string& path, std::string_view content, mode_t mode, Durability durability) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!file) return system_failure("create " + path, errno);
    if (::fchmod(file.get(), mode) != 0) return system_failure("chmod " + path, errno);
    if (auto written = write_all(file.get(), content); !written) return failure_in("write " + path, written.error());
    if (durability == Durability::Durable && ::fsync(file.get()) != 0) return system_failure("sync " + path, errno);
    return {};
}

}  // namespace

Result<std::string> read_head(const std::string& path, std::size_t limit) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file) return system_failure(path, errno);
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) return system_failure(path, errno);
    if (!S_ISREG(info.st_mode)) return failure(path + ": not a regular file");
    std::string content;
    std::array<char, 65536> buffer{};
    while (content.size() < limit) {
        const ssize_t got = ::read(file.get(), buffer.data(), std::min(buffer.size(), limit - content.size()));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return system_failure(path, errno);
        if (got == 0) break;
        content.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return content;
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
    auto content = read_head(path, limit + 1);
    if (content && content->size() > limit) return failure(path + ": larger than " + std::to_string(limit) + " bytes");
    return content;
}

Result<> replace_file(const std::string& path, std::string_view content, mode_t mode, Durability durability) {
    const std::string temporary = parent_of(path) + "/." + leaf_of(path) + "." + std::to_string(::getpid());
    auto written = write_new(temporary, content, mode, durability);
    if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = system_failure("rename to " + path, errno);
    if (!written) {
        // What is left of the attempt must not fill the directory; the failure told is the first one.
        static_cast<void>(::unlink(temporary.c_str()));
        return written;
    }
    return durability == Durability::Durable ? sync_directory(parent_of(path)) : Result<>{};
}

Result<> remove_file(const std::string& path, Durability durability) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_failure("remove " + path, errno);
    return durability == Durability::Durable ? sync_directory(parent_of(path)) : Result<>{};
}

Result<> write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(fd, bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return system_failure("write", errno);
        bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
}

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

std::string leaf_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

}  // namespace ess
