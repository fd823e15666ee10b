#include "core/signoff.hpp"

#include <doctest/doctest.h>

using namespace ess;

namespace {

constexpr const char* id = "OPS-2026-01-28-001";

SignoffTarget target(const std::string& requester = "alice") {
    return {{"host/quantum-ess/01234567", id, 4, std::string(64, 'a')}, requester, {"carol@desk"}};
}

Result<> check(const std::string& person, const SignoffTarget& of = target()) {
    return check_signoff_policy(of, {{"operation_id", id}, {"approved_by", person}},
                                {{"statement", of.subject.statement()}});
}

}  // namespace

TEST_CASE("sign-off: another person may, once") {
    CHECK(check("bob"));
    CHECK(check("bob@desk"));
    CHECK_FALSE(check("alice"));
    CHECK_FALSE(check("Alice@desk"));
    CHECK_FALSE(check("carol@desk"));
    CHECK_FALSE(check("carol"));
    CHECK_FALSE(check(""));
    CHECK_FALSE(check(std::string("alice\0", 6)));
    CHECK_FALSE(check("*"));
    CHECK(check("alice@desk", target("alice@other")));
}

TEST_CASE("sign-off: only under the statement of that very line") {
    SignoffTarget other = target();
    other.subject.entry_seq = 5;
    const Json entry{{"approved_by", "bob"}};
    CHECK_FALSE(check_signoff_policy(target(), entry, {{"statement", other.subject.statement()}}));
    CHECK_FALSE(check_signoff_policy(target(), entry, Json::object()));
    CHECK_FALSE(check_signoff_policy(target(), entry, Json()));
}

TEST_CASE("sign-off: SELF is who recorded the entry") {
    LedgerLine line;
    line.entry = {{"operation_id", id}, {"requested_by", "SELF"}};
    line.ess = {{"recorded_by", "dave"}};
    const auto operation = operation_of(line, "bytes");
    REQUIRE(operation);
    const SignoffTarget made = signoff_target(*operation, line, "origin");
    CHECK(made.requester == "dave");
    CHECK(made.subject.entry_sha256 == ledger_hash("bytes"));
    line.entry["requested_by"] = "erin";
    CHECK(signoff_target(*operation_of(line, "bytes"), line, "origin").requester == "erin");
}
