// Programs that run beside the loop: real ones, of the shell.
#include "host/loop_command.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "host/child_process.hpp"
#include "host/loop_thread.hpp"
#include "host/scratch_directory.hpp"

using namespace ess;
using namespace ess::host;
using namespace std::chrono_literals;

namespace {

constexpr Micros enough = std::chrono::seconds(20);

ProgramStart shell(const std::string& script) {
    ProgramStart program;
    program.words = {"sh", "-c", script};
    return program;
}

/// A command on a loop of its own, and all that it told, in order: "line ...", "ended", or "failed: ..."; then its
/// errors.
struct CommandFixture {
    test::LoopThread loop;
    std::vector<std::string> told;
    std::string errors;
    int ends = 0;
    std::function<void()> then;
    std::unique_ptr<LoopCommand> command;

    CommandFixture() {
        loop.run([this] {
            command = std::make_unique<LoopCommand>(
                loop.loop(), Priority::Client,
                LoopCommand::Callbacks{
                    .line = [this](std::string_view line) { told.push_back("line " + std::string(line)); },
                    .ended =
                        [this](const Result<>& end, std::string said) {
                            told.push_back(end ? "ended" : "failed: " + end.error().text);
                            errors = std::move(said);
                            ++ends;
                            if (then) std::exchange(then, nullptr)();
                        }});
        });
    }
    CommandFixture(const CommandFixture&) = delete;
    CommandFixture& operator=(const CommandFixture&) = delete;
    ~CommandFixture() {
        loop.run([this] { command.reset(); });
        loop.stop();
    }

    void start(const ProgramStart& program, std::optional<Micros> patience = enough) {
        loop.run([&] { command->start(program, patience); });
    }
    void wait_for_end(int count = 1) {
        CHECK(loop.eventually([&] { return ends >= count; }, 20s));
        CHECK(ends == count);
    }
    [[nodiscard]] std::vector<std::string> all() {
        std::vector<std::string> copy;
        loop.run([&] { copy = told; });
        return copy;
    }
};

using Told = std::vector<std::string>;

/// What a program left behind it: its process group is its own, so nobody else has this number.
bool group_is_gone(pid_t group) {
    return ::kill(-group, 0) != 0 && errno == ESRCH;
}

pid_t number_in(const std::string& line) {
    return static_cast<pid_t>(std::stol(line.substr(std::string("line ").size())));
}

}  // namespace

TEST_CASE("program: its lines, then its end; also the last that has no end of its own") {
    CommandFixture of;
    of.start(shell("echo one; echo; printf 'two words'"));
    of.wait_for_end();
    CHECK(of.all() == Told{"line one", "line ", "line two words", "ended"});
    CHECK(of.errors.empty());
}

TEST_CASE("program: why it failed, with the end of what it complained of") {
    CommandFixture of;
    of.start(shell(
        "echo said; i=0; while [ $i -lt 3000 ]; do echo 'much ado' >&2; i=$((i + 1)); done; echo last >&2; exit 3"));
    of.wait_for_end();
    REQUIRE(of.all().size() == 2);
    CHECK(of.all()[0] == "line said");
    CHECK(of.all()[1].starts_with("failed: "));
    CHECK(of.all()[1].find('3') != std::string::npos);
    CHECK(of.errors.ends_with("much ado\nlast\n"));
    CHECK(of.errors.size() <= LoopCommand::errors_limit);
    CHECK(of.errors.size() > LoopCommand::errors_limit / 2);
}

TEST_CASE("program: one that is killed, or is not there, has failed") {
    CommandFixture of;
    of.start(shell("kill -9 $$"));
    of.wait_for_end();
    CHECK(of.all().back().starts_with("failed: "));
    ProgramStart none;
    none.words = {"no-such-program-anywhere"};
    of.start(none);
    of.wait_for_end(2);
    CHECK(of.all().back().starts_with("failed: "));
}

