#include <fcntl.h>

#include <array>
#include <atomic>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "host/control_fixture.hpp"
#include "host/control_socket.hpp"

using namespace ess;
using namespace ess::host;

namespace {

constexpr uid_t nobody = 65534;
constexpr uid_t trusted = 65533;
constexpr gid_t operators = 4242;
constexpr const char* denied = "org.varlink.service.PermissionDenied";

bool is_root() {
    if (::geteuid() != 0) MESSAGE("skipped: needs root to connect as somebody else");
    return ::geteuid() == 0;
}

}  // namespace

TEST_CASE_FIXTURE(ControlFixture, "control socket: a reader that does not keep up with a stream is closed") {
    Daemon daemon(path);
    Wire slow(path);
    REQUIRE(slow.say(call_text("Watch", R"("more":true)")));
    constexpr int enough = 64;
    constexpr std::size_t piece = 64UL * 1024;
    int sent = 0;
    daemon.with_held([&](CallReply& held) {
        while (sent < enough && held.stream({{"text", std::string(piece, 'x')}}))
            ++sent;
    });
    CHECK(sent < enough);
    CHECK(sent * piece >= 1024UL * 1024);
    CHECK(daemon.connections() == 0);

    Wire other(path);
    CHECK(is_in_step(other));
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: a large reply reaches a client that reads late") {
    Daemon daemon(path);
    Wire wire(path);
    constexpr std::size_t size = 1000UL * 1000;
    REQUIRE(wire.say(call_text("Large", R"("parameters":{"size":)" + std::to_string(size) + "}")));
    REQUIRE(wire.say(status_text()));
    Wire other(path);
    CHECK(is_in_step(other));
    CHECK((*wire.hear())["parameters"]["text"].get<std::string>().size() == size);
    CHECK((*wire.hear())["parameters"]["state"] == "armed");
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: a client that floods and never reads holds up itself alone") {
    Daemon daemon(path);
    Wire flood(path);
    std::string calls;
    for (int i = 0; i < 1000; ++i)
        calls += call_text("Large", R"("parameters":{"size":5000})") + '\0';
    while (::send(flood.fd(), calls.data(), calls.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
    }
    Wire other(path);
    CHECK(is_in_step(other));
    CHECK(daemon.connections() == 2);
    CHECK(flood.hear());
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: clients take their share of the loop's time and no more, in turns") {
    constexpr Micros window = std::chrono::milliseconds(10);
    Daemon daemon(path, {.call_share = window / 20, .accept_share = window / 20, .share_window = window});
    const auto processor_time = [&] {
        timespec time{};
        daemon.run([&] { REQUIRE(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0); });
        return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
    };
    std::atomic<bool> over{false};
    std::vector<std::thread> flood;
    for (int i = 0; i < 4; ++i) {
        flood.emplace_back([&] {
            while (!over) {
                // Calls one after the other, and then a connection anew.
                Wire wire(path);
                for (int calls = 0; calls < 100 && !over && wire.say(status_text()); ++calls)
                    static_cast<void>(wire.hear());
            }
        });
    }
    const auto before = processor_time();
    const Instant begun = monotonic_now();
    Wire other(path);
    for (int answered = 0; monotonic_now() - begun < std::chrono::milliseconds(500) || answered < 10; ++answered)
        REQUIRE(is_in_step(other));
    const auto taken = processor_time() - before;
    const auto elapsed = monotonic_now() - begun;
    over = true;
    for (std::thread& thread : flood)
        thread.join();
    // Two shares of a twentieth; a turn that is begun is finished. Without shares it is most of a processor.
    CHECK(taken < elapsed / 3);
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: a client that only stops reading does not make the loop spin") {
    Daemon daemon(path);
    Wire wire(path);
    REQUIRE(wire.say(call_text("Hold")));
    daemon.with_held([](CallReply&) {});
    REQUIRE(::shutdown(wire.fd(), SHUT_RD) == 0);
    daemon.with_held([](CallReply& held) { held.reply({}); });
    daemon.wait_for_connections(0);
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: descriptors that a client sends along are closed") {
    Daemon daemon(path);
    Wire wire(path);
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const Fd read_end(ends[0]);
    Fd write_end(ends[1]);

    std::string text = status_text() + '\0';
    iovec part{text.data(), text.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    *reinterpret_cast<int*>(CMSG_DATA(header)) = write_end.get();
    REQUIRE(::sendmsg(wire.fd(), &message, MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
    write_end.reset();

    CHECK(wire.hear_error().empty());
    // The last copy of the write end is gone when the read end says so.
    pollfd watched{read_end.get(), POLLIN, 0};
    REQUIRE(::poll(&watched, 1, 10000) == 1);
    CHECK((watched.revents & POLLHUP) != 0);
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: idle connections are closed, those with a call under way are not") {
    Daemon daemon(path, {.idle_timeout = std::chrono::milliseconds(30)});
    Wire busy(path);
    REQUIRE(busy.say(call_text("Hold")));
    daemon.with_held([](CallReply&) {});
    Wire silent(path);
    Wire half(path);
    REQUIRE(half.send("{"));
    CHECK(silent.hears_end());
    CHECK(half.hears_end());
    Wire later(path);
    CHECK(later.hears_end());
    CHECK(daemon.connections() == 1);
    daemon.with_held([](CallReply& held) { held.reply({}); });
    CHECK(busy.hear());
    CHECK(busy.hears_end());
}

TEST_CASE_FIXTURE(ControlFixture,
                  "control socket: over a user's limit, the longest idle gives way, or the new one goes") {
    Daemon daemon(path, {.connections_per_uid = 2});
    Wire first(path);
    CHECK(is_in_step(first));
    Wire second(path);
    CHECK(is_in_step(second));
    Wire third(path);
    CHECK(first.hears_end());
    CHECK(is_in_step(third));
    CHECK(is_in_step(second));

    for (Wire* const wire : {&second, &third})
        REQUIRE(wire->say(call_text("Hold")));
    daemon.eventually([&] { return daemon.served == 6; });
    Wire fourth(path);
    CHECK(fourth.hears_end());
    CHECK(daemon.connections() == 2);
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: users cannot take root's places") {
    if (!is_root()) return;
    Daemon daemon(path, {.connections = 4, .connections_per_uid = 3, .root_reserve = 2});
    std::vector<Wire> users;
    for (int i = 0; i < 2; ++i) {
        users.push_back(connect_as(nobody, path));
        REQUIRE(users.back().say(call_text("Hold")));
    }
    daemon.eventually([&] { return daemon.served == 2; });
    Wire refused = connect_as(nobody, path);
    CHECK(refused.hears_end());
    Wire other = connect_as(nobody - 1, path);
    CHECK(other.hears_end());

    Wire root1(path);
    Wire root2(path);
    CHECK(is_in_step(root1));
    CHECK(is_in_step(root2));
    CHECK(daemon.connections() == 4);
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: each caller gets what its identity grants") {
    if (!is_root()) return;
    Daemon daemon(path, {.operators = {{operators}, {trusted}}});
    const std::string reset = call_text("Reset", R"("parameters":{"reason":"r"})");

    Wire stranger = connect_as(nobody, path, {1, 2, 3});
    REQUIRE(stranger.say(status_text()));
    CHECK((*stranger.hear())["parameters"]["uid"] == nobody);
    REQUIRE(stranger.say(reset));
    CHECK(stranger.hear_error() == denied);
    REQUIRE(stranger.say(status_text()));
    CHECK(stranger.hear_error().empty());

    std::vector<gid_t> many(100, 7);
    many.push_back(operators);
    for (const auto& groups : {std::vector<gid_t>{operators}, many}) {
        Wire member = connect_as(nobody, path, groups);
        REQUIRE(member.say(reset));
        CHECK(member.hear_error().empty());
    }
    Wire member = connect_as(nobody, path, {operators});
    REQUIRE(member.say(call_text("Forgotten")));
    CHECK(member.hear_error() == denied);
    Wire named = connect_as(trusted, path);
    REQUIRE(named.say(reset));
    CHECK(named.hear_error().empty());
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: where only operators look, others still learn what they face") {
    if (!is_root()) return;
    Daemon daemon(path, {.operators = {{operators}, {}}, .everyone_reads = false});
    Wire stranger = connect_as(nobody, path);
    REQUIRE(stranger.say(call_text("Large", R"("parameters":{"size":1})")));
    CHECK(stranger.hear_error() == denied);
    REQUIRE(stranger.say(R"({"method":"org.varlink.service.GetInfo"})"));
    CHECK(stranger.hear_error().empty());
    Wire member = connect_as(nobody, path, {operators});
    REQUIRE(member.say(call_text("Large", R"("parameters":{"size":1})")));
    CHECK(member.hear_error().empty());
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: without the group, only root is an operator") {
    if (!is_root()) return;
    CHECK_FALSE((*find_group("no-such-group-anywhere")).has_value());
    CHECK(**find_group("root") == 0);
    CHECK_FALSE((*find_user("no-such-user-anywhere")).has_value());
    CHECK(**find_user("root") == 0);
    Daemon daemon(path);
    Wire stranger = connect_as(nobody, path, {0});
    REQUIRE(stranger.say(call_text("Reset", R"("parameters":{"reason":"r"})")));
    CHECK(stranger.hear_error() == denied);
    Wire root(path);
    CHECK(is_in_step(root));
}
