#include "core/reset_approval.hpp"

#include <doctest/doctest.h>

using namespace ess;
using namespace std::chrono_literals;
using Verdict = ResetApproval::Verdict;

namespace {

const Instant asked{1h};

ResetApproval waiting() {
    ResetApproval approval;
    approval.ask({"OPS-2026-01-28-002", "alice", "fixed", asked + 10min});
    return approval;
}

}  // namespace

TEST_CASE("approval: another person grants it, and it stays until it is taken") {
    ResetApproval approval = waiting();
    CHECK(approval.approve("OPS-2026-01-28-002", "bob") == Verdict::Granted);
    REQUIRE(approval.waiting().has_value());
    const auto taken = approval.take();
    REQUIRE(taken.has_value());
    CHECK(taken->requested_by == "alice");
    CHECK(taken->reason == "fixed");
    CHECK(approval.approve("OPS-2026-01-28-002", "bob") == Verdict::NoRequest);
}

TEST_CASE("approval: not by who asked, and not of something else") {
    const ResetApproval approval = waiting();
    CHECK(approval.approve("OPS-2026-01-28-002", "alice") == Verdict::SamePerson);
    // A name that root gives is believed, in whatever spelling.
    CHECK(approval.approve("OPS-2026-01-28-002", "Alice@desk") == Verdict::SamePerson);
    CHECK(approval.approve("OPS-2026-01-28-001", "bob") == Verdict::NoRequest);
    CHECK(approval.approve("", "bob") == Verdict::NoRequest);
    CHECK(ResetApproval().approve("", "bob") == Verdict::NoRequest);
}

TEST_CASE("approval: it expires, to the moment, and once") {
    ResetApproval approval = waiting();
    CHECK_FALSE(approval.take_expired(asked + 10min - 1us).has_value());
    REQUIRE(approval.waiting().has_value());
    const auto expired = approval.take_expired(asked + 10min);
    REQUIRE(expired.has_value());
    CHECK(expired->operation_id == "OPS-2026-01-28-002");
    CHECK_FALSE(approval.waiting().has_value());
    CHECK_FALSE(approval.take_expired(asked + 1h).has_value());
}
