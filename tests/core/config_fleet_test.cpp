// The fleet's block of the configuration.
#include <doctest/doctest.h>

#include "core/config.hpp"
#include "core/config_texts.hpp"

using namespace ess;
using namespace ess::test;
using namespace std::chrono_literals;

TEST_CASE("config: each fault of the fleet, at its place") {
    const std::string form = " is not of the form https://HOST:PORT, with certificates on both sides";
    const std::string no_name = " is no name: letters, digits, dashes and dots, 64 at most";
    const std::vector<FaultRow> rows{
        {"fleet: {endpoint: [x]}", "a:2:9: fleet: unknown key \"endpoint\": did you mean \"endpoints\"?"},
        {"fleet: {endpoints: \"https://a:1\"}",
         "a:2:20: fleet.endpoints: must be a list of https://HOST:PORT, not a single value"},
        {"fleet: {endpoints: [\"http://a:1\"]}", "a:2:21: fleet.endpoints: \"http://a:1\"" + form},
        {"fleet: {endpoints: [\"https://a\"]}", "a:2:21: fleet.endpoints: \"https://a\"" + form},
        {"fleet: {endpoints: [\"https://a:x\"]}", "a:2:21: fleet.endpoints: \"https://a:x\"" + form},
        {"fleet: {endpoints: [\"https://:1\"]}", "a:2:21: fleet.endpoints: \"https://:1\"" + form},
        {"fleet: {endpoints: [\"https://a,b:1\"]}", "a:2:21: fleet.endpoints: \"https://a,b:1\"" + form},
        {"fleet: {name: a/b}", "a:2:15: fleet.name: \"a/b\"" + no_name},
        {"fleet: {host: \"-a\"}", "a:2:15: fleet.host: \"-a\"" + no_name},
        {"fleet: {host: \"a b\"}", "a:2:15: fleet.host: \"a b\"" + no_name},
        {"fleet: {key: host.key}", "a:2:14: fleet.key: \"host.key\" must be an absolute path"},
        {"fleet: {loss_timeout: 4s}", "a:2:23: fleet.loss_timeout: 4s is not between 5s and 1h"},
        {"fleet: {loss_timeout: 2h}", "a:2:23: fleet.loss_timeout: 2h is not between 5s and 1h"},
        {"fleet: {on_loss: stop}", "a:2:18: fleet.on_loss: \"stop\" is not known: write alert or trip"},
    };
    for (const FaultRow& row : rows) {
        CAPTURE(row.text);
        CHECK(faults_of(read({"units: [x]\n" + row.text + "\n"})) == row.fault + "\n");
    }
}

TEST_CASE("config: a fleet, over two files") {
    const auto reading =
        read({"units: [x]\nfleet:\n  endpoints: [\"https://10.0.0.1:2379\"]\n  on_loss: trip\n",
              "fleet: {endpoints: [\"https://[fd00::1]:2379\"], host: h-1.example, loss_timeout: 10s}\n"});
    CHECK(faults_of(reading) == "");
    const Config::Fleet& fleet = reading.config.fleet;
    CHECK(fleet.endpoints == std::vector<std::string>{"https://10.0.0.1:2379", "https://[fd00::1]:2379"});
    CHECK(fleet.on_loss == OnLoss::Trip);
    CHECK(fleet.host == "h-1.example");
    CHECK(fleet.loss_timeout == 10s);
    CHECK(fleet.is_used());
    CHECK_FALSE(read({"units: [x]\nfleet: {on_loss: trip}\n"}).config.fleet.is_used());
}
