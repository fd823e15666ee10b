#include "core/token_bucket.hpp"

#include <doctest/doctest.h>

using namespace ess;
using namespace std::chrono_literals;

TEST_CASE("token bucket: as many at once as it holds, then one for each interval") {
    TokenBucket bucket(3, 1min);
    Instant now{100h};
    for (int i = 0; i < 3; ++i)
        CHECK(bucket.take(now));
    CHECK_FALSE(bucket.take(now));
    CHECK_FALSE(bucket.take(now + 59s));
    CHECK(bucket.take(now + 1min));
    CHECK_FALSE(bucket.take(now + 1min + 59s));
    CHECK(bucket.take(now + 2min));
}

TEST_CASE("token bucket: what was not used is not saved beyond its size") {
    TokenBucket bucket(2, 1min);
    CHECK(bucket.take(Instant{1h}));
    int taken = 0;
    for (int i = 0; i < 10; ++i)
        taken += bucket.take(Instant{50h}) ? 1 : 0;
    CHECK(taken == 2);
}
