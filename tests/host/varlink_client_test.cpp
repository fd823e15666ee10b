#include "host/varlink_client.hpp"

#include <thread>

#include "host/control_fixture.hpp"

using namespace ess;
using namespace ess::host;

namespace {

using Kind = ClientFailure::Kind;

const std::string interface = "io.quantum.EmergencyStop.";

struct Fixture {
    Directory directory;
    std::string path = directory.at("control");

    [[nodiscard]] VarlinkClient connected() const {
        auto client = VarlinkClient::connect(path, soon());
        REQUIRE(client);
        return std::move(*client);
    }
};

Instant very_soon() {
    return monotonic_now() + std::chrono::milliseconds(20);
}

/// A server that answers the first client with these bytes and closes.
std::thread answer_once(const Fd& listening, std::string bytes) {
    return std::thread([&listening, bytes = std::move(bytes)] {
        pollfd watched{listening.get(), POLLIN, 0};
        static_cast<void>(::poll(&watched, 1, 10000));
        const Fd client(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
        std::array<char, 4096> ignored{};
        static_cast<void>(::recv(client.get(), ignored.data(), ignored.size(), 0));
        static_cast<void>(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    });
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "varlink client: nobody listens") {
    CHECK(VarlinkClient::connect(path, soon()).error().kind == Kind::NobodyListening);
    { const auto stale = listen_at(path); }
    CHECK(VarlinkClient::connect(path, soon()).error().kind == Kind::NobodyListening);
}

TEST_CASE_FIXTURE(Fixture, "varlink client: somebody listens but does not answer in time") {
    const auto listening = listen_at(path);
    REQUIRE(listening);
    auto client = connected();
    CHECK(client.call(interface + "Status", {}, very_soon()).error().kind == Kind::NoAnswer);
    // The late reply must not be taken for that of this call.
    CHECK(client.call(interface + "Status", {}, soon()).error().kind == Kind::Closed);
}

TEST_CASE_FIXTURE(Fixture, "varlink client: nobody takes the connection in time") {
    const auto listening = listen_at(path);
    REQUIRE(listening);
    REQUIRE(::listen(listening->get(), 0) == 0);
    const Wire first(path);
    CHECK(VarlinkClient::connect(path, very_soon()).error().kind == Kind::NoAnswer);
}

TEST_CASE_FIXTURE(Fixture, "varlink client: replies and errors") {
    Daemon daemon(path);
    auto client = connected();
    CHECK((*client.call(interface + "Status", Json::object(), soon()))["state"] == "armed");
    const auto failed = client.call(interface + "Reset", {{"reason", 1}}, Instant::max());
    REQUIRE_FALSE(failed);
    CHECK(failed.error().kind == Kind::Answered);
    CHECK(failed.error().error.name == "org.varlink.service.InvalidParameter");
    CHECK(failed.error().error.parameters["parameter"] == "reason");
    CHECK((*client.call(interface + "Reset", {{"reason", "r"}}, soon()))["operation_id"] == "r");
    CHECK((*client.call(interface + "Large", {{"size", 500000}}, soon()))["text"].get<std::string>().size() == 500000);
    CHECK(client.call(interface + "Drop", Json::object(), soon()).error().kind == Kind::Closed);
}

TEST_CASE_FIXTURE(Fixture, "varlink client: a stream until its end") {
    Daemon daemon(path);
    auto client = connected();
    int seen = 0;
    const auto done = client.call_more(interface + "Watch", Json::object(), Micros::max(), [&](const Json& state) {
        CHECK(state["n"] == seen);
        ++seen;
        daemon.with_held([&](CallReply& held) {
            if (seen < 3) CHECK(held.stream({{"n", seen}}));
            if (seen == 3) held.reply({{"n", seen}});
        });
        return true;
    });
    CHECK(done);
    CHECK(seen == 4);
    CHECK(client.call(interface + "Status", Json::object(), soon()));
}

TEST_CASE_FIXTURE(Fixture, "varlink client: enough of a stream, and a stream that falls silent") {
    Daemon daemon(path);
    auto enough = connected();
    CHECK(enough.call_more(interface + "Watch", Json::object(), std::chrono::seconds(10),
                           [](const Json&) { return false; }));
    daemon.wait_for_connections(0);
    CHECK(enough.call(interface + "Status", Json::object(), soon()).error().kind == Kind::Closed);

    auto patient = connected();
    const auto silent = patient.call_more(interface + "Watch", Json::object(), std::chrono::milliseconds(20),
                                          [](const Json&) { return true; });
    CHECK(silent.error().kind == Kind::NoAnswer);

    auto plain = connected();
    const auto error =
        plain.call_more(interface + "Nope", Json::object(), std::chrono::seconds(10), [](const Json&) { return true; });
    CHECK(error.error().error.name == "org.varlink.service.MethodNotFound");
}

TEST_CASE_FIXTURE(Fixture, "varlink client: for one who waits for other things too") {
    Daemon daemon(path);
    auto client = connected();
    const auto taken = [&] {
        for (const Instant deadline = soon();;) {
            pollfd watched{client.descriptor(), POLLIN, 0};
            static_cast<void>(::poll(&watched, 1, 100));
            auto reply = client.take();
            if (!reply || *reply || monotonic_now() > deadline) return reply;
        }
    };
    CHECK(*client.take() == std::nullopt);
    REQUIRE(client.post(interface + "Watch", Json::object(), true, soon()));
    auto first = taken();
    REQUIRE((first && *first));
    CHECK((*first)->continues);
    CHECK((*first)->parameters["n"] == 0);
    CHECK(*client.take() == std::nullopt);
    // Two that come together are taken one after the other.
    daemon.with_held([](CallReply& held) {
        CHECK(held.stream({{"n", 1}}));
        held.reply({{"n", 2}});
    });
    CHECK((**taken()).parameters["n"] == 1);
    const auto last = taken();
    CHECK((**last).parameters["n"] == 2);
    CHECK_FALSE((**last).continues);
    REQUIRE(client.post(interface + "Drop", Json::object(), false, soon()));
    CHECK(taken().error().kind == Kind::Closed);
    CHECK(client.descriptor() == -1);
}

TEST_CASE_FIXTURE(Fixture, "varlink client: what is not Varlink") {
    const auto listening = listen_at(path);
    REQUIRE(listening);
    struct Case {
        std::string bytes;
        Kind kind;
    };
    for (const Case& c :
         {Case{std::string("garbage\0", 8), Kind::Malformed}, Case{std::string("[]\0", 3), Kind::Malformed},
          Case{std::string("{\"continues\":true}\0", 19), Kind::Malformed}, Case{"{}", Kind::Closed}}) {
        CAPTURE(c.bytes);
        std::thread server = answer_once(*listening, c.bytes);
        auto client = connected();
        CHECK(client.call("a.b.C", Json::object(), soon()).error().kind == c.kind);
        server.join();
    }
}
