// What essctl ledger append records, and what it refuses.
#include <doctest/doctest.h>

#include <filesystem>
#include <sstream>
#include <string>

#include "program/http_server.hpp"
#include "program/ledger_fixture.hpp"

using namespace ess;
using namespace ess::test;

namespace fs = std::filesystem;

namespace {

std::size_t lines_in(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count(text, '\n')) + (text.empty() || text.back() == '\n' ? 0 : 1);
}

/// A real one on a socket of its own; not started where it is not installed.
class RedisServer {
  public:
    RedisServer()
        : process_({"/usr/bin/redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no",
                    "--dir", "/run"}) {}

    /// Whether it answers.
    [[nodiscard]] bool answers() {
        return eventually([this] {
            return !process_.running() || run({"/usr/bin/redis-cli", "-s", path, "PING"}).out == "PONG\n";
        });
    }

    static constexpr const char* path = "/run/redis-test";

  private:
    Process process_;
};

bool has_redis() {
    const bool installed = exists("/usr/bin/redis-server");
    if (!installed) std::puts("skip: redis-server is not installed");
    return installed;
}

std::string samples(int count) {
    std::string text = "# HELP p28_mode the mode\n# TYPE p28_mode gauge\n";
    for (int i = 0; i < count; ++i)
        text += "p28_budget{n=\"" + std::to_string(i) + "\"} " + std::to_string(i) + "\np27_other 1\n";
    return text;
}

}  // namespace

TEST_CASE("ledger append: an entry with what is known by itself") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const std::string id = append_operation(
        {"--objective", "use the margin", "--allowed-service", "quantum-governor, quantum-execution", "--allowed-path",
         "/etc/a", "--allowed-path", "/etc/b", "--rollback-ref", "git revert 1", "--notes", "two\nlines \x1b[31m"});
    const Json entry = shown_operation(id);
    CHECK(entry.at("operation_name") == "Raise the cap");
    CHECK(entry.at("objective") == "use the margin");
    CHECK(entry.at("allowed_services") == Json{"quantum-governor", "quantum-execution"});
    CHECK(entry.at("allowed_paths") == Json{"/etc/a", "/etc/b"});
    CHECK(entry.at("requested_by") == "root");
    CHECK(entry.at("approved_by") == "SELF");
    CHECK(entry.at("outcome") == "SUCCESS");
    CHECK(entry.at("notes") == "two lines [31m");
    CHECK(entry.at("hostname").get<std::string>().size() > 0);
    CHECK(from_rfc3339(entry.at("execution_timestamp").get<std::string>()));
    CHECK(entry.at("config_hash") == parse_json(essctl({"config-hash", "--json"}).out)->at(0).at("config_hash"));
    // There is no systemd in the sandbox: that is noted, and not fatal.
    CHECK(entry.at("services_status").at("quantum-governor") == "unknown");
    CHECK(entry.at("ledger").at("segment").get<std::string>().ends_with(".jsonl"));
}

TEST_CASE("ledger append: what is wrong is named with what is right, and nothing is written") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const auto refused = [](const std::vector<std::string>& more) {
        const Ended ended = essctl(operation_words(more));
        CHECK(ended.code == 2);
        return ended.err;
    };
    CHECK(refused({"--outcome", "FINE"}).find("SUCCESS, PARTIAL, ROLLBACK") != std::string::npos);
    CHECK(refused({"--operation-id", "OPS-1"}).find("OPS-2026-01-28-001") != std::string::npos);
    CHECK(refused({"--operation-id", "OPS-2026-02-30-001"}).find("--operation-id") != std::string::npos);
    CHECK(refused({"--rollback-of", "the last one"}).find("--rollback-of") != std::string::npos);
    CHECK(refused({"--metrics-grep", "["}).find("--metrics-grep") != std::string::npos);
    CHECK(refused({"--metrics-grep", "a"}).find("needs --metrics-url") != std::string::npos);
    CHECK(refused({"--redis", "GET 'a"}).find("--redis") != std::string::npos);
    const Ended empty = essctl({"ledger", "append", "--risk-class", "HARMLESS", "--directory", other_ledger});
    CHECK(empty.code == 2);
    for (const char* said : {"--operation is required", "--blast-radius is required", "--changes-summary is required",
                             "READ_ONLY, LOW_RISK_CONFIG, SERVICE_RESTART, FILESYSTEM_WRITE"}) {
        CAPTURE(said);
        CHECK(empty.says(said));
    }
    CHECK_FALSE(exists(other_ledger));
}

