#include "host/control_socket.hpp"

#include <string>

#include "host/control_fixture.hpp"

using namespace ess;
using namespace ess::host;

namespace {

const std::string service = "org.varlink.service.";

}  // namespace

TEST_CASE_FIXTURE(ControlFixture, "control socket: a call byte by byte, and three in one write") {
    Daemon daemon(path);
    Wire wire(path);
    for (const char c : status_text() + '\0')
        REQUIRE(wire.send({&c, 1}));
    CHECK((*wire.hear())["parameters"]["state"] == "armed");

    std::string three;
    for (const char* reason : {"1", "2", "3"}) {
        three += call_text("Reset", R"("parameters":{"reason":")" + std::string(reason) + "\"}") + '\0';
    }
    REQUIRE(wire.send(three));
    for (const char* reason : {"1", "2", "3"})
        CHECK((*wire.hear())["parameters"]["operation_id"] == reason);
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: half a message, then the end") {
    Daemon daemon(path);
    Wire wire(path);
    REQUIRE(wire.send(status_text()));
    wire.end_input();
    CHECK(wire.hears_end());
    daemon.wait_for_connections(0);
    CHECK(daemon.served == 0);
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: a client that has ended its input is still answered") {
    Daemon daemon(path);
    Wire wire(path);
    REQUIRE(wire.say(status_text()));
    REQUIRE(wire.say(call_text("Hold")));
    REQUIRE(wire.say(status_text()));
    wire.end_input();
    CHECK(wire.hear());
    daemon.with_held([](CallReply& reply) { reply.reply({{"held", true}}); });
    CHECK((*wire.hear())["parameters"]["held"] == true);
    CHECK((*wire.hear())["parameters"]["state"] == "armed");
    CHECK(wire.hears_end());
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: what was sent in whole counts, though the client hangs up at once") {
    Daemon daemon(path);
    Wire wire(path);
    REQUIRE(wire.say(call_text("Hold", R"("oneway":true)")));
    REQUIRE(wire.say(status_text()));
    REQUIRE(wire.say(call_text("Watch", R"("more":true)")));
    REQUIRE(wire.say(status_text()));
    wire.hang_up();
    daemon.with_held([](CallReply& reply) { reply.reply({}); });
    daemon.wait_for_connections(0);
    CHECK(daemon.served == 4);
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: a message over the limit closes") {
    Daemon daemon(path);
    Wire wire(path);
    static_cast<void>(wire.send(std::string(varlink_call_limit + 1, ' ')));
    CHECK(wire.hears_end());

    Wire fits(path);
    REQUIRE(fits.say(status_text() + std::string(varlink_call_limit - status_text().size(), ' ')));
    CHECK(fits.hear_error().empty());
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: who does not speak Varlink is cut off") {
    Daemon daemon(path);
    for (const std::string& text : {
             std::string("GET / HTTP/1.0\r\n"),
             std::string(),
             std::string("[]"),
             std::string("{}"),
             std::string("\"x\""),
             std::string(R"({"method":7})"),
             call_text("Status", R"("colour":1)"),
             call_text("Status", R"("more":true,"oneway":true)"),
             call_text("Status", R"("more":1)"),
             call_text("Status", R"("method":"a.b.C")"),
             call_text("Status", R"("parameters":[])"),
             call_text("Status", R"("parameters":{"x":")") + "\xff\"}}",
             std::string(30000, '['),
         }) {
        CAPTURE(text.substr(0, 80));
        Wire wire(path);
        REQUIRE(wire.say(text));
        CHECK(wire.hears_end());
    }
    daemon.wait_for_connections(0);
    CHECK(daemon.served == 0);
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: what is let pass") {
    Daemon daemon(path);
    Wire wire(path);
    for (const char* rest : {"", R"("parameters":null)", R"("parameters":{})", R"("com.example.trace":{"id":1})",
                             R"("more":false)", R"("more":true)"}) {
        CAPTURE(rest);
        REQUIRE(wire.say(call_text("Status", rest)));
        const auto reply = wire.hear();
        REQUIRE(reply);
        CHECK((*reply)["parameters"]["state"] == "armed");
        CHECK_FALSE(reply->contains("continues"));
    }
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: errors that leave the connection in use") {
    Daemon daemon(path);
    Wire wire(path);
    struct Case {
        std::string message;
        std::string error;
        Json parameters;
    };
    for (const Case& c : {
             Case{R"({"method":"a.b.C"})", "InterfaceNotFound", {{"interface", "a.b"}}},
             Case{R"({"method":"C"})", "MethodNotFound", {{"method", "C"}}},
             Case{call_text("Nope"), "MethodNotFound", {{"method", "io.quantum.EmergencyStop.Nope"}}},
             Case{call_text("Status", R"("parameters":{"x":1})"), "InvalidParameter", {{"parameter", "x"}}},
             Case{call_text("Reset"), "InvalidParameter", {{"parameter", "reason"}}},
             Case{call_text("Reset", R"("parameters":{"reason":null})"), "InvalidParameter", {{"parameter", "reason"}}},
             Case{call_text("Reset", R"("parameters":{"reason":1})"), "InvalidParameter", {{"parameter", "reason"}}},
             Case{call_text("Status", R"("upgrade":true)"),
                  "MethodNotImplemented",
                  {{"method", "io.quantum.EmergencyStop.Status"}}},
             Case{call_text("Watch"), "ExpectedMore", Json::object()},
             Case{call_text("Forgotten"), "PermissionDenied", Json::object()},
         }) {
        CAPTURE(c.message);
        REQUIRE(wire.say(c.message));
        const auto reply = wire.hear();
        REQUIRE(reply);
        CHECK(reply->value("error", "") == service + c.error);
        CHECK((*reply)["parameters"] == c.parameters);
    }
    CHECK(is_in_step(wire));
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: the service describes itself") {
    Daemon daemon(path);
    Wire wire(path);
    REQUIRE(wire.say(R"({"method":"org.varlink.service.GetInfo"})"));
    const auto info = wire.hear();
    REQUIRE(info);
    CHECK((*info)["parameters"]["product"] == "essd");
    CHECK((*info)["parameters"]["interfaces"] == Json::array({"io.quantum.EmergencyStop", "org.varlink.service"}));

    const auto describe = [&](const std::string& parameters) {
        REQUIRE(
            wire.say(R"({"method":"org.varlink.service.GetInterfaceDescription","parameters":)" + parameters + "}"));
        return *wire.hear();
    };
    for (const VarlinkInterface& known : {emergency_stop_interface(), varlink_service_interface()}) {
        const Json reply = describe(R"({"interface":")" + std::string(known.name) + "\"}");
        CHECK(reply["parameters"]["description"] == known.description);
    }
    CHECK(describe(R"({"interface":"a.b"})")["error"] == service + "InterfaceNotFound");
    CHECK(describe("{}")["error"] == service + "InvalidParameter");
    CHECK(describe(R"({"interface":1})")["error"] == service + "InvalidParameter");
    REQUIRE(wire.say(R"({"method":"org.varlink.service.GetInfo","parameters":{"x":1}})"));
    CHECK(wire.hear_error() == service + "InvalidParameter");
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: oneway is silent, whatever becomes of the call") {
    Daemon daemon(path);
    Wire wire(path);
    REQUIRE(wire.say(call_text("Status", R"("oneway":true)")));
    REQUIRE(wire.say(call_text("Status", R"("oneway":true,"parameters":{"x":1})")));
    REQUIRE(wire.say(call_text("Nope", R"("oneway":true)")));
    REQUIRE(wire.say(call_text("Forgotten", R"("oneway":true)")));
    REQUIRE(wire.say(call_text("Drop", R"("oneway":true)")));
    REQUIRE(wire.say(R"({"method":"a.b.C","oneway":true})"));
    CHECK(is_in_step(wire));
    CHECK(daemon.served == 2);
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: a stream, and the call behind it is held") {
    Daemon daemon(path);
    Wire wire(path);
    REQUIRE(wire.say(call_text("Watch", R"("more":true)")));
    REQUIRE(wire.say(status_text()));
    auto reply = wire.hear();
    REQUIRE(reply);
    CHECK((*reply)["continues"] == true);
    CHECK((*reply)["parameters"]["n"] == 0);

    daemon.with_held([](CallReply& held) { CHECK(held.stream({{"n", 1}})); });
    reply = wire.hear();
    CHECK((*reply)["continues"] == true);
    CHECK((*reply)["parameters"]["n"] == 1);

    daemon.with_held([](CallReply& held) {
        held.error({"io.quantum.EmergencyStop.Failed", {{"reason", "over"}}});
        CHECK_FALSE(held.is_wanted());
        CHECK_FALSE(held.stream({{"n", 2}}));
        held.reply({});
    });
    reply = wire.hear();
    CHECK_FALSE(reply->contains("continues"));
    CHECK((*reply)["error"] == "io.quantum.EmergencyStop.Failed");
    CHECK((*wire.hear())["parameters"]["state"] == "armed");
    CHECK(is_in_step(wire));
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: a stream that nobody asked for is not sent") {
    Daemon daemon(path);
    Wire wire(path);
    REQUIRE(wire.say(call_text("Hold")));
    daemon.with_held([](CallReply& held) {
        CHECK_FALSE(held.stream({{"n", 1}}));
        held.reply({{"n", 2}});
    });
    CHECK((*wire.hear())["parameters"]["n"] == 2);
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: a late reply finds the client gone") {
    Daemon daemon(path);
    Wire wire(path);
    REQUIRE(wire.say(call_text("Watch", R"("more":true)")));
    CHECK(wire.hear());
    wire.hang_up();
    daemon.wait_for_connections(0);
    daemon.with_held([](CallReply& held) {
        CHECK_FALSE(held.is_wanted());
        CHECK_FALSE(held.stream({{"n", 1}}));
        held.reply({});
    });
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: of several held calls, those that nobody waits for are dropped") {
    Daemon daemon(path);
    Wire gone(path);
    Wire waiting(path);
    REQUIRE(gone.say(call_text("Hold")));
    daemon.with_held([](CallReply&) {});
    REQUIRE(waiting.say(call_text("Hold")));
    daemon.eventually([&] { return daemon.served == 2; });
    gone.hang_up();
    daemon.wait_for_connections(1);
    daemon.forget_unwanted();
    CHECK(daemon.held() == 1);
    daemon.with_held([](CallReply& held) { held.reply({{"n", 1}}); });
    CHECK((*waiting.hear())["parameters"]["n"] == 1);
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: a call that is never answered closes") {
    Daemon daemon(path);
    Wire wire(path);
    REQUIRE(wire.say(call_text("Drop")));
    CHECK(wire.hears_end());

    Wire later(path);
    REQUIRE(later.say(call_text("Hold")));
    daemon.with_held([](CallReply&) {});
    daemon.forget_held();
    CHECK(later.hears_end());
}

TEST_CASE_FIXTURE(ControlFixture, "control socket: a method outside the interfaces, or twice, is a programming error") {
    EventLoop loop;
    ControlSocket socket(loop, std::move(*listen_at(path)));
    CHECK_THROWS(socket.add_method({.name = "a.b.C", .call = {}}));
    CHECK_THROWS(socket.add_method({.name = "org.varlink.service.GetInfo", .call = {}}));
}
