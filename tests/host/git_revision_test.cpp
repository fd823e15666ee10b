#include "host/git_revision.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/text.hpp"
#include "host/command_output.hpp"
#include "scratch_directory.hpp"

namespace {

using namespace std::chrono_literals;
using ess::host::command_output;
using ess::host::git_revision;

constexpr auto patience = 20s;

std::string git(const std::string& directory, const std::vector<std::string>& words) {
    std::vector<std::string> all{"git", "-C", directory, "-c", "user.name=a", "-c", "user.email=a@example.org"};
    all.insert(all.end(), words.begin(), words.end());
    const auto output = command_output({all, patience, 65536});
    REQUIRE_MESSAGE(output, (output ? std::string() : output.error().text));
    return std::string(ess::trim(*output));
}

}  // namespace

TEST_CASE("commit and branch of a repository") {
    const ess::test::ScratchDirectory scratch;
    git(scratch.path(), {"init", "--quiet", "--initial-branch=release/2026"});
    CHECK_FALSE(git_revision(scratch.path()));
    git(scratch.path(), {"commit", "--quiet", "--allow-empty", "--no-gpg-sign", "-m", "first"});
    const auto revision = git_revision(scratch.path());
    REQUIRE_MESSAGE(revision, (revision ? std::string() : revision.error().text));
    CHECK(revision->commit == git(scratch.path(), {"rev-parse", "HEAD"}).substr(0, 8));
    CHECK(revision->branch == "release/2026");
    git(scratch.path(), {"checkout", "--quiet", "--detach"});
    CHECK(git_revision(scratch.path())->branch == "HEAD");
}

TEST_CASE("no repository is an error, not a guess") {
    const ess::test::ScratchDirectory scratch;
    const auto none = git_revision(scratch.path());
    REQUIRE_FALSE(none);
    CHECK(none.error().text.starts_with("revision of " + scratch.path() + ": git: exit status"));
    CHECK_FALSE(git_revision(scratch.file("missing")));
}

TEST_CASE("a program is run without a shell and within bounds") {
    CHECK(*command_output({{"printf", "%s", "$HOME;`id`"}, patience, 100}) == "$HOME;`id`");
    CHECK(command_output({{"cat"}, patience, 100})->empty());
    CHECK_FALSE(command_output({{"printf", "%s", "12345"}, patience, 4}));
    CHECK_FALSE(command_output({{"no-such-program"}, patience, 4}));
    CHECK_FALSE(command_output({{}, patience, 4}));
    CHECK(command_output({{"false"}, patience, 4}).error().text == "false: exit status 1");
}

TEST_CASE("a program that does not end is killed at its time-out, with what it started") {
    const auto begun = ess::monotonic_now();
    const auto result = command_output({{"sh", "-c", "tail -f /dev/null & tail -f /dev/null"}, 50ms, 100});
    REQUIRE_FALSE(result);
    CHECK(result.error().text == "sh: timed out");
    CHECK(ess::monotonic_now() - begun >= 50ms);
    CHECK(ess::monotonic_now() - begun < patience);
    // Closing its output does not let it run on.
    CHECK(command_output({{"sh", "-c", "exec >&-; exec sleep 60"}, 50ms, 100}).error().text == "sh: timed out");
}
