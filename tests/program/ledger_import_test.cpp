// essctl ledger import and export: the operators' changelog into a ledger and out again.
#include <doctest/doctest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/json.hpp"
#include "core/nasty_entry.hpp"
#include "host/scratch_directory.hpp"
#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

namespace fs = std::filesystem;

namespace {

const std::string fixture = std::string(ESS_SOURCE_DIR) + "/tests/fixtures/changelog/OPS_CHANGELOG.md";
const std::string seed = std::string(ESS_SOURCE_DIR) + "/../shared/seeds/000_7e2acc9eb83e6242.txt";
const std::string git_command = "/usr/bin/git";
const std::string independent_readers = std::string(ESS_SOURCE_DIR) + "/tests/program/read_changelog.py";

/// A ledger of its own, outside the daemon's directory.
class OwnLedger {
  public:
    [[nodiscard]] std::string file(const std::string& name) const { return scratch_.file(name); }

    Ended import(std::vector<std::string> arguments, const std::string& ledger = "ledger") {
        arguments.insert(arguments.begin(), {"ledger", "import", "--directory", file(ledger)});
        return essctl(std::move(arguments));
    }
    Ended write(const std::string& format, const std::string& output, std::vector<std::string> more = {}) {
        std::vector<std::string> arguments{"ledger",   "export", "--directory", file("ledger"),
                                           "--format", format,   "--output",    file(output)};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return essctl(std::move(arguments));
    }
    /// The JSON export of a ledger.
    Json json(const std::string& ledger = "ledger") {
        const Ended written = essctl({"ledger", "export", "--format", "json", "--directory", file(ledger)});
        CHECK(written.code == 0);
        const auto parsed = parse_json(written.out);
        return parsed ? *parsed : Json();
    }
    /// The lines behind the one that opens the log.
    std::vector<Json> lines() {
        std::vector<Json> found;
        for (const auto& segment : fs::directory_iterator(file("ledger"))) {
            if (segment.path().extension() != ".jsonl") continue;
            std::string text = read_whole(segment.path());
            for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
                found.push_back(*parse_json(text.substr(at, text.find('\n', at) - at)));
        }
        std::erase_if(found, [](const Json& line) { return line.at("kind") == "genesis"; });
        return found;
    }
    void git(std::vector<std::string> words) {
        words.insert(words.begin(), {git_command, "-C", file("git")});
        CHECK(run(std::move(words)).code == 0);
    }

  private:
    ScratchDirectory scratch_;
};

std::size_t count(const std::string& text, const std::string& word) {
    std::size_t found = 0;
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
        ++found;
    return found;
}

/// Each form imported into an empty ledger gives the same JSON export.
void check_all_forms(OwnLedger& own) {
    const Json all = own.json();
    CHECK(own.write("md", "all.md").code == 0);
    CHECK(own.write("json", "all.json").code == 0);
    CHECK(own.write("yaml", "months").code == 0);
    std::vector<std::string> months;
    for (const auto& month : fs::directory_iterator(own.file("months")))
        months.push_back(month.path());
    for (const auto& [ledger, files] : std::vector<std::pair<std::string, std::vector<std::string>>>{
             {"from-md", {own.file("all.md")}}, {"from-json", {own.file("all.json")}}, {"from-yaml", months}}) {
        CAPTURE(ledger);
        const Ended imported = own.import(files, ledger);
        CHECK(imported.code == 0);
        CHECK(imported.err.empty());
        CHECK(own.json(ledger) == all);
    }
}

/// PyYAML and ruamel.yaml read what was exported as it stands in JSON.
void check_other_readers(OwnLedger& own) {
    std::vector<std::string> months;
    for (const auto& month : fs::directory_iterator(own.file("months")))
        months.push_back(month.path());
    std::sort(months.rbegin(), months.rend());
    std::vector<std::string> command{"/usr/bin/python3", independent_readers, own.file("all.json")};
    auto of_months = command;
    of_months.insert(of_months.end(), months.begin(), months.end());
    command.push_back(own.file("all.md"));
    const bool there = fs::exists(command[0]);
    const Ended markdown = there ? run(command) : Ended{};
    if (!there || markdown.code == 77) {
        MESSAGE("skip: no python3 with PyYAML and ruamel.yaml: ", markdown.out);
        return;
    }
    CHECK_MESSAGE(markdown.code == 0, markdown.out, markdown.err);
    const Ended yaml = run(of_months);
    CHECK_MESSAGE(yaml.code == 0, yaml.out, yaml.err);
}

}  // namespace

