#include "host/check_look.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>

#include "host/loop_thread.hpp"

using namespace ess;
using namespace ess::test;
using namespace std::chrono_literals;

namespace {

/// A look whose files are read when the test says so, on a host without a bus.
struct Looking {
    LoopThread loop;
    std::atomic<int> begun = 0;
    std::promise<void> release;
    std::shared_future<void> released = release.get_future().share();
    std::unique_ptr<host::LoopInbox> inbox;
    std::unique_ptr<host::UnitControl> units;
    std::unique_ptr<host::CheckLook> look;
    int done = 0;
    std::optional<HostFacts> host;
    SystemdFacts systemd;

    Looking() {
        loop.run([this] {
            inbox = std::make_unique<host::LoopInbox>(loop.loop());
            units = std::make_unique<host::UnitControl>(loop.loop(), *inbox, host::UnitControl::Callbacks{});
            look = std::make_unique<host::CheckLook>(
                loop.loop(), *inbox, *units,
                [this] {
                    ++begun;
                    released.wait();
                    HostFacts facts;
                    facts.latch = true;
                    return facts;
                },
                20ms);
        });
    }
    ~Looking() {
        loop.run([this] {
            look.reset();
            units.reset();
            inbox.reset();
        });
    }

    void start() {
        loop.run([this] {
            look->start(std::nullopt, [this](std::optional<HostFacts> given, SystemdFacts said) {
                ++done;
                host = std::move(given);
                systemd = std::move(said);
            });
        });
    }
    [[nodiscard]] bool ended(int times) {
        return loop.eventually([&] { return done == times && !look->busy(); });
    }
    /// The reading thread has come back to the loop.
    void let_go() {
        release.set_value();
        REQUIRE(loop.eventually([this] { return !look->reading(); }));
    }
};

}  // namespace

TEST_CASE("check look: files that hang are given up, and no second thread hangs with them") {
    Looking looking;
    looking.start();
    REQUIRE(looking.ended(1));
    CHECK_FALSE(looking.host);
    CHECK(looking.begun == 1);
    looking.start();
    REQUIRE(looking.ended(2));
    CHECK_FALSE(looking.host);
    CHECK(looking.begun == 1);
    looking.let_go();
    looking.start();
    REQUIRE(looking.ended(3));
    CHECK(looking.host);
    CHECK(looking.begun == 2);
}

TEST_CASE("check look: without the bus there are the files, and why there is no more") {
    Looking looking;
    looking.release.set_value();
    // Files that come late on a busy machine are given up; the next look has them.
    REQUIRE(looking.loop.eventually([&] {
        if (!looking.look->busy() && !looking.host) {
            looking.look->start(std::nullopt, [&](std::optional<HostFacts> given, SystemdFacts said) {
                looking.host = std::move(given);
                looking.systemd = std::move(said);
            });
        }
        return looking.host.has_value();
    }));
    CHECK(looking.host->latch);
    CHECK_FALSE(looking.systemd.trouble.empty());
}

TEST_CASE("check look: one that was cancelled calls nobody, and the next one works") {
    Looking looking;
    looking.start();
    looking.loop.run([&] {
        looking.look->cancel();
        CHECK_FALSE(looking.look->busy());
    });
    looking.let_go();
    CHECK(looking.done == 0);
    looking.start();
    CHECK(looking.ended(1));
    CHECK(looking.done == 1);
}
