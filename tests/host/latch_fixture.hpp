#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "base/fd.hpp"
#include "host/latch_watch.hpp"
#include "host/loop_thread.hpp"
#include "host/scratch_directory.hpp"

namespace ess::test {

inline void touch(const std::string& path) {
    const Fd made(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    REQUIRE(made);
}

inline std::string content_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline long read_number(const std::string& path) {
    long number = 0;
    std::ifstream(path) >> number;
    return number;
}

/// A latch watch on a scratch directory, and everything that it told, in order.
struct LatchFixture {
    ScratchDirectory scratch;
    std::string directory = scratch.file("quantum");
    std::string latch = directory + "/ESS_ON";
    std::vector<std::string> events;  ///< of the loop's thread
    LoopThread loop;
    host::LatchWatch watch{loop.loop(),
                           latch,
                           ::getegid(),
                           {.seen = [this] { events.emplace_back("seen"); },
                            .gone = [this] { events.emplace_back("gone"); },
                            .repaired = [this](const std::string& what) { events.push_back("repaired: " + what); }}};

    LatchFixture() { std::filesystem::create_directory(directory); }
    LatchFixture(const LatchFixture&) = delete;
    LatchFixture& operator=(const LatchFixture&) = delete;
    // The watch is of the loop's thread: it may go once that has ended.
    ~LatchFixture() { loop.stop(); }

    void start() {
        loop.run([this] { REQUIRE(watch.start()); });
    }
    void look() {
        loop.run([this] { watch.look(); });
    }
    [[nodiscard]] bool present() {
        bool is = false;
        loop.run([&] { is = watch.present(); });
        return is;
    }
    [[nodiscard]] std::vector<std::string> told() {
        std::vector<std::string> copy;
        loop.run([&] { copy = events; });
        return copy;
    }
    /// Whether this, or something that begins so, was told at least so often.
    [[nodiscard]] bool hears(const std::string& what, std::size_t times = 1) {
        return loop.eventually([&] {
            const auto begins = [&](const std::string& event) { return event.starts_with(what); };
            return static_cast<std::size_t>(std::ranges::count_if(events, begins)) >= times;
        });
    }
};

}  // namespace ess::test
