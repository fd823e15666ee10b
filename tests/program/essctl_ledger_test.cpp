// essctl ledger list, show and amend.
#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "program/ledger_fixture.hpp"

using namespace ess;
using namespace ess::test;

namespace {

Ended amend(const std::string& id, const std::vector<std::string>& more) {
    std::vector<std::string> words{"ledger", "amend", id, "--directory", other_ledger};
    words.insert(words.end(), more.begin(), more.end());
    return essctl(words);
}

std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string without_escapes(const std::string& text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\x1b')
            i = text.find('m', i);
        else if (text[i] != '\r')
            plain += text[i];
    }
    return plain;
}

}  // namespace

TEST_CASE("ledger list: newest first, by kind, time and configuration") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    for (const char* id : {"OPS-2026-01-27-002", "OPS-2026-01-28-001", "OPS-2026-01-27-010"})
        CHECK(append_operation({"--operation-id", id}) == id);
    const Json all = listed_operations();
    REQUIRE(all.size() == 3);
    CHECK(all[0].at("operation_id") == "OPS-2026-01-28-001");
    CHECK(all[1].at("operation_id") == "OPS-2026-01-27-010");
    CHECK(all[2].at("operation_id") == "OPS-2026-01-27-002");
    CHECK(all[0].at("kind") == "append");
    CHECK(listed_operations({"--kind", "append"}).size() == 3);
    CHECK(listed_operations({"--kind", "trip"}).empty());
    CHECK(listed_operations({"--since", "2020-01-01"}).size() == 3);
    CHECK(listed_operations({"--until", "2020-01-01"}).empty());
    const std::string hash = all[0].at("config_hash");
    CHECK(listed_operations({"--config-hash", hash}).size() == 3);
    write_file("/etc/quantum/policy.yaml", "changed\n");
    CHECK(append_operation({"--operation-id", "OPS-2026-01-29-001"}).size() > 0);
    CHECK(listed_operations({"--config-hash", hash}).size() == 3);
    for (const std::vector<std::string>& wrong :
         {std::vector<std::string>{"--kind", "tripp"}, {"--since", "yesterday"}, {"--until", "2026-02-30"}}) {
        std::vector<std::string> words{"ledger", "list", "--directory", other_ledger};
        words.insert(words.end(), wrong.begin(), wrong.end());
        CHECK(essctl(words).code == 2);
    }
}

TEST_CASE("ledger list: a line fits a terminal, and is whole in a pipe") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    std::string name;
    for (int i = 0; i < 30; ++i)
        name += "Größe ";
    static_cast<void>(append_operation({"--requested-by", "a-very-long-user-name"}, name));
    const std::vector<std::string> words{ESS_ESSCTL, "ledger", "list", "--directory", other_ledger};
    const std::string piped = run(words).out;
    CHECK(piped.find(name.substr(0, name.size() - 1)) != std::string::npos);
    CHECK(piped.find("a-very-long-user-name") != std::string::npos);
    const std::string shown = without_escapes(run(Start{words, {}, {}, true}).out);
    std::istringstream lines(shown);
    std::string line;
    REQUIRE(std::getline(lines, line));
    CHECK(characters(line) == 80);
    CHECK(line.ends_with("…"));
    CHECK(line.find("OPS-") == 0);
    CHECK(line.find("SUCCESS") != std::string::npos);
}

TEST_CASE("ledger list and show: a ledger that is not there") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    for (const std::vector<std::string>& verb :
         {std::vector<std::string>{"ledger", "list"}, {"ledger", "show", "OPS-2026-01-28-001"}}) {
        const Ended ended = essctl(verb);
        CHECK(ended.code == 1);
        CHECK(ended.says(ledger));
    }
}

TEST_CASE("ledger show: the entry, and where it stands") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const std::string id = append_operation({"--allowed-path", "/etc/a,/etc/b"});
    const Ended shown = essctl({"ledger", "show", id, "--directory", other_ledger});
    CHECK(shown.code == 0);
    for (const char* said :
         {"operation_name: Raise the cap", "    - /etc/a\n    - /etc/b\n", "segment: 20", "seq: 2"}) {
        CAPTURE(said);
        CHECK(shown.says(said));
    }
    const Json json = shown_operation(id);
    CHECK(json.at("ledger").at("seq") == 2);
    CHECK(json.at("ledger").at("origin").get<std::string>().find("/quantum-ess/") != std::string::npos);
    CHECK(exists(other_ledger + "/" + json.at("ledger").at("segment").get<std::string>()));
}

