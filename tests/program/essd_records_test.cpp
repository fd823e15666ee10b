// What essd puts on record beside trips and resets: requests, refusals, changes of the configuration, its own crashes.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

namespace {

const std::string policy = "/etc/quantum/policy.yaml";

/// With the groups that the user has.
Ended essctl_as(const std::string& user, const std::vector<std::string>& arguments) {
    std::vector<std::string> command{"/usr/bin/setpriv", "--reuid=" + user, "--regid=" + user, "--init-groups",
                                     ESS_ESSCTL};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run(command);
}

std::string field(const Json& line, const char* name) {
    return line.at("entry").value(name, "");
}

/// Whether the ledger was opened, and what belongs to that was done.
bool is_open(const Essd& essd) {
    return eventually([&] { return essd.status().value().at("ledger").at("writable") == true; });
}

std::string config_hash() {
    Ended hash = run(
        {"/bin/sh", "-c", "cd /etc/quantum && cat policy.yaml signals.yaml universe.yaml | sha256sum | cut -c1-16"});
    REQUIRE(hash.code == 0);
    return hash.out.substr(0, 16);
}

}  // namespace

TEST_CASE("four eyes: a reset waits for another person, and is on record at each step") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(config_file, read_whole(config_file) + "reset: {four_eyes: true}\n");
    const Essd essd;
    const Ended early = essctl_as("operator", {"reset", "--reason", "bored"});
    CHECK(early.code == 1);
    CHECK(early.says("nothing is tripped"));
    write_file(latch, "");
    REQUIRE(essd.comes_to("tripped"));

    const Ended asked = essctl_as("operator", {"reset", "--reason", "prices are back"});
    CAPTURE(asked.err);
    CHECK(asked.code == 0);
    CHECK(asked.out.find("NOT RELEASED YET: OPS-") != std::string::npos);
    const auto requests = ledger_lines("approval", 1);
    REQUIRE(requests.size() == 1);
    const std::string id = field(requests.front(), "operation_id");
    CHECK(asked.out.find("essctl approve " + id) != std::string::npos);
    CHECK(field(requests.front(), "requested_by") == "operator");
    CHECK(field(requests.front(), "approved_by") == "PENDING");
    CHECK(field(requests.front(), "outcome") == "PARTIAL");
    const Json status = essd.status().value();
    CHECK(status.at("pending_reset").at("operation_id") == id);
    CHECK(status.at("pending_reset").at("reason") == "prices are back");
    CHECK(status.at("state") == "tripped");
    CHECK(exists(latch));

    // Not twice, not by who asked, not by a wrong id, and not by the words of a third.
    CHECK(essctl({"reset", "--reason", "again"}).code == 5);
    const Ended own = essctl_as("operator", {"approve", id});
    CHECK(own.code == 5);
    CHECK(own.says("another person"));
    CHECK(essctl({"approve", "OPS-2020-01-01-001"}).code == 5);
    CHECK(essctl({"reset", "--reason", "r", "--approved-by", "bob"}).code == 5);
    CHECK(essctl_as("stranger", {"approve", id}).code == 5);
    CHECK(exists(latch));
    CHECK(ledger_lines("refusal", 4).size() == 4);

    // There is no bus here, so the approved reset itself is refused by the engine; it was carried out, though.
    const Ended approved = essctl({"approve", id});
    CHECK(approved.says("bus"));
    const auto approvals = ledger_lines("approval", 2);
    REQUIRE(approvals.size() == 2);
    CHECK(field(approvals.back(), "requested_by") == "operator");
    CHECK(field(approvals.back(), "approved_by") == "root");
    CHECK(essd.status().value().at("pending_reset").is_null());
    CHECK(essctl({"approve", id}).code == 5);
}

TEST_CASE("refusals: who may not is on record, and cannot fill the ledger") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    for (int i = 0; i < 40; ++i)
        CHECK(essctl_as("stranger", {"reset", "--reason", "let me"}).code == 5);
    const auto refusals = ledger_lines("refusal", 30);
    CHECK(refusals.size() == 30);
    CHECK(field(refusals.front(), "requested_by") == "stranger");
    CHECK(field(refusals.front(), "changes_summary").find("io.quantum.EmergencyStop.Reset") != std::string::npos);
}

TEST_CASE("configuration: a change is seen, logged, recorded and in the status") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const std::string before = config_hash();
    const Essd essd;
    REQUIRE(is_open(essd));
    CHECK(eventually([&] {
        return essd.process.err().find("Configuration hash: " + before + " (policy+signals+universe)") !=
               std::string::npos;
    }));
    write_file(policy, "policy.yaml: changed\n");
    const std::string after = config_hash();
    const auto changes = ledger_lines("configuration", 1);
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().at("ess") ==
          Json{{"from", before}, {"to", after}, {"unexpected", false}, {"while_down", false}});
    CHECK(field(changes.front(), "config_hash") == after);
    CHECK(changes.front().at("entry").at("config_files").at("policy.yaml").get<std::string>().size() == 64);
    CHECK(eventually([&] { return essd.status().value().at("config_hash") == after; }));
    CHECK_FALSE(essd.has_fault("config-changed"));
    std::filesystem::remove(policy);
    const auto gone = ledger_lines("configuration", 2);
    REQUIRE(gone.size() == 2);
    CHECK(gone.back().at("entry").at("config_files").at("policy.yaml") == "ERROR");
}

