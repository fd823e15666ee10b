#pragma once

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "core/varlink.hpp"
#include "host/control_socket.hpp"
#include "host/listening_socket.hpp"
#include "host/unix_address.hpp"

namespace ess::host {

/// What a test waits for comes in microseconds; this bounds a failing test.
inline Instant soon() {
    return monotonic_now() + std::chrono::seconds(10);
}

class Directory {
  public:
    Directory() {
        std::string name = "/tmp/ess-control-XXXXXX";
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
        // Other users come in too: the socket's own checks are under test.
        std::filesystem::permissions(path_, std::filesystem::perms(0755));
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;
    ~Directory() { std::filesystem::remove_all(path_); }
    [[nodiscard]] std::string at(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

/// A client that sends bytes of any kind.
class Wire {
  public:
    explicit Wire(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const auto address = UnixAddress::of(path);
        REQUIRE(address);
        REQUIRE(::connect(fd_.get(), address->get(), address->size()) == 0);
    }

    [[nodiscard]] int fd() const { return fd_.get(); }
    void hang_up() { fd_.reset(); }
    void end_input() const { REQUIRE(::shutdown(fd_.get(), SHUT_WR) == 0); }

    /// Whether the server took it all.
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t count = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count < 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }
    /// Sends one message, the NUL added.
    bool say(const std::string& message) const { return send(message + '\0'); }

    /// The next reply; nothing if the connection was closed before.
    std::optional<Json> hear() {
        for (const Instant deadline = soon();;) {
            const auto message = input_.next();
            REQUIRE(message);
            if (*message) return *parse_json(**message);
            if (!receive(deadline)) return std::nullopt;
        }
    }
    /// The next reply's error, or "" if there is none.
    std::string hear_error() {
        const auto reply = hear();
        return reply ? reply->value("error", "") : "closed";
    }
    bool hears_end() { return !hear().has_value(); }

  private:
    bool receive(Instant deadline) {
        std::array<char, 65536> bytes{};
        pollfd watched{fd_.get(), POLLIN, 0};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now()).count();
        REQUIRE(::poll(&watched, 1, static_cast<int>(left)) == 1);
        const ssize_t count = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
        if (count <= 0) return false;
        input_.append({bytes.data(), static_cast<std::size_t>(count)});
        return true;
    }

    Fd fd_;
    VarlinkFramer input_{varlink_reply_limit};
};

/// Lets this thread alone connect as another user: the kernel keeps credentials per thread, only glibc spreads them.
class AsUser {
  public:
    AsUser(uid_t uid, const std::vector<gid_t>& groups) {
        REQUIRE(::syscall(SYS_setgroups, groups.size(), groups.data()) == 0);
        REQUIRE(::syscall(SYS_setresgid, -1, uid, -1) == 0);
        REQUIRE(::syscall(SYS_setresuid, -1, uid, -1) == 0);
    }
    AsUser(const AsUser&) = delete;
    AsUser& operator=(const AsUser&) = delete;
    ~AsUser() {
        ::syscall(SYS_setresuid, -1, 0, -1);
        ::syscall(SYS_setresgid, -1, 0, -1);
        ::syscall(SYS_setgroups, 0, nullptr);
    }
};

inline Wire connect_as(uid_t uid, const std::string& path, const std::vector<gid_t>& groups = {}) {
    const AsUser user(uid, groups);
    return Wire(path);
}

inline std::string call_text(const std::string& method, const std::string& rest = "") {
    return R"({"method":"io.quantum.EmergencyStop.)" + method + '"' + (rest.empty() ? "" : "," + rest) + "}";
}

inline std::string status_text() {
    return call_text("Status");
}

/// Whether the connection still works, and no reply is left over from before.
inline bool is_in_step(Wire& wire) {
    if (!wire.say(call_text("Reset", R"("parameters":{"reason":"step"})"))) return false;
    const auto reply = wire.hear();
    return reply && (*reply)["parameters"].value("operation_id", "") == "step";
}

struct ControlFixture {
    Directory directory;
    std::string path = directory.at("control");
};

/// A control socket on a loop in a thread of its own, with methods that show how the socket works.
class Daemon {
  public:
    explicit Daemon(const std::string& path, ControlSocketOptions options = {})
        : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          socket_(loop_, listen(path), {emergency_stop_interface()}, options) {
        add("Status", Privilege::Anyone, [this](const ControlRequest& request, CallReply reply) {
            if (const auto fault = VarlinkParameters(request.parameters).fault()) return reply.error(*fault);
            ++served;
            reply.reply({{"state", "armed"}, {"uid", request.peer.uid}});
        });
        add("Reset", Privilege::Operator, [this](const ControlRequest& request, CallReply reply) {
            std::string reason;
            const auto fault = VarlinkParameters(request.parameters).required("reason", reason).fault();
            if (fault) return reply.error(*fault);
            ++served;
            reply.reply({{"operation_id", reason}});
        });
        add("Hold", Privilege::Anyone, [this](const ControlRequest&, CallReply reply) { hold(std::move(reply)); });
        add("Drop", Privilege::Anyone, [](const ControlRequest&, const CallReply&) {});
        add("Large", Privilege::Reader, [](const ControlRequest& request, CallReply reply) {
            std::int64_t size = 0;
            static_cast<void>(VarlinkParameters(request.parameters).required("size", size));
            reply.reply({{"text", std::string(static_cast<std::size_t>(size), 'x')}});
        });
        socket_.add_method({.name = "io.quantum.EmergencyStop.Forgotten",
                            .call = [](const ControlRequest&, CallReply reply) { reply.reply(Json::object()); }});
        socket_.add_method({.name = "io.quantum.EmergencyStop.Watch",
                            .privilege = Privilege::Anyone,
                            .stream = Stream::Required,
                            .call = [this](const ControlRequest&, CallReply reply) {
                                reply.stream({{"n", 0}});
                                hold(std::move(reply));
                            }});
        commands_ = loop_.add_io(wake_.get(), EPOLLIN, Priority::Writer, [this](auto) { obey(); });
        thread_ = std::thread([this] { loop_.run(); });
    }
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    ~Daemon() {
        run([this] { loop_.exit(0); });
        thread_.join();
    }

