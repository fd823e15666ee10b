// essctl ledger verify and scripts/verify-ledger on the same ledgers: two readers that share no code must say the same.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <future>
#include <string>
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
        {"settled_by_one_name", 1},
        {"lost", 1},
        {"rotation_by_new_key_alone", 1},
        {"rotation_unsigned", 1},
        {"foreign_key", 1},
        {"signoff_namespace", 1},
        {"signoff_expired", 1},
        {"signoff_by_requester", 1},
        {"signoff_by_requester_elsewhere", 1},
        {"signoff_by_recorder", 1},
        {"signoff_behind_nul", 1},
        {"signoff_twice", 1},
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

namespace {

/// A ledger of one line, to put others in its place: what counts is whether both verifiers take them for a line.
class OneLine {
  public:
    OneLine() : made_("tiny", "1"), line_(file_bytes(made_.file(first_file))) {}

    /// The line with `to` in the place of `from`.
    [[nodiscard]] bool is_line_with(const std::string& from, const std::string& to) const {
        std::string changed = line_;
        changed.replace(changed.find(from), from.size(), to);
        CAPTURE(changed);
        put_file(made_.file(first_file), changed);
        CHECK(verify_by_both(made_.directory(), all_anchors(made_)) == 1);  // another root, whatever it is
        return !verify_by_essctl(made_.directory(), {}).says("a write that did not end");
    }
    [[nodiscard]] bool is_entry(const std::string& entry) const {
        return is_line_with(R"("entry":{})", "\"entry\":" + entry);
    }

  private:
    MadeLedger made_;
    std::string line_;
};

}  // namespace

TEST_CASE("both verifiers know the one form of an entry") {
    const OneLine line;
    for (const char* good :
         {R"({"a":9007199254740991})", R"({"a":-9007199254740991})", R"({"a":0,"b":[1,-2,{"c":[]}],"d":null})",
          R"({"a":true,"b":false})", R"({"a":"\"\\\b\f\n\r\t\u0000\u001f/"})", "{\"a\":\"\x7f\u00fc\u2192\U0001F600\"}",
          R"({"":1,"\"":1,"\\":2,"a":3})"}) {
        CHECK_MESSAGE(line.is_entry(good), good);
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
        CHECK_MESSAGE(!line.is_entry(bad), bad);
    }
    const auto nested = [](int depth) { return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}"; };
    CHECK(line.is_entry(nested(30)));
    CHECK_FALSE(line.is_entry(nested(31)));
}

TEST_CASE("both verifiers know the one form of a line") {
    const OneLine line;
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
        CHECK_MESSAGE(!line.is_line_with(from, to), to);
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
