#include "host/listening_socket.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>

#include "host/control_fixture.hpp"
#include "host/varlink_client.hpp"

using namespace ess;
using namespace ess::host;

namespace {

/// What activated_socket() makes of these descriptors, in a process of its own: 0 a socket, 1 none, 2 a failure.
int activation(const std::vector<int>& descriptors, const char* names) {
    const pid_t child = ::fork();
    if (child == 0) {
        for (std::size_t i = 0; i < descriptors.size(); ++i)
            ::dup2(descriptors[i], 3 + static_cast<int>(i));
        if (!descriptors.empty()) ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
        ::setenv("LISTEN_FDS", std::to_string(descriptors.size()).c_str(), 1);
        ::setenv("LISTEN_FDNAMES", names, 1);
        auto fd = activated_socket();
        if (!fd) ::_exit(2);
        if (!*fd) ::_exit(1);
        // It must not block the loop, nor leak into what the daemon starts.
        const bool fit =
            (::fcntl((*fd)->get(), F_GETFL) & O_NONBLOCK) != 0 && (::fcntl((*fd)->get(), F_GETFD) & FD_CLOEXEC) != 0;
        ::_exit(fit ? 0 : 3);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/// Above the numbers that activation() hands over.
Fd high(Fd fd) {
    return Fd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 64));
}

}  // namespace

TEST_CASE("listening socket: everyone may connect, and the directory is made") {
    const Directory directory;
    const std::string path = directory.at("sub/control");
    const auto fd = listen_at(path);
    REQUIRE(fd);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0666);
    const Wire wire(path);
    CHECK(::accept4(fd->get(), nullptr, nullptr, SOCK_CLOEXEC) >= 0);
    CHECK(::accept4(fd->get(), nullptr, nullptr, SOCK_CLOEXEC) < 0);
    CHECK(errno == EAGAIN);
}

TEST_CASE("listening socket: a stale socket is replaced, a live one is not") {
    const Directory directory;
    const std::string path = directory.at("control");
    {
        const auto first = listen_at(path);
        REQUIRE(first);
        const auto second = listen_at(path);
        REQUIRE_FALSE(second);
        CHECK(second.error().text.find("answers") != std::string::npos);
    }
    CHECK(std::filesystem::is_socket(path));
    CHECK(listen_at(path));
}

TEST_CASE("listening socket: nothing else is ever replaced") {
    const Directory directory;
    const std::string path = directory.at("control");
    std::ofstream(path) << "precious";
    CHECK_FALSE(listen_at(path));
    CHECK(std::filesystem::file_size(path) == 8);
    std::filesystem::remove(path);
    std::filesystem::create_symlink("nowhere", path);
    CHECK_FALSE(listen_at(path));
    CHECK(std::filesystem::is_symlink(path));
    CHECK_FALSE(listen_at(directory.at(std::string(200, 'x'))));
    CHECK_FALSE(listen_at(""));
}

TEST_CASE("listening socket: a daemon that comes back is found at the same place") {
    const Directory directory;
    const std::string path = directory.at("control");
    for (int i = 0; i < 2; ++i) {
        Daemon daemon(path);
        auto client = VarlinkClient::connect(path, soon());
        REQUIRE(client);
        CHECK(client->call("io.quantum.EmergencyStop.Status", Json::object(), soon()));
    }
}

TEST_CASE("listening socket: handed over by systemd") {
    const Directory directory;
    const Fd one = high(std::move(*listen_at(directory.at("one"))));
    const Fd two = high(std::move(*listen_at(directory.at("two"))));
    const Fd no_socket = high(Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)));
    const Fd no_listener = high(Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    CHECK(activation({}, "") == 1);
    CHECK(activation({one.get()}, "") == 0);
    CHECK(activation({one.get()}, "something") == 0);
    CHECK(activation({no_socket.get(), two.get()}, "other:varlink") == 0);
    CHECK(activation({one.get(), two.get()}, "a:b") == 2);
    CHECK(activation({no_socket.get()}, "varlink") == 2);
    CHECK(activation({no_listener.get()}, "varlink") == 2);
}
