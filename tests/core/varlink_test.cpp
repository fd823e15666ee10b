#include "core/varlink.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace ess;

namespace {

constexpr const char* get_info = R"({"method":"org.varlink.service.GetInfo"})";

std::string with(const std::string& members) {
    return R"({"method":"a.b.C",)" + members + "}";
}

std::string nested(std::size_t depth) {
    return with(R"("parameters":{"x":)" + std::string(depth, '[') + std::string(depth, ']') + "}");
}

}  // namespace

TEST_CASE("varlink: a message byte by byte, and three in one piece") {
    VarlinkFramer framer;
    for (const char c : std::string(get_info)) {
        framer.append({&c, 1});
        CHECK_FALSE(framer.has_next());
    }
    framer.append(std::string_view("\0", 1));
    CHECK(framer.has_next());
    CHECK(**framer.next() == get_info);
    CHECK_FALSE(framer.has_next());

    framer.append(std::string_view("a\0b\0\0c", 6));
    CHECK(**framer.next() == "a");
    CHECK(**framer.next() == "b");
    CHECK((**framer.next()).empty());
    CHECK_FALSE((*framer.next()).has_value());
    framer.append(std::string_view("d\0", 2));
    CHECK(**framer.next() == "cd");
}

TEST_CASE("varlink: the limit holds with and without the end of the message") {
    constexpr std::size_t limit = 8;
    VarlinkFramer exact(limit);
    exact.append(std::string(limit, 'x') + '\0');
    CHECK((**exact.next()).size() == limit);

    VarlinkFramer endless(limit);
    endless.append(std::string(limit, 'x'));
    CHECK_FALSE((*endless.next()).has_value());
    endless.append("x");
    CHECK(endless.has_next());
    CHECK_FALSE(endless.next());

    VarlinkFramer whole(limit);
    whole.append(std::string("ok\0", 3) + std::string(limit + 1, 'x') + '\0');
    CHECK(**whole.next() == "ok");
    CHECK_FALSE(whole.next());
}

TEST_CASE("varlink: what is no call closes the connection") {
    for (const std::string& text : {
             std::string(),
             std::string("x"),
             std::string("[]"),
             std::string("{}"),
             std::string("\"x\""),
             std::string("null"),
             std::string(R"({"method":1})"),
             std::string(R"({"method":null})"),
             std::string(R"({"method":""})"),
             std::string(R"({"method":"a.b.C"} x)"),
             std::string(R"({"method":"a.b.C","method":"a.b.D"})"),
             std::string(R"({"method":"a.b.)") + "\xff\"}",
             std::string(R"({"method":"a.b.\ud800"})"),
             with(R"("foo":1)"),
             with(R"("continues":true)"),
             with(R"("parameters":[])"),
             with(R"("parameters":"x")"),
             with(R"("parameters":{"a":1,"a":2})"),
             with(R"("more":1)"),
             with(R"("oneway":null)"),
             with(R"("upgrade":"true")"),
             with(R"("more":true,"oneway":true)"),
             with(R"("more":true,"upgrade":true)"),
             with(R"("oneway":true,"upgrade":true)"),
             nested(10000),
         }) {
        CAPTURE(text.substr(0, 80));
        CHECK_FALSE(read_varlink_call(text));
    }
}

TEST_CASE("varlink: what is a call") {
    for (const std::string& text : {
             std::string(R"( { "method" : "a.b.C" } )"),
             with(R"("parameters":null)"),
             with(R"("parameters":{})"),
             with(R"("com.example.trace":{"id":1})"),
             with(R"("more":false,"oneway":false,"upgrade":false)"),
         }) {
        CAPTURE(text);
        const auto call = read_varlink_call(text);
        REQUIRE(call);
        CHECK(call->method == "a.b.C");
        CHECK(call->parameters == Json::object());
        CHECK_FALSE(call->more);
        CHECK_FALSE(call->oneway);
        CHECK_FALSE(call->upgrade);
    }
    CHECK(read_varlink_call(with(R"("more":true,"oneway":false)"))->more);
    CHECK(read_varlink_call(with(R"("oneway":true)"))->oneway);
    CHECK(read_varlink_call(with(R"("upgrade":true)"))->upgrade);
    CHECK(read_varlink_call(nested(8)));
    CHECK(read_varlink_call(with(R"("parameters":{"x":"a\u0000b"})"))->parameters["x"] == std::string("a\0b", 3));
}

