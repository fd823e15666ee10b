// What essd shows as metrics: to essctl, and in the file of the textfile collector.
#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

#include "program/promtool.hpp"
#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

namespace fs = std::filesystem;

namespace {

const std::string directory = "/run/textfiles";
const std::string textfile = directory + "/quantum_ess.prom";
const std::string file_config = "units: [quantum-governor]\nmetrics: {textfile: " + textfile + "}\n";
/// What could not be written is tried again with the next one.
constexpr std::chrono::milliseconds next_write = 40s;

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

bool file_comes_to(const std::string& line, std::chrono::milliseconds time = patience) {
    return eventually([&] { return has_line(read_whole(textfile), line); }, time);
}

std::string metrics() {
    const Ended shown = essctl({"metrics"});
    CHECK(shown.code == 0);
    CHECK(shown.err == "");
    return shown.out;
}

void check_by_promtool(const std::string& text) {
    if (has_promtool()) CHECK(problems_of_metrics(text) == "");
}

std::size_t files_in(const std::string& path) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("metrics: not ready, and then tripped") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    CHECK(eventually([&] { return !essd.has_fault("starting"); }));
    const std::string before = metrics();
    CHECK(has_line(before, "quantum_ess_up 1"));
    CHECK(has_line(before, "quantum_ess_state{state=\"not-ready\"} 1"));
    CHECK(has_line(before, "quantum_ess_ready 0"));
    CHECK(has_line(before, "quantum_ess_fault{code=\"bus-down\",severity=\"error\"} 1"));
    CHECK(has_line(before, "quantum_ess_latch_present 0"));
    CHECK(has_line(before, "quantum_ess_stop_budget_seconds 2"));
    CHECK(has_line(before, "quantum_ess_unit_running{unit=\"quantum-governor.service\"} 0"));
    CHECK(has_line(before, "quantum_ess_ledger_degraded 0"));
    CHECK(has_line(before, "quantum_ess_ledger_kind_entries{kind=\"genesis\"} 1"));
    CHECK(before.find("quantum_ess_config_info{hash=\"" + text_at(*essd.status(), "config_hash") + "\"} 1\n") !=
          std::string::npos);
    CHECK(before.find("last_stop") == std::string::npos);
    check_by_promtool(before);

    write_file(latch, "");
    CHECK(essd.comes_to("tripped"));
    CHECK(ledger_lines("trip", 1).size() == 1);
    CHECK(eventually([] { return has_line(essctl({"metrics"}).out, "quantum_ess_latch_persisted 1"); }));
    const std::string after = metrics();
    CHECK(has_line(after, "quantum_ess_state{state=\"tripped\"} 1"));
    CHECK(has_line(after, "quantum_ess_latch_present 1"));
    // There is no bus here, so nothing is masked.
    CHECK(has_line(after, "quantum_ess_trip_partial 1"));
    CHECK(has_line(after, "quantum_ess_actions_total{action=\"trip\",outcome=\"partial\"} 1"));
    CHECK(has_line(after, "quantum_ess_stop_duration_seconds_count 1"));
    CHECK(has_line(after, "quantum_ess_ledger_kind_entries{kind=\"trip\"} 1"));
    CHECK(after.find("\nquantum_ess_last_stop_seconds ") != std::string::npos);
    check_by_promtool(after);
}

TEST_CASE("metrics: a unit's kill and its time are counted, and the ledger keeps the time over a restart") {
    Sandbox sandbox;
    if (!sandbox.usable() || !sandbox.has_cgroups()) return;
    const std::string unit = "quantum-execution.service";
    // As the sandbox shows it: the test's slice is the whole hierarchy.
    const std::string cgroup = "/sys/fs/cgroup/system.slice/" + unit;
    fs::create_directories(cgroup);
    {
        Child child;
        child.move_to(cgroup);
        Essd essd;
        CHECK(has_line(metrics(), "quantum_ess_unit_running{unit=\"" + unit + "\"} 1"));
        write_file(latch, "");
        CHECK(child.signal_that_ends() == SIGKILL);
        CHECK(essd.comes_to("tripped"));
        CHECK(ledger_lines("trip", 1).size() == 1);
        const std::string text = metrics();
        CHECK(has_line(text, "quantum_ess_unit_running{unit=\"" + unit + "\"} 0"));
        CHECK(has_line(text, "quantum_ess_unit_kills_total{unit=\"" + unit + "\"} 1"));
        CHECK(text.find("quantum_ess_unit_last_stop_seconds{unit=\"" + unit + "\"} 0.") != std::string::npos);
        CHECK(essd.stop() == 0);
    }
    const Essd again;
    CHECK(eventually([&] {
        return essctl({"metrics"}).out.find("quantum_ess_unit_last_stop_seconds{unit=\"" + unit + "\"} 0.") !=
               std::string::npos;
    }));
    CHECK(has_line(metrics(), "quantum_ess_unit_kills_total{unit=\"" + unit + "\"} 0"));
}