TEST_CASE("ledger import: the changelog, once") {
    OwnLedger own;
    const Ended trial = own.import({"--dry-run", fixture});
    CHECK(trial.code == 0);
    CHECK(trial.out.find("4 entries: 4 would be imported") != std::string::npos);
    CHECK_FALSE(fs::exists(own.file("ledger")));
    const Ended imported = own.import({fixture});
    CHECK(imported.code == 0);
    CHECK(imported.out.find("4 entries: 4 imported, 0 were there already") != std::string::npos);
    CHECK(count(imported.err, fixture + ":") == 3);
    CHECK(imported.err.find(fixture + ":57:18: changes_summary") != std::string::npos);
    // Oldest first.
    CHECK(imported.out.find("OPS-2025-10-02-001") < imported.out.find("OPS-2025-11-14-001"));
    const std::vector<Json> lines = own.lines();
    REQUIRE(lines.size() == 4);
    CHECK(lines[1].at("kind") == "append");
    CHECK(lines[1].at("ess").at("comments").at("commits.0") == "routes and alarm");
    CHECK(lines[2].at("ess").at("imported").at("file") == fixture);
    CHECK(lines[2].at("ess").at("imported").at("line") == 49);
    CHECK(lines[2].at("ess").at("imported").at("warnings").size() == 2);
    CHECK(lines[2].at("ess").at("imported").at("text").get<std::string>().ends_with("notes: Next: look at line two\n"));
    const Ended again = own.import({fixture});
    CHECK(again.code == 0);
    CHECK(again.out.find("4 entries: 0 imported, 4 were there already") != std::string::npos);
    CHECK(own.lines() == lines);
    const Ended json = own.import({"--json", fixture, fixture});
    const auto told = parse_json(json.out);
    REQUIRE(told);
    CHECK(told->at("unchanged") == 4);
    CHECK(told->at("entries")[2].at("warnings").size() == 2);
    CHECK(told->at("entries")[2].at("seq") == 4);
}

TEST_CASE("ledger import: export and import again, in each form, is the same") {
    OwnLedger own;
    REQUIRE(own.import({fixture}).code == 0);
    write_file(own.file("amend.md"),
               "```yaml\n---\namends: OPS-2025-10-02-001\noutcome: ROLLBACK\nnotes: Undone: all of it\n```\n");
    CHECK(own.import({own.file("amend.md")}).code == 0);
    CHECK(own.import({own.file("amend.md")}).out.find("0 imported, 1 were") != std::string::npos);
    REQUIRE(own.json().size() == 4);
    CHECK(own.json()[3].at("amendments")[0].at("outcome") == "ROLLBACK");
    check_all_forms(own);
    check_other_readers(own);
    CHECK(fs::exists(own.file("months/2025-11.yaml")));
    // What was exported changes nothing where it comes from.
    CHECK(own.import({own.file("all.md")}).out.find("5 entries: 0 imported") != std::string::npos);
    CHECK(own.import({own.file("all.json")}).out.find("5 entries: 0 imported") != std::string::npos);
}

TEST_CASE("ledger import: the operators' document") {
    if (!fs::exists(seed)) return;
    OwnLedger own;
    const Ended imported = own.import({seed});
    CHECK(imported.code == 0);
    CHECK(imported.out.find("7 entries: 7 imported") != std::string::npos);
    CHECK(count(imported.err, "read as text up to the end of the line") == 6);
    check_all_forms(own);
    check_other_readers(own);
}

TEST_CASE("ledger export: what YAML readers stumble over is read by all of them as it was") {
    OwnLedger own;
    NastyEntries entries(99);
    Json all = Json::array();
    for (int i = 1; i <= 40; ++i) {
        Operation operation = entries.next();
        operation.entry["operation_id"] = "OPS-2025-0" + std::to_string(1 + i % 3) + "-01-" + std::to_string(100 + i);
        operation.amendments = {{{"operation_id", operation.id()}, {"notes", operation.entry.value("notes", "x: y")}}};
        all.push_back(to_json(operation));
    }
    write_file(own.file("nasty.json"), all.dump());
    const Ended imported = own.import({own.file("nasty.json")});
    CHECK(imported.code == 0);
    CHECK(imported.err == "");
    Json exported = own.json();
    REQUIRE(exported.size() == all.size());
    const auto by_id = [](const Json& left, const Json& right) {
        return left.at("operation_id") < right.at("operation_id");
    };
    std::sort(all.begin(), all.end(), by_id);
    std::sort(exported.begin(), exported.end(), by_id);
    CHECK(exported == all);
    check_all_forms(own);
    check_other_readers(own);
}

