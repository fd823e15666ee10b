#include "host/streamed_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "base/file.hpp"

namespace ess::host {

namespace {

constexpr std::size_t buffer_size = 65536;

}  // namespace

Result<StreamedFile> StreamedFile::create(const std::string& path, mode_t mode, std::optional<gid_t> group) {
    std::string temporary = parent_of(path) + "/." + leaf_of(path) + "." + std::to_string(::getpid());
    Fd file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!file) return system_failure("create " + temporary, errno);
    StreamedFile streamed(std::move(file), path, std::move(temporary));
    // Who may read it matters less than that there is one: without the group it is root's alone.
    if (group) static_cast<void>(::fchown(streamed.file_.get(), static_cast<uid_t>(-1), *group) == 0);
    // The mode of open(2) passes through the umask.
    if (::fchmod(streamed.file_.get(), mode) != 0) return system_failure("chmod " + path, errno);
    return streamed;
}

StreamedFile::StreamedFile(Fd file, std::string path, std::string temporary)
    : file_(std::move(file)), path_(std::move(path)), temporary_(std::move(temporary)) {}

StreamedFile::~StreamedFile() {
    // Moved from or committed: there is none. Otherwise the failure told is the first one.
    if (file_) static_cast<void>(::unlink(temporary_.c_str()));
}

Result<> StreamedFile::write(std::string_view text) {
    buffer_.append(text);
    return buffer_.size() < buffer_size ? Result<>{} : flush();
}

Result<> StreamedFile::flush() {
    if (auto written = write_all(file_.get(), buffer_); !written) return failure_in(path_, written.error());
    buffer_.clear();
    return {};
}

Result<> StreamedFile::commit() {
    if (auto flushed = flush(); !flushed) return flushed;
    if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return system_failure("rename to " + path_, errno);
    file_.reset();
    return {};
}

}  // namespace ess::host
