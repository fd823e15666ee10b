// What the shells offer when a person presses Tab: real bash, zsh and fish, with the files that are installed.
#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <set>
#include <sstream>
#include <string>

#include "base/text.hpp"
#include "program/sandbox.hpp"
#include "program/screens.hpp"
#include "program/scripted_essd.hpp"

using namespace ess;
using namespace ess::test;

namespace fs = std::filesystem;

namespace {

const std::string scripts = std::string(ESS_SOURCE_DIR) + "/packaging/completions/";

std::set<std::string> words_of(const std::string& text) {
    std::set<std::string> words;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        // What it means is for the eye.
        if (!line.empty()) words.insert(line.substr(0, line.find('\t')));
    }
    return words;
}

Ended in_shell(std::vector<std::string> command, const std::string& line) {
    fs::create_directories("/run/home");
    const std::string path = fs::path(ESS_ESSCTL).parent_path().string() + ":/usr/sbin:/usr/bin:/sbin:/bin";
    return run(
        Start{std::move(command), {"PATH=" + path, "SHELL_PATH=" + path, "HOME=/run/home", "LINE=" + line}, {}, false});
}

std::set<std::string> in_bash(const std::string& line) {
    const std::string script = "source " + scripts +
                               "essctl.bash; compopt() { :; }\n"
                               R"(PATH=$SHELL_PATH  # bash takes the last of two
                               COMP_LINE=$LINE COMP_POINT=${#LINE}; _essctl essctl
                               printf '%s\n' "${COMPREPLY[@]}")";
    const Ended ended = in_shell({"/bin/bash", "--norc", "-c", script}, line);
    CHECK(ended.err.empty());
    return words_of(ended.out);
}

std::set<std::string> in_fish(const std::string& line) {
    const std::string script = "source " + scripts + "essctl.fish; complete --do-complete \"$LINE\"";
    const Ended ended = in_shell({"/usr/bin/fish", "--no-config", "--command", script}, line);
    CHECK(ended.err.empty());
    return words_of(ended.out);
}

std::set<std::string> in_zsh(const std::string& line) {
    const Ended ended = in_shell({std::string(ESS_SOURCE_DIR) + "/tests/program/zsh_complete", scripts, line}, line);
    CHECK(ended.err.empty());
    return words_of(ended.out);
}

using Shell = std::function<std::set<std::string>(const std::string& line)>;

std::vector<std::pair<std::string, Shell>> shells() {
    std::vector<std::pair<std::string, Shell>> found;
    for (const auto& [program, shell] : std::vector<std::pair<std::string, Shell>>{
             {"/bin/bash", in_bash}, {"/usr/bin/fish", in_fish}, {"/usr/bin/zsh", in_zsh}}) {
        if (exists(program)) {
            found.emplace_back(program, shell);
        } else {
            std::printf("skip: %s is not installed\n", program.c_str());
        }
    }
    return found;
}

using Words = std::set<std::string>;

/// The daemon's ledger with two entries, and an essd that knows of three units and of a reset that waits.
Json status_of_a_day() {
    Json status = status_fixture("four-eyes");
    status["units"][3]["name"] = "quantum-strategy@7.service";
    return status;
}

}  // namespace

TEST_CASE("completion: verbs, options and values, in each shell") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const ScriptedEssd essd(status_of_a_day());
    for (const auto& [name, offered] : shells()) {
        CAPTURE(name);
        CHECK(offered("essctl sta") == Words{"status", "start"});
        CHECK(offered("essctl ledger ex") == Words{"export"});
        CHECK(offered("essctl watch --u") == Words{"--until"});
        CHECK(offered("essctl watch --until t") == Words{"tripped", "tripping"});
        CHECK(offered("essctl trip --reason sta").empty());
        CHECK(offered("essctl approve ") == Words{"OPS-2026-01-28-002"});
        CHECK(offered("essctl ledger append --allowed-service quantum-a") ==
              Words{"quantum-ai-engine.service", "quantum-apply-layer.service"});
        CHECK(offered("essctl check --j") == Words{"--json"});
        CHECK(offered("essctl nonsense ").empty());
    }
}

