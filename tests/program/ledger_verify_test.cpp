// essctl ledger verify and scripts/verify-ledger on the same ledgers: two readers that share no code must say the same.
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include "base/json.hpp"
#include "ledger/made_ledger.hpp"
#include "process.hpp"

using namespace ess::test;

namespace {

constexpr const char* first_file = "2026-01.001.jsonl";

using Words = std::vector<std::string>;

Ended verify_by_script(const std::string& directory, Words options) {
    options.insert(options.begin(), ESS_SOURCE_DIR "/scripts/verify-ledger");
    options.push_back(directory);
    return run(std::move(options));
}

Ended verify_by_essctl(const std::string& directory, Words options) {
    options.insert(options.begin(), {"ledger", "verify"});
    options.insert(options.end(), {"--directory", directory});
    return essctl(std::move(options));
}

Words all_anchors(const MadeLedger& made) {
    Words words{"--key", made.kept("first.vkey"), "--checkpoint", made.kept("0000beef-2")};
    if (!made.allowed_signers().empty()) words.insert(words.end(), {"--allowed-signers", made.allowed_signers()});
    return words;
}

/// The exit code of both, which say the same.
int verify_by_both(const std::string& directory, const Words& options) {
    auto script = std::async(std::launch::async, [&] { return verify_by_script(directory, options); });
    const Ended program = verify_by_essctl(directory, options);
    const Ended plain = script.get();
    CHECK(plain.out == program.out);
    CHECK(plain.code == program.code);
    CHECK_MESSAGE(plain.err.empty(), plain.err);
    return program.code;
}

}  // namespace

TEST_CASE("both verifiers say the same of every ledger") {
    const std::vector<std::pair<const char*, int>> expected{
        {"tiny", 0},
        {"plain", 0},
        {"months", 0},
        {"recovery", 0},
        {"rotation", 0},
        {"rotations", 0},
        {"signoffs", 0},
        {"unsigned_recovered", 0},
        {"torn", 4},
        {"unsigned", 4},
        {"breach", 1},
        {"settled", 1},  // the kept checkpoint has lines that the breach took
        {"settled_by_one", 1},
        {"settled_by_one_key", 1},
        {"lost", 1},
        {"rotation_by_new_key_alone", 1},
        {"rotation_unsigned", 1},
        {"foreign_key", 1},
        {"signoff_namespace", 1},
        {"signoff_expired", 1},
        {"signoff_by_requester", 1},
        {"signoff_edited", 1},
        {"signoff_of_other_entry", 1},
        {"signoff_unknown", 1},
    };
    for (const auto& [scenario, code] : expected) {
        CAPTURE(scenario);
        const MadeLedger made(scenario);
        CHECK(verify_by_both(made.directory(), all_anchors(made)) == code);
        CHECK(verify_by_both(made.directory(), {}) >= 1);
    }
}

TEST_CASE("both verifiers say the same of damage") {
    const MadeLedger made("months");
    const Words anchors = all_anchors(made);
    const std::string path = made.file(first_file);
    const std::string whole = file_bytes(path);
    const auto changed = [&](const std::function<void(std::vector<std::string>&)>& change) {
        auto lines = split_lines(whole);
        change(lines);
        put_file(path, join_lines(lines));
        CHECK(verify_by_both(made.directory(), anchors) == 1);
        put_file(path, whole);
    };
    changed([](auto& lines) { lines.erase(lines.begin()); });
    changed([](auto& lines) { lines.erase(lines.begin() + 1); });
    changed([](auto& lines) { lines.pop_back(); });
    changed([](auto& lines) { lines.clear(); });
    changed([](auto& lines) { lines.insert(lines.begin() + 1, lines[1]); });
    changed([](auto& lines) { std::swap(lines[1], lines[2]); });
    changed([](auto& lines) { lines[1].insert(9, 1, '\0'); });
    changed([](auto& lines) { lines[1].assign(70000, 'x').append("\n"); });
    changed([](auto& lines) { lines.emplace_back(5000, '\0'); });
    for (const char* name : {first_file, "2026-02.001.jsonl", "2026-10.1000.jsonl", "checkpoint"}) {
        CAPTURE(name);
        std::filesystem::rename(made.file(name), made.file("away"));
        CHECK(verify_by_both(made.directory(), anchors) == 1);
        std::filesystem::create_directory(made.file(name));
        CHECK(verify_by_both(made.directory(), anchors) == 1);
        std::filesystem::remove(made.file(name));
        std::filesystem::rename(made.file("away"), made.file(name));
    }
    std::filesystem::remove_all(made.directory());
    CHECK(verify_by_both(made.directory(), anchors) == 1);
}

