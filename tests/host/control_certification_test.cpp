// The certification of Varlink implementations: Debian's Go client against our server code. The client calls Start,
// Test01 to Test11 and End, each with what the one before gave; Test10 streams, Test11 is oneway.
#include <doctest/doctest.h>

#include <cstdio>
#include <map>
#include <memory>
#include <numbers>
#include <string>

#include "host/command_output.hpp"
#include "host/control_fixture.hpp"
#include "host/loop_thread.hpp"

using namespace ess;
using namespace ess::host;
using ess::test::LoopThread;

namespace {

constexpr const char* client = "/usr/bin/varlink-go-certification";
const std::string interface = "org.varlink.certification";

constexpr std::string_view description = R"(interface org.varlink.certification

type Interface (foo: ?[]?[string](foo, bar, baz), anon: (foo: bool, bar: bool))

type MyType (
  object: object,
  enum: (one, two, three),
  struct: (first: int, second: string),
  array: []string,
  dictionary: [string]string,
  stringset: [string](),
  nullable: ?string,
  nullable_array_struct: ?[](first: int, second: string),
  interface: Interface
)

method Start() -> (client_id: string)
method Test01(client_id: string) -> (bool: bool)
method Test02(client_id: string, bool: bool) -> (int: int)
method Test03(client_id: string, int: int) -> (float: float)
method Test04(client_id: string, float: float) -> (string: string)
method Test05(client_id: string, string: string) -> (bool: bool, int: int, float: float, string: string)
method Test06(client_id: string, bool: bool, int: int, float: float, string: string) -> (
  struct: (bool: bool, int: int, float: float, string: string)
)
method Test07(client_id: string, struct: (bool: bool, int: int, float: float, string: string)) -> (map: [string]string)
method Test08(client_id: string, map: [string]string) -> (set: [string]())
method Test09(client_id: string, set: [string]()) -> (mytype: MyType)
method Test10(client_id: string, mytype: MyType) -> (string: string)
method Test11(client_id: string, last_more_replies: []string) -> ()
method End(client_id: string) -> (all_ok: bool)

error ClientIdError ()
error CertificationError (wants: object, got: object)
)";

const Json struct_value{{"bool", false}, {"int", 2}, {"float", std::numbers::pi}, {"string", "a lot of string"}};
const Json dictionary{{"foo", "Foo"}, {"bar", "Bar"}};
const Json set_value{{"one", Json::object()}, {"two", Json::object()}, {"three", Json::object()}};
const Json my_type{
    {"object", {{"method", interface + ".Test09"}, {"parameters", {{"map", dictionary}}}}},
    {"enum", "two"},
    {"struct", {{"first", 1}, {"second", "2"}}},
    {"array", {"one", "two", "three"}},
    {"dictionary", dictionary},
    {"stringset", set_value},
    {"nullable", nullptr},
    {"nullable_array_struct", nullptr},
    {"interface",
     {{"foo", {nullptr, {{"foo", "foo"}, {"bar", "bar"}}, nullptr, {{"one", "foo"}, {"two", "bar"}}}},
      {"anon", {{"foo", true}, {"bar", false}}}}},
};

constexpr int streamed = 10;

Json streamed_replies() {
    Json replies = Json::array();
    for (int i = 1; i <= streamed; ++i)
        replies.push_back("Reply number " + std::to_string(i));
    return replies;
}

/// What each method has to be asked with, beside the client's id, and what it answers.
struct Step {
    std::string name;
    Json asked;
    Json answer;
};
const std::vector<Step> steps{
    {"Test01", Json::object(), {{"bool", true}}},
    {"Test02", {{"bool", true}}, {{"int", 1}}},
    {"Test03", {{"int", 1}}, {{"float", 1.0}}},
    {"Test04", {{"float", 1.0}}, {{"string", "ping"}}},
    {"Test05", {{"string", "ping"}}, struct_value},
    {"Test06", struct_value, {{"struct", struct_value}}},
    {"Test07", {{"struct", struct_value}}, {{"map", dictionary}}},
    {"Test08", {{"map", dictionary}}, {{"set", set_value}}},
    {"Test09", {{"set", set_value}}, {{"mytype", my_type}}},
    {"Test10", {{"mytype", my_type}}, Json()},
    {"Test11", {{"last_more_replies", streamed_replies()}}, Json::object()},
};

/// Null and absent are the same (?T).
Json without_nulls(const Json& value) {
    if (!value.is_object()) return value;
    Json kept = Json::object();
    for (const auto& [name, member] : value.items()) {
        if (!member.is_null()) kept[name] = without_nulls(member);
    }
    return kept;
}

/// The service, upon the server that essd has.
class Certification {
  public:
    explicit Certification(const std::string& path) {
        thread_.run([&] {
            socket_ = std::make_unique<ControlSocket>(thread_.loop(), std::move(*listen_at(path)),
                                                      std::vector<VarlinkInterface>{{interface, description}});
            add("Start", [](const ControlRequest&, CallReply reply) { reply.reply({{"client_id", "one"}}); });
            for (const Step& step : steps)
                add(step.name,
                    [this, &step](const auto& request, CallReply reply) { answer(step, request, std::move(reply)); });
            add("End", [this](const ControlRequest&, CallReply reply) {
                reply.reply({{"all_ok", passed_ == steps.size()}});
            });
        });
    }
    ~Certification() {
        thread_.run([this] { socket_.reset(); });
    }
    Certification(const Certification&) = delete;
    Certification& operator=(const Certification&) = delete;

    [[nodiscard]] std::size_t passed() {
        std::size_t number = 0;
        thread_.run([&] { number = passed_; });
        return number;
    }

  private:
    void add(const std::string& name, ControlFunction call) {
        socket_->add_method({.name = interface + "." + name, .privilege = Privilege::Anyone, .call = std::move(call)});
    }
    void answer(const Step& step, const ControlRequest& request, CallReply reply) {
        Json wanted = step.asked;
        wanted["client_id"] = "one";
        const bool in_turn = passed_ < steps.size() && steps[passed_].name == step.name;
        if (!in_turn || without_nulls(request.parameters) != without_nulls(wanted)) {
            return reply.error({interface + ".CertificationError", {{"wants", wanted}, {"got", request.parameters}}});
        }
        ++passed_;
        if (step.name != "Test10") return reply.reply(step.answer);
        for (int i = 1; i < streamed; ++i)
            CHECK(reply.stream({{"string", "Reply number " + std::to_string(i)}}));
        reply.reply({{"string", "Reply number " + std::to_string(streamed)}});
    }

    LoopThread thread_;
    std::size_t passed_ = 0;
    std::unique_ptr<ControlSocket> socket_;
};

}  // namespace

TEST_CASE_FIXTURE(ControlFixture, "control socket: certified by the Go client (org.varlink.certification)") {
    if (::access(client, X_OK) != 0) {
        std::puts("skip: no varlink-go-certification here");
        return;
    }
    Certification service(path);
    const auto output =
        command_output({{client, "--client", "--varlink", "unix:" + path}, std::chrono::seconds(60), 65536});
    REQUIRE(output);
    CAPTURE(*output);
    // Its exit code is 0 even when it fails.
    CHECK(output->find("failed") == std::string::npos);
    CHECK(output->find("\nEnd: 'true'\n") != std::string::npos);
    CHECK(service.passed() == steps.size());
}