TEST_CASE("completion: a template's instance, whose @ parts words in bash") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const ScriptedEssd essd(status_of_a_day());
    const std::string line = "essctl ledger append --allowed-service quantum-strategy@";
    for (const auto& [name, offered] : shells()) {
        CAPTURE(name);
        const bool parts = name == "/bin/bash";
        CHECK(offered(line) == Words{parts ? "7.service" : "quantum-strategy@7.service"});
    }
}

TEST_CASE("completion: operation IDs of the ledger, for whom may read it") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    Words ids;
    {
        const Essd essd;
        for (const char* name : {"first", "second"}) {
            const Ended done = essctl({"ledger", "append", "--operation", name, "--risk-class", "READ_ONLY",
                                       "--blast-radius", "none", "--changes-summary", "none", "--json"});
            REQUIRE_MESSAGE(done.code == 0, done.err);
            ids.insert(parse_json(done.out)->at("operation_id").get<std::string>());
        }
    }
    REQUIRE(ids.size() == 2);
    for (const auto& [name, offered] : shells()) {
        CAPTURE(name);
        for (const char* line : {"essctl ledger show OPS-", "essctl report OPS-"}) {
            const Words found = offered(line);
            for (const std::string& id : ids)
                CHECK(found.contains(id));
        }
    }
    const Ended stranger = run(Start{{ESS_ESSCTL, "complete", "--", "ledger", "show", ""}, {}, stranger_uid, false});
    CHECK(stranger.code == 0);
    CHECK((stranger.out + stranger.err).empty());
}

TEST_CASE("completion: files are left to the shell") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    fs::create_directories("/run/place/within");
    write_file("/run/place/file.yaml", "");
    for (const auto& [name, offered] : shells()) {
        CAPTURE(name);
        CHECK(offered("essctl check-config /run/place/f").size() == 1);
        std::string directories;
        for (const std::string& word : offered("essctl ledger list --directory /run/place/"))
            directories += word + "\n";
        CHECK(directories.find("within") != std::string::npos);
        CHECK(directories.find("file.yaml") == std::string::npos);
    }
}

TEST_CASE("completion: what cannot be answered is silence, soon") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    for (const std::vector<std::string>& words : {std::vector<std::string>{"complete"},
                                                  {"complete", "--"},
                                                  {"complete", "--line"},
                                                  {"complete", "--line", ""},
                                                  {"complete", "--line", "essctl trip --reason 'not closed"},
                                                  {"complete", "--", "ledger", "show", ""},
                                                  {"complete", "--", "approve", ""}}) {
        const Ended ended = essctl(words);
        CHECK(ended.code == 0);
        CHECK(ended.err.empty());
        CHECK(ended.took < 5s);
    }
    // With essd down the units are those of the configuration.
    CHECK(essctl({"complete", "--", "ledger", "append", "--allowed-service", "quantum-g"}).out == governor + "\n");
}

TEST_CASE("completion: every verb and option of the help is offered") {
    const Words verbs = words_of(essctl({"complete", "--", ""}).out);
    for (const char* verb :
         {"status", "watch", "trip", "activate", "reset", "check", "report", "metrics", "ledger", "fleet"})
        CHECK(verbs.contains(verb));
    std::vector<std::vector<std::string>> all;
    for (const std::string& verb : verbs)
        all.push_back({verb});
    for (const std::string group : {"ledger", "fleet"}) {
        for (const std::string& verb : words_of(essctl({"complete", "--", group, ""}).out))
            all.push_back({group, verb});
    }
    CHECK(all.size() > 25);
    for (const std::vector<std::string>& verb : all) {
        CAPTURE(join(verb, " "));
        const auto with = [&](std::vector<std::string> before, const std::string& after) {
            before.insert(before.end(), verb.begin(), verb.end());
            before.push_back(after);
            return essctl(before);
        };
        const Ended help = with({}, "--help");
        CHECK(help.code == 0);
        const std::size_t example = help.out.find("\nExample");
        REQUIRE(example != std::string::npos);
        CHECK(help.out.find(" essctl ", example) != std::string::npos);
        for (const std::string& option : words_of(with({"complete", "--"}, "--").out))
            CHECK(help.out.find(option) != std::string::npos);
    }
}