TEST_CASE("ledger show and amend: an unknown id, and the ones that were meant") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    static_cast<void>(append_operation({"--operation-id", "OPS-2026-01-28-001"}));
    static_cast<void>(append_operation({"--operation-id", "OPS-2026-01-28-002"}));
    const Ended shown = essctl({"ledger", "show", "OPS-2026-01-28-003", "--directory", other_ledger});
    CHECK(shown.code == 1);
    CHECK(shown.says("no entry OPS-2026-01-28-003; did you mean OPS-2026-01-28-001, OPS-2026-01-28-002?"));
    CHECK(amend("OPS-2026-01-28-003", {"--outcome", "ROLLBACK", "--notes", "x"}).code == 1);
    CHECK(listed_operations().size() == 2);
}

TEST_CASE("ledger amend: the outcome that holds changes, and the entry does not") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const std::string id = append_operation();
    const std::string hash = shown_operation(id).at("ledger").at("hash");
    const Ended first = amend(id, {"--outcome", "ROLLBACK", "--at", "2026-01-28T10:00:00+01:00", "--notes",
                                   "bad orders", "--requested-by", "alice", "--approved-by", "bob"});
    REQUIRE_MESSAGE(first.code == 0, first.err);
    const Json entry = shown_operation(id);
    CHECK(entry.at("outcome") == "SUCCESS");
    CHECK(entry.at("ledger").at("outcome") == "ROLLBACK");
    CHECK(entry.at("ledger").at("hash") == hash);
    const Json& amendment = entry.at("amendments").at(0);
    CHECK(amendment.at("rollback_timestamp") == "2026-01-28T09:00:00.000000Z");
    CHECK(amendment.at("requested_by") == "alice");
    CHECK(amendment.at("approved_by") == "bob");
    CHECK(amendment.at("notes") == "bad orders");
    CHECK(amendment.at("config_hash") == entry.at("config_hash"));
    CHECK(listed_operations().at(0).at("outcome") == "ROLLBACK");
    // Again is allowed, and on record.
    CHECK(amend(id, {"--outcome", "PARTIAL", "--notes", "half of it is back"}).code == 0);
    CHECK(listed_operations().at(0).at("outcome") == "PARTIAL");
    CHECK(shown_operation(id).at("amendments").size() == 2);
    CHECK_FALSE(shown_operation(id).at("amendments").at(1).contains("rollback_timestamp"));
}

TEST_CASE("ledger export: the verbs that the changelog names are there") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    CHECK(append_operation({"--operation-id", "OPS-2026-01-27-002"}).size() > 0);
    const std::string text = essctl({"ledger", "export", "--format", "md", "--directory", other_ledger}).out;
    std::size_t named = 0;
    constexpr std::string_view mark = "`essctl ";
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1), ++named) {
        std::istringstream command(text.substr(at + mark.size()));
        std::vector<std::string> words;
        for (std::string word; command >> word && word.front() != '-' &&
                               word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-`") == word.npos;) {
            words.push_back(word.substr(0, word.find('`')));
            if (word.back() == '`') break;
        }
        words.emplace_back("--help");
        CHECK_MESSAGE(essctl(words).code == 0, text.substr(at, 60));
    }
    CHECK(named >= 5);
}

TEST_CASE("ledger amend: wrong usage writes nothing") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const std::string id = append_operation();
    for (const std::vector<std::string>& wrong :
         {std::vector<std::string>{"--outcome", "ROLLBACK"},
          {"--notes", "x"},
          {"--outcome", "UNDONE", "--notes", "x"},
          {"--outcome", "ROLLBACK", "--notes", " "},
          {"--outcome", "ROLLBACK", "--notes", "x", "--at", "noon"},
          {"--outcome", "ROLLBACK", "--notes", "x", "--at", "2200-01-01T00:00:00Z"},
          {"--outcome", "PARTIAL", "--notes", "x", "--at", "2026-01-01T00:00:00Z"}})
        CHECK(amend(id, wrong).code == 2);
    CHECK_FALSE(shown_operation(id).contains("amendments"));
}