TEST_CASE("ledger import: all or nothing, and conflicts name both sides") {
    OwnLedger own;
    REQUIRE(own.import({fixture}).code == 0);
    const std::size_t before = own.lines().size();
    const std::string good = "```yaml\n---\noperation_id: OPS-2026-01-01-001\n```\n";
    const auto refused = [&](const std::string& text) {
        write_file(own.file("new.md"), good + text);
        const Ended ended = own.import({own.file("new.md")});
        CHECK(ended.code == 1);
        CHECK(own.lines().size() == before);
        return ended.err;
    };
    std::string changed = read_whole(fixture);
    changed.replace(changed.find("hostname: feed-1"), 16, "hostname: feed-2");
    CHECK(refused(changed).find("new.md:14: OPS-2025-11-14-003 differs in hostname from seq 5 of the ledger") !=
          std::string::npos);
    CHECK(refused("```yaml\n---\nnotes: x\n```\n").find("new.md:7:1: no operation_id") != std::string::npos);
    CHECK(refused("```yaml\n---\namends: OPS-2020-01-01-001\n```\n").find("is neither in the ledger nor") !=
          std::string::npos);
    const std::string huge =
        "```yaml\n---\noperation_id: OPS-2026-01-01-002\nnotes: " + std::string(70000, 'x') + "\n```\n";
    CHECK(refused(huge).find("cannot be imported: ledger line") != std::string::npos);
    write_file(own.file("a.md"), good);
    write_file(own.file("b.md"), "```yaml\n---\noperation_id: OPS-2026-01-01-001\nnotes: x\n```\n");
    const Ended both = own.import({own.file("a.md"), own.file("b.md")});
    CHECK(both.code == 1);
    CHECK(both.err.find("b.md:2: OPS-2026-01-01-001 differs in notes from ") != std::string::npos);
    CHECK(both.err.find("a.md:2: correct one of them") != std::string::npos);
    CHECK(own.lines().size() == before);
    CHECK(own.import({own.file("none.md")}).code == 1);
    CHECK(own.import({}).code == 2);
}

TEST_CASE("ledger import: a block that is too long beside its entry goes without its text") {
    OwnLedger own;
    write_file(own.file("long.md"),
               "```yaml\n---\noperation_id: OPS-2026-01-01-001\nnotes: " + std::string(40000, 'x') + "\n```\n");
    CHECK(own.import({own.file("long.md")}).code == 0);
    const std::vector<Json> lines = own.lines();
    REQUIRE(lines.size() == 1);
    CHECK_FALSE(lines[0].at("ess").at("imported").contains("text"));
    CHECK(lines[0].at("entry").at("notes").get<std::string>().size() == 40000);
}

TEST_CASE("ledger export: days, standard output, and what cannot be written") {
    OwnLedger own;
    REQUIRE(own.import({fixture}).code == 0);
    const auto between = [&](const std::string& since, const std::string& until) {
        const Ended written = essctl({"ledger", "export", "--format", "json", "--directory", own.file("ledger"),
                                      "--since", since, "--until", until});
        return written.code == 0 ? parse_json(written.out)->size() : 99;
    };
    CHECK(between("2025-10-02", "2025-10-02") == 1);
    CHECK(between("2025-10-03", "2025-11-13") == 0);
    CHECK(between("2025-11-14", "2030-01-01") == 3);
    CHECK(between("yesterday", "2030-01-01") == 99);
    CHECK(essctl({"ledger", "export", "--format", "md", "--directory", own.file("ledger")}).out.starts_with("# Oper"));
    CHECK(essctl({"ledger", "export", "--format", "yaml", "--directory", own.file("ledger")}).code == 2);
    CHECK(essctl({"ledger", "export", "--format", "pdf", "--directory", own.file("ledger")}).code == 2);
    CHECK(essctl({"ledger", "export", "--format", "md", "--directory", own.file("none")}).code == 1);
    CHECK(own.write("md", "no/such/file.md").code == 1);
}

TEST_CASE("ledger export: annotated tags of a git repository, and back") {
    OwnLedger own;
    REQUIRE(own.import({fixture}).code == 0);
    write_file(own.file("amend.md"), "```yaml\n---\namends: OPS-2025-10-02-001\noutcome: ROLLBACK\n```\n");
    REQUIRE(own.import({own.file("amend.md")}).code == 0);
    CHECK(own.write("git", "git").err.find("not a git repository") != std::string::npos);
    if (!fs::exists(git_command)) {
        MESSAGE("skip: git is not installed");
        return;
    }
    fs::create_directory(own.file("git"));
    own.git({"init", "--quiet"});
    own.git({"config", "tag.gpgSign", "true"});
    own.git({"-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "--quiet", "--allow-empty", "-m", "x"});
    const Ended first = own.write("git", "git");
    CHECK(first.code == 0);
    CHECK(first.out == "5 tags made, 0 were there already\n");
    CHECK(own.write("git", "git").out == "0 tags made, 5 were there already\n");
    CHECK(own.import({"--git", own.file("git")}, "from-git").code == 0);
    CHECK(own.json("from-git") == own.json());
    own.git({"tag", "-d", "ops-2025-11-14-003"});
    own.git({"-c", "user.name=a", "-c", "user.email=a@example.org", "tag", "-a", "--no-sign", "ops-2025-11-14-003",
             "-m", "mine"});
    const Ended conflict = own.write("git", "git");
    CHECK(conflict.code == 1);
    CHECK(conflict.err.find("tag ops-2025-11-14-003 is there with another message") != std::string::npos);
}
