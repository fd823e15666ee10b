// The configuration hash, and the five questions that it was made for: instances, over time, after a rollback, which
// decisions, and compliance.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "program/ledger_fixture.hpp"

using namespace ess;
using namespace ess::test;

namespace fs = std::filesystem;

namespace {

constexpr const char* before = "bfb734a7aa5cb0a8";
constexpr const char* after = "c3d9e8f2a1b4c7d6";
constexpr const char* audit_log = "/run/audit.jsonl";

/// An audit log's line, so many minutes after midnight.
std::string cycle(int minute, const std::string& hash) {
    const WallTime time = *from_rfc3339("2025-11-15T00:00:00Z") + std::chrono::minutes(minute);
    std::string text = to_rfc3339(time);
    text.replace(text.size() - 1, 1, "+00:00");  // as Python's isoformat() has it
    return R"({"timestamp": ")" + text + R"(", "mode": "LIVE", "config_hash": )" +
           (hash == "null" ? hash : "\"" + hash + "\"") + R"(, "pnl": {"daily_usd": 0.0}})" + "\n";
}

std::string cycles(int from, int to, const std::string& hash) {
    std::string text;
    for (int minute = from; minute < to; ++minute)
        text += cycle(minute, hash);
    return text;
}

/// As an operator types it.
Ended shell(const std::string& line) {
    return run({"/bin/bash", "-c", line});
}

const std::string command = ESS_ESSCTL;

}  // namespace

TEST_CASE("config-hash: the operators' definition, per directory and file") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const std::string fixture = ESS_SOURCE_DIR "/tests/fixtures/config-hash";
    CHECK(essctl({"config-hash", fixture}).out == "0f2a5d04d2dd0bf9  " + fixture + "\n");
    CHECK(shell("cd " + fixture + " && cat policy.yaml signals.yaml universe.yaml | sha256sum | cut -c1-16").out ==
          "0f2a5d04d2dd0bf9\n");
    const auto json = parse_json(essctl({"config-hash", fixture, "/etc/quantum", "--json"}).out);
    REQUIRE(json->size() == 2);
    CHECK(json->at(0).at("config_hash") == "0f2a5d04d2dd0bf9");
    CHECK(json->at(1).at("directory") == "/etc/quantum");
    CHECK(json->at(1).at("files").at(2).at("name") == "universe.yaml");
    CHECK(json->at(1).at("files").at(2).at("size_bytes") == read_whole("/etc/quantum/universe.yaml").size());
    CHECK(essctl({"config-hash"}).out.ends_with("  /etc/quantum\n"));
    const std::string seed = ESS_SOURCE_DIR "/../shared/data/config-hash";
    if (exists(seed)) CHECK(essctl({"config-hash", seed}).out.starts_with(before));
}

TEST_CASE("config-hash: what cannot be read counts as ERROR, and is told") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    fs::remove("/etc/quantum/signals.yaml");
    const Ended ended = essctl({"config-hash"});
    CHECK(ended.code == 0);
    CHECK(ended.says("/etc/quantum/signals.yaml"));
    const std::string same =
        shell("cd /etc/quantum && (cat policy.yaml; printf ERROR; cat universe.yaml) | sha256sum").out;
    CHECK(ended.out.starts_with(same.substr(0, 16)));
    CHECK(essctl({"config-hash", "--strict"}).code == 1);
    CHECK(parse_json(essctl({"config-hash", "--json"}).out)->at(0).at("files").at(1).at("sha256").is_null());
}

TEST_CASE("drift 1, between instances: the newest entry of one beside that of another") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(audit_log, cycles(0, 5, before));
    write_file("/run/other.jsonl", cycles(0, 5, before));
    const std::string line = "tail -1 /run/other.jsonl | " + command + " drift - <(tail -1 " + audit_log + ")";
    const Ended same = shell(line);
    CHECK(same.code == 0);
    CHECK(same.says("NO DRIFT"));
    write_file("/run/other.jsonl", cycles(0, 5, after));
    const Ended differs = shell(line);
    CHECK(differs.code == 1);
    CHECK(differs.says(before));
    CHECK(differs.says(after));
    CHECK(differs.says("stdin"));
}