TEST_CASE("metrics: everyone may read them; without essd there are none, and it is said why") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    {
        Essd essd;
        const Ended shown = run(Start{{ESS_ESSCTL, "metrics"}, {}, stranger_uid, false});
        CHECK(shown.code == 0);
        CHECK(has_line(shown.out, "quantum_ess_up 1"));
        CHECK(essd.stop() == 0);
    }
    const Ended none = essctl({"metrics"});
    CHECK(none.code == 4);
    CHECK(none.out == "");
    CHECK(none.err.find("essd is not running; start it") != std::string::npos);
}

TEST_CASE("metrics: the file is there, follows the state, and says when essd has ended") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(config_file, file_config);
    fs::create_directories(directory);
    Essd essd;
    CHECK(file_comes_to("quantum_ess_state{state=\"not-ready\"} 1"));
    CHECK((fs::status(textfile).permissions() & fs::perms::all) == fs::perms(0644));
    write_file(latch, "");
    CHECK(file_comes_to("quantum_ess_state{state=\"tripped\"} 1"));
    CHECK_FALSE(essd.has_fault("metrics-file"));
    check_by_promtool(read_whole(textfile));
    CHECK(essd.stop() == 0);
    const std::string last = read_whole(textfile);
    CHECK(has_line(last, "quantum_ess_up 0"));
    CHECK(last.find("state") == std::string::npos);
    check_by_promtool(last);
    CHECK(files_in(directory) == 1);
}

TEST_CASE("metrics: it is written again and again while nothing changes") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(config_file, file_config);
    fs::create_directories(directory);
    const Essd essd;
    CHECK(file_comes_to("quantum_ess_ready 0"));
    fs::remove(textfile);
    CHECK(file_comes_to("quantum_ess_ready 0", next_write));
}

TEST_CASE("metrics: a directory that is missing, and one that is full, are a warning and nothing more") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(config_file, file_config);
    const Essd essd;
    CHECK(eventually([&] { return essd.has_fault("metrics-file"); }));
    const auto status = essd.status();
    REQUIRE(status);
    for (const Json& fault : status->at("faults"))
        if (fault.at("code") == "metrics-file") CHECK(fault.at("severity") == "warning");
    fs::create_directories(directory);
    sandbox.mount_tmpfs(directory, "size=4k,mode=755");
    write_file(directory + "/ballast", std::string(4096, 'x'));
    write_file(latch, "");
    CHECK(essd.comes_to("tripped"));
    CHECK(ledger_lines("trip", 1).size() == 1);
    CHECK(eventually([&] {
        return essd.process.err().find("No space left") != std::string::npos ||
               essd.status()->dump().find("No space left") != std::string::npos;
    }));
    CHECK(essd.has_fault("metrics-file"));
    // Nothing is left of the attempts.
    CHECK(files_in(directory) == 1);
    fs::remove(directory + "/ballast");
    REQUIRE(::mount("none", directory.c_str(), "tmpfs", MS_REMOUNT, "size=1m") == 0);
    CHECK(file_comes_to("quantum_ess_state{state=\"tripped\"} 1", next_write));
    CHECK(eventually([&] { return !essd.has_fault("metrics-file"); }));
}

TEST_CASE("metrics: a file that hangs does not delay a trip, its entry, or the end") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(config_file, file_config);
    Essd essd;
    CHECK(eventually([&] { return essd.has_fault("metrics-file"); }));
    // Whoever opens a FIFO for writing waits for a reader.
    const std::string hanging = "/run/hanging";
    fs::create_directories(hanging);
    const std::string fifo = "/.quantum_ess.prom." + std::to_string(essd.process.pid());
    REQUIRE(::mkfifo((hanging + fifo).c_str(), 0600) == 0);
    fs::rename(hanging, directory);
    const auto hangs = [&] {
        return essd.status()->dump().find("does not answer: the metrics are stale") != std::string::npos;
    };
    CHECK(eventually(hangs, next_write));
    CHECK(essd.has_fault("metrics-file"));
    const Instant begun = monotonic_now();
    write_file(latch, "");
    CHECK(essd.comes_to("tripped"));
    CHECK(ledger_lines("trip", 1).size() == 1);
    CHECK(monotonic_now() - begun < 2s);
    CHECK_FALSE(essd.has_fault("disk"));
    CHECK(has_line(metrics(), "quantum_ess_ledger_degraded 0"));
    CHECK(essd.stop() == 0);
    CHECK(essd.process.err().find("do not say that essd has ended") != std::string::npos);
}
