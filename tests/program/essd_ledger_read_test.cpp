// LedgerHead and LedgerRead: the ledger for programs, by the bytes that its hashes are over.
#include <doctest/doctest.h>

#include <sstream>

#include "core/ledger_line.hpp"
#include "host/control_fixture.hpp"
#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;
using host::call_text;
using host::connect_as;
using host::Wire;

namespace {

Json read_ledger(Wire& wire, const Json& parameters) {
    REQUIRE(wire.say(call_text("LedgerRead", R"("parameters":)" + parameters.dump())));
    const auto reply = wire.hear();
    REQUIRE(reply);
    REQUIRE_FALSE(reply->contains("error"));
    return reply->at("parameters");
}

/// An operator's entry; its operation_id.
std::string append(Wire& wire, const std::string& notes = "") {
    const Json entry{{"operation_name", "Raise the cap"},
                     {"risk_class", "LOW_RISK_CONFIG"},
                     {"blast_radius", "none"},
                     {"changes_summary", "cap 2 to 3"},
                     {"objective", "more"},
                     {"outcome", "SUCCESS"},
                     {"notes", notes}};
    REQUIRE(
        wire.say(call_text("LedgerAppend", R"("parameters":)" + Json{{"kind", "append"}, {"entry", entry}}.dump())));
    const auto reply = wire.hear();
    REQUIRE_MESSAGE(!reply->contains("error"), reply->dump());
    return reply->at("parameters").at("operation_id");
}

/// The one segment's lines, as they lie there.
std::vector<std::string> lines_on_disk() {
    std::vector<std::string> lines;
    for (const auto& file : std::filesystem::directory_iterator(ledger)) {
        if (file.path().extension() != ".jsonl") continue;
        std::istringstream text(read_whole(file.path()));
        for (std::string line; std::getline(text, line);)
            lines.push_back(line);
    }
    return lines;
}

bool is_open(const Essd& essd) {
    return eventually([&] { return essd.status().value().at("ledger").at("writable") == true; });
}

}  // namespace

TEST_CASE("socket ledger: the lines as they lie there, in pieces, and of one operation") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    REQUIRE(is_open(essd));
    Wire wire(control);
    const std::string first = append(wire);
    const std::string second = append(wire);
    const auto lines = lines_on_disk();
    REQUIRE(lines.size() >= 3);

    const Json all = read_ledger(wire, Json::object());
    CHECK(all.at("next").is_null());
    REQUIRE(all.at("lines").size() == lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const Json& given = all.at("lines")[i];
        CHECK(given.at("seq") == i + 1);
        CHECK(given.at("line") == lines[i]);
        CHECK(given.at("hash") == ledger_hash(lines[i]));
        CHECK(given.at("kind") == parse_json(lines[i])->at("kind"));
    }

    std::size_t got = 0;
    Json next = 0;
    while (!next.is_null()) {
        const Json piece = read_ledger(wire, {{"after", next}, {"limit", 1}});
        REQUIRE(piece.at("lines").size() == 1);
        CHECK(piece.at("lines")[0].at("line") == lines[got++]);
        next = piece.at("next");
    }
    CHECK(got == lines.size());
    CHECK(read_ledger(wire, {{"after", lines.size()}}).at("lines").empty());

    const Json one = read_ledger(wire, {{"operation_id", first}});
    REQUIRE(one.at("lines").size() == 1);
    CHECK(one.at("lines")[0].at("operation_id") == first);
    CHECK(read_ledger(wire, {{"operation_id", "OPS-2020-01-01-001"}}).at("lines").empty());
}

TEST_CASE("socket ledger: a reply is bounded, however long the lines are") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    REQUIRE(is_open(essd));
    Wire wire(control);
    constexpr std::size_t long_entries = 12;
    // As JSON in JSON, each of these takes four bytes.
    for (std::size_t i = 0; i < long_entries; ++i)
        append(wire, std::string(15000, '"'));
    std::size_t got = 0;
    std::size_t replies = 0;
    for (Json next = 0; !next.is_null(); ++replies) {
        const Json piece = read_ledger(wire, {{"after", next}});
        CHECK(piece.dump().size() < 600000);
        got += piece.at("lines").size();
        next = piece.at("next");
    }
    CHECK(got == lines_on_disk().size());
    CHECK(replies > 1);
}

TEST_CASE("socket ledger: wrong questions, and who may ask") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    REQUIRE(is_open(essd));
    Wire wire(control);
    for (const char* parameters : {R"({"after":-1})", R"({"limit":0})", R"({"after":"1"})", R"({"operation_id":1})",
                                   R"({"before":1})", R"({"limit":9223372036854775808})"}) {
        REQUIRE(wire.say(call_text("LedgerRead", std::string(R"("parameters":)") + parameters)));
        CHECK(wire.hear_error() == "org.varlink.service.InvalidParameter");
    }
    CHECK(read_ledger(wire, {{"limit", 9223372036854775807}}).at("next").is_null());

    Wire stranger = connect_as(stranger_uid, control);
    REQUIRE(stranger.say(call_text("LedgerHead")));
    const auto head = stranger.hear();
    REQUIRE(head);
    CHECK(head->at("parameters").at("entries") == lines_on_disk().size());
    CHECK(head->at("parameters").at("head") == ledger_hash(lines_on_disk().back()));
    CHECK(head->at("parameters").at("writable") == true);
    CHECK(head->at("parameters").at("checkpoint") == read_whole(ledger + "/checkpoint"));
    // A refusal is an entry: the last thing here.
    REQUIRE(stranger.say(call_text("LedgerRead")));
    CHECK(stranger.hear_error() == "org.varlink.service.PermissionDenied");
    Wire member = connect_as(operator_uid, control, {quantum_ess_gid});
    CHECK_FALSE(read_ledger(member, Json::object()).at("lines").empty());
}
