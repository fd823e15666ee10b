#include "host/call_window.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "host/loop_thread.hpp"

using namespace ess;
using namespace ess::test;
using Kind = host::CallWindow::Kind;
using host::CallWindow;

namespace {

/// Calls that wait for their replies until the test answers.
struct Calls {
    LoopThread loop;
    CallWindow window{loop.loop()};
    std::vector<std::string> sent;
    std::vector<CallWindow::Slot> open;

    void add(Kind kind, const std::string& name) {
        window.add(kind, [this, name](CallWindow::Slot slot) {
            sent.push_back(name);
            open.push_back(std::move(slot));
        });
    }
    void add(Kind kind, const std::string& name, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i)
            add(kind, name);
    }
    void answer(std::size_t count) { open.erase(open.begin(), open.begin() + static_cast<std::ptrdiff_t>(count)); }
    [[nodiscard]] std::size_t count(const std::string& name) const {
        return static_cast<std::size_t>(std::ranges::count(sent, name));
    }
};

}  // namespace

TEST_CASE("call window: as many are open as the bus lets be, the others follow the replies, in order") {
    Calls calls;
    calls.loop.run([&] {
        for (int i = 0; i < 200; ++i)
            calls.add(Kind::Order, std::to_string(i));
        CHECK(calls.sent.size() == CallWindow::calls_at_once);
        calls.answer(10);
        CHECK(calls.sent.size() == CallWindow::calls_at_once);  // not from within the reply
    });
    CHECK(calls.loop.eventually([&] { return calls.sent.size() == CallWindow::calls_at_once + 10; }));
    calls.loop.run([&] { calls.answer(calls.open.size()); });
    CHECK(calls.loop.eventually([&] { return calls.sent.size() == CallWindow::calls_at_once * 2 + 10 - 2; }));
    calls.loop.run([&] {
        for (std::size_t i = 0; i < calls.sent.size(); ++i)
            CHECK(calls.sent[i] == std::to_string(i));
        calls.answer(calls.open.size());
    });
}

TEST_CASE("call window: what an answer led to is asked before what was not asked yet, and behind orders") {
    Calls calls;
    calls.loop.run([&] {
        calls.add(Kind::Question, "question", CallWindow::questions_at_once + 10);
        calls.add(Kind::FollowUp, "follow-up");
        CHECK(calls.count("follow-up") == 0);
        calls.add(Kind::Order, "order", CallWindow::calls_at_once);
        calls.answer(1);
    });
    CHECK(calls.loop.eventually(
        [&] { return calls.count("order") == CallWindow::calls_at_once - CallWindow::questions_at_once + 1; }));
    calls.loop.run([&] {
        CHECK(calls.count("follow-up") == 0);
        calls.open.clear();
    });
    CHECK(calls.loop.eventually(
        [&] { return calls.sent.size() == CallWindow::questions_at_once + 10 + 1 + CallWindow::calls_at_once; }));
    calls.loop.run([&] {
        const auto first = std::ranges::find(calls.sent, "follow-up");
        CHECK(std::count(calls.sent.begin(), first, "question") == CallWindow::questions_at_once);
        calls.open.clear();
    });
}

TEST_CASE("call window: questions leave room for orders, and wait behind them") {
    Calls calls;
    calls.loop.run([&] {
        calls.add(Kind::Question, "question", 200);
        CHECK(calls.count("question") == CallWindow::questions_at_once);
        calls.add(Kind::Order, "order", 200);
        CHECK(calls.count("order") == CallWindow::calls_at_once - CallWindow::questions_at_once);
        calls.answer(CallWindow::questions_at_once);
    });
    CHECK(calls.loop.eventually([&] { return calls.count("order") == CallWindow::calls_at_once; }));
    calls.loop.run([&] {
        CHECK(calls.count("question") == CallWindow::questions_at_once);
        calls.open.clear();
    });
    CHECK(calls.loop.eventually([&] { return calls.count("order") == 192; }));
    calls.loop.run([&] { calls.open.clear(); });
    CHECK(calls.loop.eventually(
        [&] { return calls.count("order") == 200 && calls.count("question") == 2 * CallWindow::questions_at_once; }));
    calls.loop.run([&] { calls.open.clear(); });
    calls.loop.settle();
    calls.loop.run([&] {
        calls.window.flush();
        CHECK(calls.count("question") == 200);
        calls.open.clear();
    });
}

TEST_CASE("call window: a call that fails at once makes room for the next") {
    Calls calls;
    int sent = 0;
    calls.loop.run([&] {
        for (int i = 0; i < 500; ++i)
            calls.window.add(Kind::Order, [&](const CallWindow::Slot&) { ++sent; });
    });
    CHECK(sent == 500);
}
