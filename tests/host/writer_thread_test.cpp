#include "host/writer_thread.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "base/fd.hpp"
#include "host/event_loop.hpp"
#include "host/loop_inbox.hpp"

namespace {

using namespace std::chrono_literals;
using ess::host::WriterThread;

constexpr auto patience = 20s;

ess::Instant soon() {
    return ess::monotonic_now() + patience;
}

/// A disk that hangs: reads a pipe that nothing is written to until release().
class Hang {
  public:
    Hang() {
        std::array<int, 2> ends{};
        REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        out_ = ess::Fd(ends[0]);
        in_ = ess::Fd(ends[1]);
    }
    void operator()() {
        begun_.set_value();
        char byte = 0;
        CHECK(::read(out_.get(), &byte, 1) == 0);
        ended_.set_value();
    }
    void wait_begun() { REQUIRE(begun_.get_future().wait_for(patience) == std::future_status::ready); }
    void release_and_wait() {
        in_.reset();
        REQUIRE(ended_.get_future().wait_for(patience) == std::future_status::ready);
    }

  private:
    ess::Fd out_;
    ess::Fd in_;
    std::promise<void> begun_;
    std::promise<void> ended_;
};

}  // namespace

TEST_CASE("tasks run in order, and stop waits for them") {
    std::vector<int> ran;
    WriterThread writer(100);
    for (int i = 0; i < 100; ++i)
        static_cast<void>(writer.submit([&ran, i] { ran.push_back(i); }));
    REQUIRE(writer.stop(soon()));
    REQUIRE(ran.size() <= 100);
    for (std::size_t i = 0; i < ran.size(); ++i)
        CHECK(ran[i] == static_cast<int>(i));
    CHECK_FALSE(writer.submit([] {}));
    CHECK(writer.stop(soon()));
}

TEST_CASE("a task that hangs blocks nobody, and shows") {
    auto hang = std::make_shared<Hang>();
    auto dropped = std::make_shared<int>(0);
    {
        WriterThread writer(2);
        CHECK_FALSE(writer.stuck_since());
        const auto before = ess::monotonic_now();
        REQUIRE(writer.submit([hang] { (*hang)(); }));
        hang->wait_begun();
        REQUIRE(writer.stuck_since());
        CHECK(*writer.stuck_since() >= before);
        CHECK(*writer.stuck_since() <= ess::monotonic_now());
        CHECK(writer.submit([dropped] { ++*dropped; }));
        CHECK(writer.submit([dropped] { ++*dropped; }));
        CHECK_FALSE(writer.submit([dropped] { ++*dropped; }));
        CHECK_FALSE(writer.stop(ess::monotonic_now() + 10ms));
        CHECK_FALSE(writer.submit([] {}));
        CHECK(dropped.use_count() == 1);
    }
    // The object is gone, the thread is not: it ends without running what was dropped.
    hang->release_and_wait();
    CHECK(*dropped == 0);
}

TEST_CASE("between tasks nothing is stuck") {
    WriterThread writer(4);
    std::promise<void> ran;
    REQUIRE(writer.submit([&] { ran.set_value(); }));
    REQUIRE(ran.get_future().wait_for(patience) == std::future_status::ready);
    REQUIRE(writer.stop(soon()));
    CHECK_FALSE(writer.stuck_since());
}

TEST_CASE("results are posted back into the loop's thread, in order") {
    ess::host::EventLoop loop;
    ess::host::LoopInbox inbox(loop);
    std::vector<int> seen;
    const auto loop_thread = std::this_thread::get_id();
    WriterThread writer(16);
    for (int i = 0; i < 10; ++i) {
        REQUIRE(writer.submit([&, i] {
            CHECK(std::this_thread::get_id() != loop_thread);
            inbox.post([&, i] {
                CHECK(std::this_thread::get_id() == loop_thread);
                seen.push_back(i);
                if (i == 9) loop.exit(7);
            });
        }));
    }
    CHECK(loop.run() == 7);
    CHECK(seen == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
    CHECK(writer.stop(soon()));
}

TEST_CASE("more urgent sources go between what was posted") {
    ess::host::EventLoop loop;
    ess::host::LoopInbox inbox(loop);
    std::vector<int> seen;
    ess::host::Source urgent;
    inbox.post([&] {
        seen.push_back(1);
        urgent = loop.add_defer(ess::host::Priority::Latch, [&] { seen.push_back(2); });
    });
    inbox.post([&] {
        seen.push_back(3);
        loop.exit(0);
    });
    CHECK(loop.run() == 0);
    CHECK(seen == std::vector<int>{1, 2, 3});
}