TEST_CASE("ledger append: the same operation_id twice is one entry") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const std::string given = "OPS-2026-01-28-007";
    CHECK(append_operation({"--operation-id", given}) == given);
    const Ended again = essctl(operation_words({"--operation-id", given, "--notes", "other"}));
    CHECK(again.code == 0);
    CHECK(again.says("already recorded"));
    CHECK(listed_operations().size() == 1);
    const Ended json = essctl(operation_words({"--operation-id", given, "--json"}));
    CHECK(parse_json(json.out)->at("existed") == true);
    CHECK(parse_json(json.out)->at("seq") == shown_operation(given).at("ledger").at("seq"));
}

TEST_CASE("ledger append: a proof file is recorded by hash, size and time") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file("/run/proof", "abc");
    const Json proof = shown_operation(append_operation({"--proof", "/run/proof"})).at("proof_file");
    CHECK(proof.at("path") == "/run/proof");
    CHECK(proof.at("sha256") == "ba7816bf8f01cfea");
    CHECK(proof.at("size_bytes") == 3);
    CHECK(from_rfc3339(proof.at("mtime_utc").get<std::string>()));
    const Json missing = shown_operation(append_operation({"--proof", "/run/none"})).at("proof_file");
    CHECK(missing == Json{{"path", "/run/none"}, {"note", "FAILED"}});
}

TEST_CASE("ledger append: metrics are the lines that match, thirty at most") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const HttpServer server(HttpServer::ok(samples(100)));
    const auto snapshot = [&](const std::vector<std::string>& more) {
        return shown_operation(append_operation(more)).at("metrics_snapshot").get<std::string>();
    };
    const std::string url = server.url("/metrics");
    const std::string some = snapshot({"--metrics-url", url, "--metrics-grep", "^p28_(budget|mode).*[{]n=\"[0-2]\""});
    CHECK(some == "# " + url + "\np28_budget{n=\"0\"} 0\np28_budget{n=\"1\"} 1\np28_budget{n=\"2\"} 2\n");
    const std::string all = snapshot({"--metrics-url", url});
    CHECK(lines_in(all) == 30);
    CHECK(all.ends_with("# 172 more lines\n"));
    CHECK(snapshot({"--metrics-url", url, "--metrics-grep", "nothing"}) == "# " + url + ": FAILED\n");
    const std::string two = snapshot({"--metrics-url", url, "--metrics-url", "http://127.0.0.1:1/x"});
    CHECK(two.ends_with("# http://127.0.0.1:1/x: FAILED\n"));
}

TEST_CASE("ledger append: an answer that is an error, endless or no HTTP is no evidence") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    for (const char* response :
         {"HTTP/1.0 500 Oops\r\n\r\np28_x 1\n", "HTTP/1.0 302 Moved\r\nLocation: /\r\n\r\n", ""}) {
        CAPTURE(response);
        const HttpServer server(response);
        const Ended ended = essctl(operation_words({"--metrics-url", server.url("/"), "--strict"}));
        CHECK(ended.code == 1);
        CHECK(ended.says(server.url("/")));
    }
    const Ended file = essctl(operation_words({"--metrics-url", "file:///etc/passwd", "--strict"}));
    CHECK(file.code == 1);
    CHECK_FALSE(exists(other_ledger));
}

TEST_CASE("ledger append: what Redis says, and what it says no to") {
    Sandbox sandbox;
    if (!sandbox.usable() || !has_redis()) return;
    RedisServer server;
    REQUIRE(server.answers());
    const std::string at = std::string("-s ") + RedisServer::path;
    const Json entry = shown_operation(
        append_operation({"--redis", at + " SET 'quantum key' 'a b'", "--redis", at + " GET \"quantum key\"", "--redis",
                          at + " GET none", "--redis", at + " LPUSH 'quantum key' x"}));
    const std::string command = "# redis-cli " + at;
    CHECK(entry.at("redis_snapshot") == command + " SET 'quantum key' 'a b'\nOK\n" + command +
                                            " GET \"quantum key\"\na b\n" + command + " GET none\n(empty)\n" + command +
                                            " LPUSH 'quantum key' x: FAILED\n");
}