TEST_CASE("drift 1, between instances: a log beside this host's files, and another host's status") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const std::string here = essctl({"config-hash"}).out.substr(0, 16);
    write_file(audit_log, cycles(0, 5, here));
    CHECK(shell("cat " + std::string(audit_log) + " | " + command + " drift - /etc/quantum").code == 0);
    const Json status{{"state", "armed"}, {"ready", true}, {"config_hash", here}};
    write_file("/run/status.json", status.dump(2) + "\n");
    CHECK(essctl({"drift", "/run/status.json", "/etc/quantum", audit_log, "--since", "2025-11-15"}).code == 0);
    write_file("/etc/quantum/policy.yaml", "changed\n");
    CHECK(essctl({"drift", "/run/status.json", "/etc/quantum"}).code == 1);
}

TEST_CASE("drift 2, over time: the hashes of the last hundred cycles, and where it changed") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(audit_log, cycles(0, 100, "0000000000000000") + cycles(100, 150, before) + cycles(150, 200, after));
    const Ended ended = shell("tail -100 " + std::string(audit_log) + " | " + command + " drift -");
    CHECK(ended.code == 1);
    CHECK(ended.says("  50 bfb734a7aa5cb0a8  2025-11-15T01:40:00Z to 2025-11-15T02:29:00Z\n"));
    CHECK(ended.says("  50 c3d9e8f2a1b4c7d6  2025-11-15T02:30:00Z to 2025-11-15T03:19:00Z\n"));
    CHECK(ended.says("changed at entry 51, 2025-11-15T02:30:00Z: bfb734a7aa5cb0a8 to c3d9e8f2a1b4c7d6"));
    const auto json =
        parse_json(shell("tail -100 " + std::string(audit_log) + " | " + command + " drift - --json").out);
    CHECK(json->at("verdict") == "drift");
    CHECK(json->at("sources").at(0).at("changes").at(0).at("entry") == 51);
}

TEST_CASE("drift 3, after a rollback: the newest is the expected one") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(audit_log, cycles(0, 5, before) + cycles(5, 9, after) + cycle(9, before));
    CHECK(essctl({"drift", audit_log, "--expect", before}).code == 0);
    CHECK(essctl({"drift", audit_log, "--expect", after}).code == 1);
    const std::string here = essctl({"config-hash"}).out.substr(0, 16);
    CHECK(essctl({"drift", "/etc/quantum", "--expect", here}).code == 0);
    CHECK(essctl({"drift", "/etc/quantum", audit_log, "--expect", here}).code == 1);
    // A variable of a script that is empty asks for nothing.
    for (const char* wrong : {"", "null", "bfb734a7", "BFB734A7AA5CB0A8"})
        CHECK(essctl({"drift", audit_log, "--expect", wrong}).code == 2);
}

TEST_CASE("drift 4, which decisions: the entries with a hash") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(audit_log, cycles(0, 3, before) + cycles(3, 5, after));
    const Ended selected = essctl({"drift", audit_log, "--select", after});
    CHECK(selected.code == 0);
    CHECK(selected.out == cycles(3, 5, after));
    CHECK(essctl({"drift", audit_log, "--select", after, "--until", "2025-11-15T00:03:00"}).out == cycle(3, after));
    CHECK(essctl({"drift", audit_log, "--select", "0000000000000000"}).code == 1);
    static_cast<void>(append_operation());
    const std::string here = essctl({"config-hash"}).out.substr(0, 16);
    CHECK(essctl({"drift", other_ledger, "--select", here}).says("Raise the cap"));
}

