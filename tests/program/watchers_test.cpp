// Who looks on, with states that the test makes up.
#include "essd/watchers.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "host/control_fixture.hpp"
#include "host/loop_thread.hpp"

using namespace ess;
using namespace ess::host;
using ess::essd::WatcherLimits;
using ess::essd::Watchers;
using ess::test::LoopThread;

namespace {

constexpr std::size_t large = 150UL * 1024;

/// A daemon that shows a number, which the test sets.
class Shown {
  public:
    explicit Shown(WatcherLimits limits, std::size_t size = 0) : size_(size) {
        thread_.run([this, limits] {
            watchers_ = std::make_unique<Watchers>(
                thread_.loop(),
                [this] {
                    ++put_together;
                    return to_text(Json{{"n", n_}, {"text", std::string(size_, 'x')}});
                },
                limits);
            socket_ = std::make_unique<ControlSocket>(thread_.loop(), std::move(*listen_at(path())));
            socket_->add_method({.name = "io.quantum.EmergencyStop.Watch",
                                 .privilege = Privilege::Reader,
                                 .stream = Stream::Required,
                                 .call = [this](const ControlRequest& request, CallReply reply) {
                                     watchers_->add(request.peer.uid, std::move(reply));
                                 }});
        });
    }
    Shown(const Shown&) = delete;
    Shown& operator=(const Shown&) = delete;
    ~Shown() {
        thread_.run([this] {
            watchers_.reset();
            socket_.reset();
        });
    }

    [[nodiscard]] std::string path() const { return directory_.at("control"); }
    void show(int n) {
        thread_.run([this, n] {
            n_ = n;
            watchers_->changed();
        });
    }
    [[nodiscard]] bool comes_to_connections(std::size_t number) {
        return thread_.eventually([&] { return socket_->connections() == number; });
    }

    int put_together = 0;

  private:
    Directory directory_;
    std::size_t size_;
    int n_ = 0;
    LoopThread thread_;
    std::unique_ptr<Watchers> watchers_;
    std::unique_ptr<ControlSocket> socket_;
};

Wire watching(const Shown& shown) {
    Wire wire(shown.path());
    REQUIRE(wire.say(call_text("Watch", R"("more":true)")));
    return wire;
}

/// The number of the next reply; -1 if the connection was closed.
int heard(Wire& wire) {
    const auto reply = wire.hear();
    if (!reply) return -1;
    CHECK((*reply)["continues"] == true);
    return (*reply)["parameters"]["n"].get<int>();
}

/// How many replies come until the one with this number, which is the last.
int replies_until(Wire& wire, int number) {
    for (int replies = 1;; ++replies) {
        const int n = heard(wire);
        REQUIRE(n >= 0);
        if (n == number) return replies;
    }
}

}  // namespace

TEST_CASE("watchers: nothing is put together for nobody, nor told when nothing has changed") {
    Shown shown({.pause = std::chrono::milliseconds(1)});
    shown.show(1);
    shown.show(2);
    CHECK(shown.put_together == 0);
    Wire wire = watching(shown);
    CHECK(heard(wire) == 2);
    shown.show(2);
    shown.show(3);
    CHECK(heard(wire) == 3);
    wire.hang_up();
    CHECK(shown.comes_to_connections(0));
}

TEST_CASE("watchers: one that comes later is told the state as it is now, and the others nothing new") {
    Shown shown({.pause = std::chrono::milliseconds(1)});
    Wire first = watching(shown);
    CHECK(heard(first) == 0);
    Wire second = watching(shown);
    CHECK(heard(second) == 0);
    shown.show(1);
    CHECK(heard(second) == 1);
    CHECK(heard(first) == 1);
}

TEST_CASE("watchers: of a burst one reply in each pause, and the last state always") {
    constexpr auto pause = std::chrono::milliseconds(100);
    Shown shown({.pause = pause});
    Wire wire = watching(shown);
    CHECK(heard(wire) == 0);
    const Instant begun = monotonic_now();
    for (int n = 1; n <= 500; ++n)
        shown.show(n);
    const int replies = replies_until(wire, 500);
    CHECK(replies <= (monotonic_now() - begun) / pause + 1);
}

TEST_CASE("watchers: who reads slowly is told the newest state, not a backlog") {
    Shown shown({.pause = std::chrono::milliseconds(1)}, large);
    Wire slow = watching(shown);
    Wire quick = watching(shown);
    CHECK(heard(quick) == 0);
    constexpr int changes = 50;
    for (int n = 1; n <= changes; ++n) {
        shown.show(n);
        CHECK(heard(quick) == n);
    }
    // What the kernel's buffers hold, the one that waits, and the newest.
    CHECK(replies_until(slow, changes) < changes / 2);
    shown.show(changes + 1);
    CHECK(heard(slow) == changes + 1);
}

TEST_CASE("watchers: who does not read at all is closed in the end, and the others go on") {
    Shown shown({.pause = std::chrono::milliseconds(1), .patience = std::chrono::milliseconds(100)}, large);
    Wire stuck = watching(shown);
    Wire quick = watching(shown);
    CHECK(heard(quick) == 0);
    for (int n = 1; n <= 10; ++n) {
        shown.show(n);
        CHECK(heard(quick) == n);
    }
    CHECK(shown.comes_to_connections(1));
    shown.show(11);
    CHECK(heard(quick) == 11);
}

TEST_CASE("watchers: no more than the limit, and those that are gone do not count") {
    Shown shown({.of_one_uid = 2});
    Wire first = watching(shown);
    Wire second = watching(shown);
    CHECK(heard(first) == 0);
    Wire third = watching(shown);
    CHECK(third.hear_error() == "io.quantum.EmergencyStop.Busy");
    CHECK(heard(second) == 0);
    first.hang_up();
    CHECK(shown.comes_to_connections(2));
    REQUIRE(third.say(call_text("Watch", R"("more":true)")));
    CHECK(heard(third) == 0);
}