    /// Runs it in the loop's thread and waits for it.
    void run(std::function<void()> task) {
        std::packaged_task<void()> packaged(std::move(task));
        auto done = packaged.get_future();
        {
            const std::lock_guard lock(mutex_);
            tasks_.push_back(std::move(packaged));
        }
        REQUIRE(::eventfd_write(wake_.get(), 1) == 0);
        REQUIRE(done.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
        done.get();
    }
    /// The oldest call that is held, for the use in the loop's thread; waits until there is one.
    template <class Task>
    void with_held(Task task) {
        eventually([this] { return !held_.empty(); });
        run([&] { task(held_.front()); });
    }
    void forget_held() {
        run([this] { held_.clear(); });
    }
    void forget_unwanted() {
        run([this] { std::erase_if(held_, [](const CallReply& reply) { return !reply.is_wanted(); }); });
    }
    [[nodiscard]] std::size_t held() {
        std::size_t number = 0;
        run([&] { number = held_.size(); });
        return number;
    }
    [[nodiscard]] std::size_t connections() {
        std::size_t number = 0;
        run([&] { number = socket_.connections(); });
        return number;
    }
    /// Waits until `condition` holds, looking once in each turn of the loop.
    template <class Condition>
    void eventually(Condition condition) {
        bool holds = false;
        for (const Instant deadline = soon(); !holds && monotonic_now() < deadline;) {
            run([&] { holds = condition(); });
        }
        REQUIRE(holds);
    }
    void wait_for_connections(std::size_t number) {
        eventually([this, number] { return socket_.connections() == number; });
    }

    std::atomic<int> served{0};

  private:
    static Fd listen(const std::string& path) {
        auto fd = listen_at(path);
        REQUIRE_MESSAGE(fd, fd.error().text);
        return std::move(*fd);
    }
    void add(const std::string& name, Privilege privilege, ControlFunction call) {
        socket_.add_method(
            {.name = "io.quantum.EmergencyStop." + name, .privilege = privilege, .call = std::move(call)});
    }
    void hold(CallReply reply) {
        ++served;
        held_.push_back(std::move(reply));
    }
    void obey() {
        eventfd_t ignored = 0;
        static_cast<void>(::eventfd_read(wake_.get(), &ignored));
        for (;;) {
            std::packaged_task<void()> task;
            {
                const std::lock_guard lock(mutex_);
                if (tasks_.empty()) return;
                task = std::move(tasks_.front());
                tasks_.pop_front();
            }
            task();
        }
    }

    EventLoop loop_;
    Fd wake_;
    std::deque<CallReply> held_;
    ControlSocket socket_;
    Source commands_;
    std::mutex mutex_;
    std::deque<std::packaged_task<void()>> tasks_;
    std::thread thread_;
};

}  // namespace ess::host