TEST_CASE("drift 5, compliance: all decisions of a day used one configuration") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(audit_log, cycles(-10, 0, after) + cycles(0, 1440, before) + cycles(1440, 1450, after));
    const Ended day = essctl({"drift", audit_log, "--since", "2025-11-15T00:00:00", "--until", "2025-11-15T23:59:59"});
    CHECK(day.code == 0);
    CHECK(day.says("1440 bfb734a7aa5cb0a8"));
    CHECK(essctl({"drift", audit_log, "--since", "2025-11-15", "--until", "2025-11-15"}).out == day.out);
    CHECK(essctl({"drift", audit_log, "--since", "2025-11-15"}).code == 1);
    CHECK(essctl({"drift", audit_log, "--since", "2025-11-17"}).code == 4);
    CHECK(essctl({"drift", audit_log, "--since", "last week"}).code == 2);
}

TEST_CASE("drift: what does not say is counted and shown, and is no proof") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(audit_log,
               cycles(0, 5, before) + cycle(5, "null") + cycle(6, "") + "{\"timestamp\": \"2025-11-15T00:07:00Z\"}\n");
    const Ended silent = essctl({"drift", audit_log});
    CHECK(silent.code == 4);
    CHECK(silent.says("3 entries without config_hash"));
    write_file(audit_log, cycle(0, before) + "not json\n\n" + cycle(1, before) + "[1]\n");
    const Ended broken = essctl({"drift", audit_log});
    CHECK(broken.code == 4);
    CHECK(broken.says("audit.jsonl:2:"));
    CHECK(broken.says("audit.jsonl:5:"));
    // The last line of a log that is being written.
    write_file(audit_log, cycles(0, 2, before) + cycle(2, before).substr(0, 40));
    const Ended cut = essctl({"drift", audit_log});
    CHECK(cut.code == 0);
    CHECK(cut.says("audit.jsonl:3:"));
}

TEST_CASE("drift: sources that are empty, missing or have no configuration prove nothing") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(audit_log, cycle(0, before));
    write_file("/run/empty", "");
    fs::create_directories("/run/nothing");
    for (const char* path : {"/run/empty", "/run/none"})
        CHECK(essctl({"drift", audit_log, path}).code == 4);
    // Two directories without the files have the same hash, of ERROR.
    CHECK(essctl({"drift", "/run/nothing", "/run/nothing"}).code == 4);
    CHECK(shell(command + " drift - </dev/null").code == 4);
    CHECK(essctl({"drift"}).code == 2);
}

TEST_CASE("drift: a ledger's entries, and its damage") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const std::string id = append_operation();
    CHECK(essctl({"drift", other_ledger, "/etc/quantum"}).code == 0);
    write_file("/etc/quantum/policy.yaml", "changed\n");
    CHECK(essctl({"drift", other_ledger, "/etc/quantum"}).code == 1);
    static_cast<void>(append_operation());
    const Ended changed = essctl({"drift", other_ledger});
    CHECK(changed.code == 1);
    CHECK(changed.says("changed at entry 2"));
    const std::string segment = other_ledger + "/" + shown_operation(id).at("ledger").at("segment").get<std::string>();
    const std::string bytes = read_whole(segment);
    write_file("/run/segment.jsonl", bytes);
    CHECK(essctl({"drift", "/run/segment.jsonl"}).code == 1);
    write_file(segment, bytes.substr(0, bytes.size() - 5));
    CHECK(essctl({"drift", other_ledger}).code == 4);
}

TEST_CASE("drift: a line without an end does not fill the memory") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
#ifdef __SANITIZE_ADDRESS__
    const std::string limit;  // its shadow alone is more
#else
    const std::string limit = "ulimit -v 200000; ";
#endif
    write_file(audit_log, cycle(0, before));
    const Ended ended = shell(limit + "(cat " + audit_log + "; head -c 400000000 /dev/zero | tr '\\0' x; echo; cat " +
                              audit_log + ") | " + command + " drift -");
    CHECK(ended.code == 4);
    CHECK(ended.says("stdin:2:"));
    CHECK(ended.says("2 bfb734a7aa5cb0a8"));
}
