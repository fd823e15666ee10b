#include "host/listening_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "host/unix_address.hpp"

namespace ess::host {

namespace {

/// Connections that the kernel holds until they are accepted. As many as are served at all: a burst of clients is then
/// accepted or refused by the limits, and not made to wait by the kernel.
constexpr int backlog = 64;
constexpr mode_t socket_mode = 0666;
constexpr mode_t directory_mode = 0755;

/// The names of the sockets handed over; the descriptors follow each other from SD_LISTEN_FDS_START.
Result<std::vector<std::string>> activated_names() {
    char** raw = nullptr;
    // The environment stays as it is: other parts may have descriptors of their own in it (FDSTORE=).
    const int count = ::sd_listen_fds_with_names(0, &raw);
    if (count < 0) return system_failure("sockets from systemd", -count);
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) {
        const std::unique_ptr<char, decltype(&std::free)> name(raw[i], &std::free);
        names.emplace_back(name.get());
    }
    std::free(static_cast<void*>(raw));
    return names;
}

std::optional<int> choose(const std::vector<std::string>& names) {
    if (names.size() == 1) return SD_LISTEN_FDS_START;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == "varlink") return SD_LISTEN_FDS_START + static_cast<int>(i);
    }
    return std::nullopt;
}

/// accept4(2) on a blocking socket would wait if the client is gone again, and the loop with it.
Result<> make_nonblocking(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return system_failure("socket: O_NONBLOCK", errno);
    return {};
}

Result<> make_directory(const std::string& path) {
    if (::mkdir(path.c_str(), directory_mode) < 0 && errno != EEXIST) return system_failure(path, errno);
    return {};
}

Result<bool> somebody_answers(const UnixAddress& address) {
    const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe) return system_failure("socket", errno);
    if (::connect(probe.get(), address.get(), address.size()) == 0) return true;
    // EAGAIN: the queue of somebody who listens is full.
    if (errno == EAGAIN) return true;
    if (errno == ECONNREFUSED || errno == ENOENT) return false;
    return system_failure("connect", errno);
}

Result<> remove_stale(const std::string& path, const UnixAddress& address) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) < 0) {
        if (errno == ENOENT) return {};
        return system_failure(path, errno);
    }
    if (!S_ISSOCK(status.st_mode)) return failure(path + ": is there and is not a socket");
    const auto alive = somebody_answers(address);
    if (!alive) return failure_in(path, alive.error());
    if (*alive) return failure(path + ": another process answers there");
    if (::unlink(path.c_str()) < 0 && errno != ENOENT) return system_failure(path, errno);
    return {};
}

}  // namespace

Result<std::optional<Fd>> activated_socket() {
    const auto names = activated_names();
    if (!names) return tl::unexpected(names.error());
    if (names->empty()) return std::nullopt;
    const auto number = choose(*names);
    if (!number) return failure("sockets from systemd: several, and none has FileDescriptorName=varlink");
    Fd fd(*number);
    if (::sd_is_socket_unix(fd.get(), SOCK_STREAM, 1, nullptr, 0) <= 0) {
        return failure("socket from systemd: not a listening Unix stream socket");
    }
    if (auto done = make_nonblocking(fd.get()); !done) return tl::unexpected(done.error());
    return fd;
}

Result<Fd> listen_at(const std::string& path) {
    const auto address = UnixAddress::of(path);
    if (!address) return tl::unexpected(address.error());
    if (auto done = make_directory(parent_of(path)); !done) return tl::unexpected(done.error());
    if (auto done = remove_stale(path, *address); !done) return tl::unexpected(done.error());
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return system_failure("socket", errno);
    if (::bind(fd.get(), address->get(), address->size()) < 0) return system_failure(path + ": bind", errno);
    if (::chmod(path.c_str(), socket_mode) < 0) return system_failure(path + ": chmod", errno);
    if (::listen(fd.get(), backlog) < 0) return system_failure(path + ": listen", errno);
    return fd;
}

}  // namespace ess::host