TEST_CASE("program: one that takes too long is killed, with all that it started") {
    CommandFixture of;
    of.start(shell("echo $$; sleep 100 & sleep 100"), 300ms);
    of.wait_for_end();
    const Told told = of.all();
    REQUIRE(told.size() == 2);
    CHECK(told[1] == "failed: no answer in time");
    const pid_t group = number_in(told[0]);
    CHECK(of.loop.eventually([&] { return group_is_gone(group); }));
}

TEST_CASE("program: stopped it is killed, and tells nothing more") {
    CommandFixture of;
    of.start(shell("echo $$; sleep 100"), std::nullopt);
    REQUIRE(of.loop.eventually([&] { return !of.told.empty(); }));
    const pid_t group = number_in(of.all().at(0));
    CHECK_FALSE(group_is_gone(group));
    of.loop.run([&] {
        CHECK(of.command->running());
        of.command->stop();
        CHECK_FALSE(of.command->running());
    });
    CHECK(of.loop.eventually([&] { return group_is_gone(group); }));
    CHECK(of.all().size() == 1);
}

TEST_CASE("program: started again from within its end") {
    CommandFixture of;
    of.then = [&] { of.command->start(shell("echo second"), enough); };
    of.start(shell("echo first"));
    of.wait_for_end(2);
    CHECK(of.all() == Told{"line first", "ended", "line second", "ended"});
}

TEST_CASE("program: destroyed from within its end") {
    CommandFixture of;
    of.then = [&] { of.command.reset(); };
    of.start(shell("exit 1"));
    of.wait_for_end();
    CHECK(of.all().size() == 1);
}

TEST_CASE("program: a line without end is not kept, whatever memory there is") {
    CommandFixture of;
    of.start(shell("exec cat /dev/zero"));
    of.wait_for_end();
    CHECK(of.all().back() == "failed: it prints a line without end");
}

TEST_CASE("program: much at once is handed on whole, line for line") {
    CommandFixture of;
    of.start(shell("i=0; while [ $i -lt 20000 ]; do echo line$i; i=$((i + 1)); done"));
    of.wait_for_end();
    const Told told = of.all();
    REQUIRE(told.size() == 20001);
    CHECK(told.front() == "line line0");
    CHECK(told[19999] == "line line19999");
}

TEST_CASE("program: it has a small environment, and no signal blocked") {
    REQUIRE(::setenv("ESS_TEST_SECRET", "secret", 1) == 0);
    CommandFixture of;
    ProgramStart program =
        shell("echo ${ESS_TEST_SECRET-none} $MORE; sed -n 's/^SigBlk:[[:space:]]*//p' /proc/self/status");
    program.environment = {"MORE=more"};
    of.start(program);
    of.wait_for_end();
    ::unsetenv("ESS_TEST_SECRET");
    CHECK(of.all() == Told{"line none more", "line 0000000000000000", "ended"});
}

TEST_CASE("program: what it printed last is handed on whole, also where a read ends with a line") {
    CommandFixture of;
    // A pipe's fill of lines, each a power of two long, and gone before anybody reads.
    of.loop.run([&] {
        of.command->start(shell("yes 0123456789abcde | head -c 65536"));
        std::this_thread::sleep_for(300ms);
    });
    of.wait_for_end();
    CHECK(of.all().size() == 4097);
}

TEST_CASE("program: a line as long as the largest value in etcd, and as all that a thousand hosts say, is handed on") {
    CommandFixture of;
    int ended = 0;
    for (const std::size_t size : {std::size_t{2'200'000}, std::size_t{8'000'000}}) {
        of.start(shell("head -c " + std::to_string(size) + " /dev/zero | tr '\\0' x; echo"));
        of.wait_for_end(++ended);
        const Told told = of.all();
        REQUIRE(told.size() >= 2);
        CHECK(told[told.size() - 2].size() == size + std::string("line ").size());
        CHECK(told.back() == "ended");
    }
}