TEST_CASE("varlink: messages on the wire") {
    VarlinkCall call;
    call.method = "a.b.C";
    CHECK(to_wire(call) == std::string(R"({"method":"a.b.C","parameters":{}})") + '\0');
    CHECK(to_wire(VarlinkReply{}) == std::string(R"({"parameters":{}})") + '\0');
    CHECK(to_wire(VarlinkReply{{{"n", 1}}, {}, true}) ==
          std::string(R"({"continues":true,"parameters":{"n":1}})") + '\0');
    CHECK(to_wire(invalid_parameter("x")) ==
          std::string(R"({"error":"org.varlink.service.InvalidParameter","parameters":{"parameter":"x"}})") + '\0');

    CHECK(reply_to_wire(R"({"n":1})", true) == to_wire(VarlinkReply{{{"n", 1}}, {}, true}));
    CHECK(reply_to_wire("{}", false) == to_wire(VarlinkReply{}));

    // Neither bytes that are no UTF-8 nor a NUL in a text can break the framing.
    const std::string wire = to_wire(VarlinkReply{{{"text", std::string("a\0\xff", 3)}}, {}, false});
    CHECK(wire.find('\0') == wire.size() - 1);
    CHECK(read_varlink_reply(std::string_view(wire).substr(0, wire.size() - 1)));
}

TEST_CASE("varlink: a call survives the wire") {
    VarlinkCall call;
    call.method = "a.b.C";
    call.parameters = {{"x", {1, 2}}};
    call.more = true;
    const std::string wire = to_wire(call);
    const auto back = read_varlink_call(std::string_view(wire).substr(0, wire.size() - 1));
    REQUIRE(back);
    CHECK(back->method == call.method);
    CHECK(back->parameters == call.parameters);
    CHECK(back->more);
}

TEST_CASE("varlink: replies are read with forbearance, but not any JSON") {
    const auto reply = read_varlink_reply(R"({"parameters":{"a":1},"continues":true,"later":1})");
    REQUIRE(reply);
    CHECK(reply->continues);
    CHECK(reply->error.empty());
    CHECK(reply->parameters["a"] == 1);
    CHECK(read_varlink_reply(R"({"error":"a.b.C"})")->error == "a.b.C");
    CHECK(read_varlink_reply("{}"));
    CHECK_FALSE(read_varlink_reply("[]"));
    CHECK_FALSE(read_varlink_reply(R"({"error":1})"));
    CHECK_FALSE(read_varlink_reply(R"({"error":""})"));
    CHECK_FALSE(read_varlink_reply(R"({"continues":1})"));
    CHECK_FALSE(read_varlink_reply(R"({"parameters":[]})"));
}

TEST_CASE("varlink: parameters are checked by what is declared") {
    struct Case {
        const char* parameters;
        const char* blamed;  // empty: fine
    };
    for (const Case& c : {
             Case{R"({"text":"a","number":1,"flag":true})", ""},
             Case{R"({"text":"a","number":1,"flag":true,"limit":null,"note":null})", ""},
             Case{R"({"text":"a","number":1,"flag":true,"limit":-1,"note":"n","entry":{}})", ""},
             Case{R"({"number":1,"flag":true})", "text"},
             Case{R"({"text":null,"number":1,"flag":true})", "text"},
             Case{R"({"text":1,"number":1,"flag":true})", "text"},
             Case{R"({"text":"a","number":"1","flag":true})", "number"},
             Case{R"({"text":"a","number":1.0,"flag":true})", "number"},
             Case{R"({"text":"a","number":1e3,"flag":true})", "number"},
             Case{R"({"text":"a","number":9223372036854775807,"flag":true})", ""},
             Case{R"({"text":"a","number":-9223372036854775808,"flag":true})", ""},
             Case{R"({"text":"a","number":9223372036854775808,"flag":true})", "number"},
             Case{R"({"text":"a","number":-9223372036854775809,"flag":true})", "number"},
             Case{R"({"text":"a","number":1,"flag":1})", "flag"},
             Case{R"({"text":"a","number":1,"flag":true,"limit":true})", "limit"},
             Case{R"({"text":"a","number":1,"flag":true,"note":{}})", "note"},
             Case{R"({"text":"a","number":1,"flag":true,"entry":[]})", "entry"},
             Case{R"({"text":"a","number":1,"flag":true,"colour":1})", "colour"},
         }) {
        CAPTURE(c.parameters);
        const Json object = *parse_json(c.parameters);
        std::string text;
        std::int64_t number = 0;
        bool flag = false;
        std::optional<std::int64_t> limit;
        std::optional<std::string> note;
        std::optional<Json> entry;
        const auto fault = VarlinkParameters(object)
                               .required("text", text)
                               .required("number", number)
                               .required("flag", flag)
                               .optional("limit", limit)
                               .optional("note", note)
                               .optional("entry", entry)
                               .fault();
        CHECK((fault ? fault->parameters["parameter"] : Json("")) == c.blamed);
        if (fault) CHECK(fault->name == "org.varlink.service.InvalidParameter");
    }
}

TEST_CASE("varlink: the standard errors") {
    CHECK(interface_not_found("a.b").parameters == Json{{"interface", "a.b"}});
    CHECK(method_not_found("a.b.C").parameters == Json{{"method", "a.b.C"}});
    CHECK(method_not_implemented("a.b.C").parameters == Json{{"method", "a.b.C"}});
    CHECK(permission_denied().parameters == Json::object());
    CHECK(expected_more().name == "org.varlink.service.ExpectedMore");
    CHECK(interface_of("a.b.C") == "a.b");
    CHECK(interface_of("C").empty());
}
