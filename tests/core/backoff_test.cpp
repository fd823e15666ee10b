// How long a host waits before it asks a server again.
#include "core/backoff.hpp"

#include <doctest/doctest.h>

using namespace ess;
using namespace std::chrono_literals;

TEST_CASE("a pause before the next attempt doubles with each in vain, up to 16 s") {
    CHECK(backoff_pause(1, 1) == 2s);
    CHECK(backoff_pause(2, 1) == 4s);
    CHECK(backoff_pause(3, 1) == 8s);
    CHECK(backoff_pause(4, 1) == 16s);
    CHECK(backoff_pause(5, 1) == 16s);
    CHECK(backoff_pause(4'000'000'000, 1) == 16s);
}

TEST_CASE("by chance a pause is down to half as long, and as likely any length between") {
    for (const unsigned in_vain : {1U, 2U, 3U, 4U, 50U}) {
        const Micros longest = backoff_pause(in_vain, 1);
        CHECK(backoff_pause(in_vain, 0) == longest / 2);
        CHECK(backoff_pause(in_vain, 0.5) == longest * 3 / 4);
    }
}