TEST_CASE("ledger append: --strict writes nothing without the evidence, and says which") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Ended ended = essctl(operation_words(
        {"--strict", "--proof", "/run/none", "--redis", "-p 1 PING", "--metrics-url", "http://127.0.0.1:1/metrics"}));
    CHECK(ended.code == 1);
    for (const char* what :
         {"/run/none", "redis-cli -p 1 PING", "http://127.0.0.1:1/metrics", "nothing was recorded"}) {
        CAPTURE(what);
        CHECK(ended.says(what));
    }
    CHECK_FALSE(exists(other_ledger));
    write_file("/run/proof", "abc");
    CHECK(shown_operation(append_operation({"--strict", "--proof", "/run/proof"})).contains("proof_file"));
}

TEST_CASE("ledger append: the commit and branch of the configured repository") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const std::string repository = "/run/repository";
    write_file(config_file, "units: [quantum-governor]\nledger: {git_repository: " + repository + "}\n");
    CHECK(essctl(operation_words({"--strict"})).code == 1);
    REQUIRE(run({"/usr/bin/git", "init", "-q", "-b", "trunk", repository}).code == 0);
    REQUIRE(run({"/usr/bin/git", "-C", repository, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q",
                 "--allow-empty", "-m", "x"})
                .code == 0);
    const Json entry = shown_operation(append_operation({"--strict"}));
    CHECK(entry.at("git_branch") == "trunk");
    CHECK(entry.at("git_commit").get<std::string>().size() == 8);
}

TEST_CASE("ledger append: without essd the daemon's own ledger is written all the same") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const std::vector<std::string> words{
        "ledger",         "append", "--operation",       "x",   "--risk-class", "READ_ONLY",
        "--blast-radius", "none",   "--changes-summary", "none"};
    CHECK(essctl(words).code == 0);
    REQUIRE(ledger_lines("append", 1).size() == 1);
    CHECK(ledger_lines("append", 1)[0].at("ess").at("recorded_by") == "root");
}

TEST_CASE("ledger template: filled in it is an entry, unedited it is not") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    fs::create_directories("/var/lib/other");
    const std::string text = essctl({"ledger", "template"}).out;
    const auto from = [](const std::string& content) {
        write_file("/run/entry.yaml", content);
        return essctl({"ledger", "append", "--from", "/run/entry.yaml", "--directory", other_ledger});
    };
    const Ended unedited = from(text);
    CHECK(unedited.code == 2);
    std::istringstream lines(text);
    std::string filled;
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        const std::string field = line.substr(0, line.find(':'));
        if (line.find(": <") == std::string::npos) {
            filled += line + "\n";
            continue;
        }
        CAPTURE(line);
        CHECK(unedited.says("entry.yaml:" + std::to_string(number) + ":"));
        if (field == "risk_class") filled += "risk_class: READ_ONLY\n";
        if (field == "outcome") filled += "outcome: PARTIAL  # not all verified\n";
        if (!field.ends_with("_timestamp") && field != "risk_class" && field != "outcome")
            filled += field + ": my " + field + "\n";
    }
    CHECK_FALSE(exists(other_ledger));
    const Ended done = from(filled);
    REQUIRE_MESSAGE(done.code == 0, done.err);
    const Json entry = shown_operation(listed_operations().at(0).at("operation_id"));
    CHECK(entry.at("blast_radius") == "my blast_radius");
    CHECK(entry.at("outcome") == "PARTIAL");
    CHECK(entry.at("comments").at("outcome") == "not all verified");
    CHECK(entry.at("config_hash").get<std::string>().size() == 16);
}

TEST_CASE("ledger append --from: faults with their lines") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const auto fault = [](const std::string& content) {
        write_file("/run/entry.yaml", content);
        const Ended ended = essctl({"ledger", "append", "--from", "/run/entry.yaml", "--directory", other_ledger});
        CHECK(ended.code == 2);
        return ended.err;
    };
    const std::string good =
        "operation_name: x\nrequested_by: a\napproved_by: b\nrisk_class: READ_ONLY\n"
        "blast_radius: none\nchanges_summary: none\n";
    CHECK(fault(good).find("outcome is missing") != std::string::npos);
    CHECK(fault(good + "outcome: FINE\n").find("entry.yaml:7:") != std::string::npos);
    CHECK(fault(good + "outcome: SUCCESS\noperation_id: OPS-1\n").find("operation_id") != std::string::npos);
    CHECK(fault("x: [").find("entry.yaml:") != std::string::npos);
    CHECK_FALSE(fault("").empty());
    CHECK(essctl({"ledger", "append", "--from", "/run/none", "--directory", other_ledger}).code == 2);
    CHECK_FALSE(exists(other_ledger));
}