TEST_CASE("both verifiers know the one form of a line") {
    // Each is a whole ledger of one line: what counts is whether both take it for a line.
    const MadeLedger made("tiny", "1");
    const std::string line = file_bytes(made.file(first_file));
    const std::string entry = R"("entry":{})";
    const auto with = [&](const std::string& from, const std::string& to) {
        std::string changed = line;
        changed.replace(changed.find(from), from.size(), to);
        return changed;
    };
    const auto is_line = [&](const std::string& bytes) {
        put_file(made.file(first_file), bytes);
        CAPTURE(bytes);
        CHECK(verify_by_both(made.directory(), all_anchors(made)) == 1);  // another root, whatever it is
        return !verify_by_essctl(made.directory(), {}).says("a write that did not end");
    };
    for (const char* good :
         {R"({"a":9007199254740991})", R"({"a":-9007199254740991})", R"({"a":0,"b":[1,-2,{"c":[]}],"d":null})",
          R"({"a":true,"b":false})", R"({"a":"\"\\\b\f\n\r\t\u0000\u001f/"})", "{\"a\":\"\x7f\u00fc\u2192\U0001F600\"}",
          R"({"":1,"\"":1,"\\":2,"a":3})"}) {
        CHECK_MESSAGE(is_line(with(entry, std::string("\"entry\":") + good)), good);
    }
    for (const char* bad : {R"({"a":9007199254740992})",
                            R"({"a":-9007199254740992})",
                            R"({"a":1.0})",
                            R"({"a":1e3})",
                            R"({"a":-0})",
                            R"({"a":01})",
                            R"({"b":1,"a":2})",
                            R"({"a":1,"a":1})",
                            R"({"a": 1})",
                            R"({"a":"\/"})",
                            R"({"a":"\u001F"})",
                            R"({"a":"\u000a"})",
                            R"({"a":"\u0061"})",
                            R"({"a":"\ud83d\ude00"})",
                            R"({"ü":1})",
                            "{\"a\":\"\xff\"}",
                            "{\"a\":\"\xc0\x80\"}",
                            "{\"a\":\"\xed\xa0\x80\"}",
                            "{\"a\":\"\xf4\x90\x80\x80\"}",
                            "{\"a\":\"\t\"}",
                            R"({"a":nul})",
                            R"({"a":[1,]})",
                            R"({"a":1,})",
                            R"({"a":[1})",
                            "[]"}) {
        CHECK_MESSAGE(!is_line(with(entry, std::string("\"entry\":") + bad)), bad);
    }
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"\"v\":1", "\"v\":2"},
             {"genesis", "genesys"},
             {"2026-01-28", "2026-02-29"},
             {"2026-01-28", "1969-12-31"},
             {"10:00:01", "24:00:01"},
             {".000000Z", "Z"},
             {"\"seq\":1", "\"seq\":0"},
             {"\"seq\":1", "\"seq\":9007199254740992"},
             {"0123456789abcdef", "0123456789ABCDEF"},
             {"}\n", "} \n"},
             {"}\n", ",\"x\":1}\n"},
         }) {
        CHECK_MESSAGE(!is_line(with(from, to)), to);
    }
    const auto nested = [](int depth) { return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}"; };
    CHECK(is_line(with(entry, "\"entry\":" + nested(30))));
    CHECK_FALSE(is_line(with(entry, "\"entry\":" + nested(31))));
}

TEST_CASE("scripts/verify-ledger reports flipped bits") {
    // A run takes a tenth of a second and more: ESS_LONG=1 takes one bit of each byte, otherwise of each 16th.
    const std::size_t step = std::getenv("ESS_LONG") != nullptr ? 1 : 16;
    const MadeLedger made("tiny");
    const Words anchors = all_anchors(made);
    REQUIRE(verify_by_script(made.directory(), anchors).code == 0);
    const auto flip_in = [&](const std::string& name, std::size_t from) {
        std::size_t proven = 0;
        const ScratchDirectory scratch;
        std::filesystem::copy(made.directory(), scratch.path(), std::filesystem::copy_options::recursive);
        const std::string whole = file_bytes(made.file(name));
        for (std::size_t at = from * step; at < whole.size(); at += 2 * step) {
            std::string flipped = whole;
            flipped[at] = static_cast<char>(flipped[at] ^ (1 << ((at / step) % 8)));
            put_file(scratch.file(name), flipped);
            if (verify_by_script(scratch.path(), anchors).code != 1) ++proven;
        }
        return proven;
    };
    for (const std::string& name : {std::string(first_file), std::string("checkpoint")}) {
        auto other = std::async(std::launch::async, [&] { return flip_in(name, 1); });
        CHECK(flip_in(name, 0) == 0);
        CHECK(other.get() == 0);
    }
}

TEST_CASE("essctl ledger verify --json") {
    const MadeLedger made("plain");
    const Ended ended = verify_by_essctl(made.directory(), {"--json"});
    CHECK(ended.code == 4);
    const auto json = ess::parse_json(ended.out);
    REQUIRE(json);
    CHECK((*json)["result"] == "NOT PROVEN");
    CHECK((*json)["lines"] == 6);
    CHECK((*json)["chain"]["result"] == "OK");
    CHECK((*json)["not_proven"].size() == 2);
}

TEST_CASE("wrong usage of the verifiers") {
    CHECK(verify_by_script("/a", {"/b"}).code == 2);
    CHECK(verify_by_script("/a", {"--what"}).code == 2);
    CHECK(run(Words{ESS_SOURCE_DIR "/scripts/verify-ledger", "--key"}).code == 2);
    CHECK(verify_by_essctl("/a", {"--what"}).code == 2);
}