TEST_CASE("configuration: outside of the maintenance windows it is a fault until it is undone") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(config_file,
               read_whole(config_file) + "config_hash: {maintenance: [{start: 2020-01-01, duration: 1h}]}\n");
    const std::string original = read_whole(policy);
    Essd essd;
    REQUIRE(is_open(essd));
    CHECK_FALSE(essd.has_fault("config-changed"));
    write_file(policy, "policy.yaml: changed\n");
    CHECK(eventually([&] { return essd.has_fault("config-changed"); }));
    const auto changes = ledger_lines("configuration", 1);
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().at("ess").at("unexpected") == true);
    CHECK(essd.status().value().at("ready") == (essd.state() == "armed"));
    // It outlives a restart.
    CHECK(essd.stop() == 0);
    const Essd again;
    CHECK(eventually([&] { return again.has_fault("config-changed"); }));
    write_file(policy, original);
    CHECK(eventually([&] { return !again.has_fault("config-changed"); }));
    CHECK(ledger_lines("configuration", 2).size() == 2);
}

TEST_CASE("configuration: inside of a maintenance window it is expected, and while essd is down it is found") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(config_file, read_whole(config_file) + "config_hash: {maintenance: [{start: hourly, duration: 2h}]}\n");
    {
        Essd essd;
        REQUIRE(is_open(essd));
        write_file(policy, "policy.yaml: changed\n");
        CHECK(ledger_lines("configuration", 1).size() == 1);
        CHECK_FALSE(essd.has_fault("config-changed"));
        CHECK(essd.stop() == 0);
    }
    write_file(policy, "policy.yaml: changed again\n");
    const Essd essd;
    const auto changes = ledger_lines("configuration", 2);
    REQUIRE(changes.size() == 2);
    CHECK(changes.back().at("ess").at("while_down") == true);
    CHECK(changes.back().at("ess").at("unexpected") == false);
}

TEST_CASE("configuration: what an operator has recorded meanwhile does not hide a change from essd") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    {
        Essd essd;
        REQUIRE(is_open(essd));
        // An entry of essd's own, with the hash of today.
        CHECK(essctl({"start"}).code == 5);
        CHECK(ledger_lines("refusal", 1).size() == 1);
        const Ended added =
            essctl({"ledger", "append", "--operation", "Deploy", "--objective", "o", "--risk-class", "READ_ONLY",
                    "--blast-radius", "none", "--changes-summary", "c", "--operation-id", "OPS-2026-01-28-001"});
        REQUIRE_MESSAGE(added.code == 0, added.err);
        CHECK(ledger_lines("append", 1).front().at("ess").at("recorded_by") == "root");
        CHECK(essd.stop() == 0);
    }
    write_file(policy, "policy.yaml: changed\n");
    const Ended amended =
        essctl({"ledger", "amend", "OPS-2026-01-28-001", "--outcome", "ROLLBACK", "--notes", "undone"});
    REQUIRE_MESSAGE(amended.code == 0, amended.err);
    const Essd essd;
    const auto changes = ledger_lines("configuration", 1);
    REQUIRE(changes.size() == 1);
    CHECK(changes.front().at("ess").at("while_down") == true);
}

TEST_CASE("crash: essd that did not end in order says so when it comes back, and only then") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    {
        Essd essd;
        CHECK(is_open(essd));
        essd.process.signal(SIGKILL);
        CHECK(essd.process.wait() == -SIGKILL);
    }
    {
        Essd essd;
        CHECK(ledger_lines("crash", 1).size() == 1);
        CHECK(essd.stop() == 0);
    }
    Essd essd;
    CHECK(is_open(essd));
    CHECK(essd.stop() == 0);
    CHECK(ledger_lines("crash", 1).size() == 1);
}

TEST_CASE("trip: of more units than a line of the ledger can name") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    std::string text = "interlock: none\nunits:\n";
    for (int i = 0; i < 3000; ++i)
        text += "  - quantum-strategy-with-a-long-name-" + std::to_string(i) + "\n";
    write_file(config_file, text);
    const Essd essd;
    write_file(latch, "");
    const auto trips = ledger_lines("trip", 1);
    REQUIRE(trips.size() == 1);
    CHECK(field(trips.front(), "notes").find("Shortened to fit a line of the ledger") != std::string::npos);
    const std::string proof = trips.front().at("entry").at("proof_file").at("path");
    CHECK(Json::parse(read_whole(proof)).at("units").size() == 3000);
}

TEST_CASE("essd: a trip's proof file is for who may read the ledger") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    write_file(latch, "");
    const auto trips = ledger_lines("trip", 1);
    REQUIRE(trips.size() == 1);
    const std::string proof = trips.front().at("entry").at("proof_file").at("path");
    struct stat info {};
    REQUIRE(::stat(proof.c_str(), &info) == 0);
    CHECK((info.st_mode & 07777U) == 0640);
    CHECK(info.st_uid == 0);
    CHECK(info.st_gid == quantum_ess_gid);
}
