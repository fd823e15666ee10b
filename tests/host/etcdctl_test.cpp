// What etcdctl is asked with, and what is made of its complaints; with stand-ins for it along the PATH that there is.
#include "host/etcdctl.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "host/etcd_call.hpp"
#include "host/loop_thread.hpp"

using namespace ess;
using namespace ess::host;

namespace {

Etcdctl three() {
    return Etcdctl({{"https://a:1", "https://b:1", "https://c:1"}, "ca", "cert", "key"});
}

bool has(const ProgramStart& program, const std::string& word) {
    return std::ranges::find(program.words, word) != program.words.end();
}

std::string last_of(const ProgramStart& program) {
    return program.words.back();
}

}  // namespace

TEST_CASE("etcdctl: what begins with a dash is a value, and a member is asked by itself") {
    const ProgramStart put = three().put("/k", "--lease=1", "");
    CHECK(last_of(put) == "--lease=1");
    CHECK(has(put, "--"));
    CHECK(has(put, "--endpoints=https://a:1,https://b:1,https://c:1"));
    CHECK(has(three().put("/k", "v", "6a"), "--lease=6a"));
    const auto members = three().members();
    REQUIRE(members.size() == 3);
    CHECK(has(members[1].get("/k"), "--endpoints=https://b:1"));
    CHECK(has(members[1].get("/k"), "--cert=cert"));
    CHECK(has(three().watch("https://c:1", "/p/", 7), "--rev=7"));
    CHECK(has(three().watch("https://c:1", "/p/", 7), "--endpoints=https://c:1"));
    CHECK_FALSE(has(three().watch("https://c:1", "/p/", 0), "--rev=0"));
    CHECK(last_of(three().grant(std::chrono::milliseconds(5500))) == "6");
}

TEST_CASE("etcdctl: the question of a transaction, in quotes whatever there is in the value") {
    CHECK(Etcdctl::put_if_unchanged_text("/k", "{\"a\":\"b\\n\"}\n", 12) ==
          "mod(\"/k\") = \"12\"\n\nput \"/k\" \"{\\\"a\\\":\\\"b\\\\n\\\"}\\n\"\n\n\n");
}

TEST_CASE("etcdctl: of what it complains of, the sentence that says why") {
    const std::string noise = "{\"level\":\"warn\",\"msg\":\"retrying of unary invoker failed\"}\n";
    CHECK(etcd_trouble(noise + "Error: etcdserver: permission denied\n", "x") == "etcdserver: permission denied");
    CHECK(etcd_trouble(noise + "watch was canceled (etcdserver: no leader)\nError: watch is canceled by the server\n",
                       "x") == "watch is canceled by the server");
    CHECK(etcd_trouble("Error: context deadline exceeded\n", "x") == "no member of etcd that has a majority answers");
    CHECK(etcd_trouble(noise, "exit 1") == "exit 1");
    CHECK(etcd_trouble("", "exit 1") == "exit 1");
    CHECK(etcd_trouble("Error: \x1b[2J", "x").find('\x1b') == std::string::npos);
}

TEST_CASE("etcd call: one member after the other, the one that answered first the next time") {
    test::LoopThread loop;
    std::string asked;
    Result<std::string> answer;
    int done = 0;
    std::unique_ptr<EtcdCall> call;
    // The member that answers is the second; each is asked by a program that knows who it is for.
    const auto question = [&](const Etcdctl& member) {
        const std::string words = member.get("/k").words.at(1);
        const std::string name = words.substr(words.find("//") + 2, 1);
        asked += name;
        ProgramStart program;
        program.words = {"sh", "-c", name == "b" ? "echo it is b" : "echo 'Error: " + name + " is gone' >&2; exit 1"};
        return program;
    };
    const auto ask = [&](const EtcdCall::Question& what) {
        loop.run([&] {
            call->ask(what, [&](const Result<std::string>& output) {
                answer = output;
                ++done;
            });
        });
        const int before = done;
        REQUIRE(loop.eventually([&] { return !call->running(); }));
        CHECK(done >= before);
    };
    loop.run([&] { call = std::make_unique<EtcdCall>(loop.loop(), three().members()); });
    ask(question);
    REQUIRE(answer);
    CHECK(*answer == "it is b\n");
    CHECK(asked == "ab");
    ask(question);
    CHECK(asked == "abb");
    // None answers: each was asked once, and what the last one said is why.
    asked.clear();
    ask([&](const Etcdctl& member) {
        ProgramStart program = question(member);
        program.words.back() = "echo 'Error: no leader' >&2; exit 1";
        return program;
    });
    CHECK(asked == "bca");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().text == "no leader");
    // A program that is not there says so by its number.
    ask([](const Etcdctl&) {
        ProgramStart program;
        program.words = {"no-such-etcdctl"};
        return program;
    });
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == ENOENT);
    CHECK(done == 4);
    loop.run([&] { call.reset(); });
}
