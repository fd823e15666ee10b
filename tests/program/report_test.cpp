// The report of a trip: what essd writes, what essctl makes of the same ledger, and what a browser shows of it.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "core/report_fixture.hpp"
#include "core/report_page.hpp"
#include "host/scratch_directory.hpp"
#include "program/sandbox.hpp"

using namespace ess;
using namespace ess::test;

namespace fs = std::filesystem;

namespace {

const std::string reports = "/var/lib/quantum-ess/reports";

/// Of the newest trip, once there are so many.
std::string trip_id(std::size_t trips = 1) {
    const auto lines = ledger_lines("trip", trips);
    REQUIRE(lines.size() >= trips);
    return lines.back().at("entry").at("operation_id").get<std::string>();
}

std::string report_file(const std::string& id) {
    return reports + "/" + id + ".html";
}

/// `essctl report ID --html -`.
std::string made_page(const std::string& id) {
    const Ended made = essctl({"report", id, "--html", "-"});
    REQUIRE_MESSAGE(made.code == 0, made.err);
    return made.out;
}

/// What is on the disk comes to be what essctl makes.
bool is_current(const std::string& id) {
    return eventually([&] { return exists(report_file(id)) && read_whole(report_file(id)) == made_page(id); });
}

std::string first_check(const std::string& page) {
    const std::size_t begin = page.find("<pre>grep ");
    REQUIRE(begin != std::string::npos);
    std::string command = page.substr(begin + 5, page.find("</pre>", begin) - begin - 5);
    for (const auto& [entity, character] :
         {std::pair<std::string, std::string>{"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}}) {
        for (std::size_t at = command.find(entity); at != std::string::npos; at = command.find(entity))
            command.replace(at, entity.size(), character);
    }
    return command;
}

/// A process of a unit that obeys nothing, so that the kernel has to kill it.
void ignore_everything() {
    for (int signal = 1; signal < SIGRTMIN; ++signal)
        static_cast<void>(std::signal(signal, SIG_IGN));
    for (;;)
        ::pause();
}

/// Looks at the page in a real browser. False where there is none, which is said for the counts.
bool looks_right(const std::string& page, const std::string& report, const std::string& name) {
    const ScratchDirectory scratch;
    write_file(scratch.file(name + ".html"), page);
    write_file(scratch.file(name + ".json"), report);
    Process browser(Start{{"/usr/bin/python3", ESS_SOURCE_DIR "/tests/browser/report", scratch.file(name + ".html"),
                           scratch.file(name + ".json"), "--shots", ESS_BINARY_DIR "/report-shots"},
                          {},
                          {},
                          false});
    const auto ended = browser.wait(600s);
    if (ended == 77) {
        std::puts("skip: no chromium to look at reports with");
        return false;
    }
    CHECK_MESSAGE(ended == 0, browser.out(), browser.err());
    // It has looked at something.
    CHECK(browser.out().find(" checks hold") != std::string::npos);
    return true;
}

}  // namespace

TEST_CASE("report: after a trip essd writes what essctl makes of the ledger") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    const Essd essd;
    write_file(latch, "runaway <b>orders</b> on desk 4");
    CHECK(essd.comes_to("tripped"));
    const std::string id = trip_id();
    CHECK(is_current(id));
    const std::string page = read_whole(report_file(id));
    CHECK(page.find("runaway &lt;b&gt;orders&lt;/b&gt; on desk 4") != std::string::npos);
    CHECK(page.find("<b>orders") == std::string::npos);
    CHECK(fs::status(report_file(id)).permissions() == fs::perms(0640));
    const auto read_by = [&](uid_t uid) { return run(Start{{"/bin/cat", report_file(id)}, {}, uid, false}).code; };
    CHECK(read_by(stranger_uid) != 0);
    CHECK(fs::status(reports).permissions() == fs::perms(0755));
    // The command of the page proves the entry.
    const Ended check = run({"/bin/sh", "-c", first_check(page)});
    CHECK(check.code == 0);
    REQUIRE(check.out.size() > 64);
    CHECK(page.find("must give <code>" + check.out.substr(0, 64) + "</code>") != std::string::npos);
    // An amendment is on the next one.
    CHECK(essctl({"ledger", "amend", id, "--outcome", "ROLLBACK", "--notes", "seen by risk"}).code == 0);
    CHECK(eventually([&] { return read_whole(report_file(id)).find("seen by risk") != std::string::npos; }));
    CHECK(is_current(id));
}

TEST_CASE("report: one that is missing when essd comes up is written") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    std::string id;
    {
        Essd essd;
        write_file(latch, "once");
        CHECK(essd.comes_to("tripped"));
        id = trip_id();
        CHECK(is_current(id));
        CHECK(essd.stop() == 0);
    }
    fs::remove_all(reports);
    const Essd essd;
    CHECK(is_current(id));
}

TEST_CASE("report: one that cannot be written is a warning, and is written when it can be") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(reports, "a file in the way");
    const Essd essd;
    write_file(latch, "");
    CHECK(essd.comes_to("tripped"));
    const std::string id = trip_id();
    CHECK(eventually([&] { return essd.has_fault("reports"); }));
    CHECK_FALSE(essd.has_fault("ledger"));
    CHECK(eventually([&] { return essd.process.err().find("reports cannot be written") != std::string::npos; }));
    fs::remove(reports);
    CHECK(is_current(id));
    CHECK(eventually([&] { return !essd.has_fault("reports"); }));
}

TEST_CASE("report: one whose ledger is gone is not due any more") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    write_file(reports, "a file in the way");
    const Essd essd;
    write_file(latch, "");
    CHECK(essd.comes_to("tripped"));
    static_cast<void>(trip_id());
    CHECK(eventually([&] { return essd.has_fault("reports"); }));
    fs::rename(ledger, "/var/lib/elsewhere");
    CHECK(eventually([&] { return !essd.has_fault("reports"); }, 60s));
    CHECK(eventually([&] { return essd.process.err().find("it is not in the ledger") != std::string::npos; }));
}

TEST_CASE("report: essctl with essd down; files, text, JSON and standard output") {
    Sandbox sandbox;
    if (!sandbox.usable()) return;
    std::string id;
    {
        Essd essd;
        write_file(latch, "with essd down");
        CHECK(essd.comes_to("tripped"));
        id = trip_id();
        CHECK(is_current(id));
        CHECK(essd.stop() == 0);
    }
    const Ended text = essctl({"report", id});
    CHECK(text.code == 0);
    CHECK(text.says("with essd down"));
    CHECK(text.says("How to verify"));
    CHECK(essctl({"report", id, "--text"}).out == text.out);
    CHECK(essctl({"report", id, "--text", "/run/r.txt", "--html", "/run/r.html", "--json", "/run/r.json"}).out.empty());
    CHECK(read_whole("/run/r.txt") == text.out);
    CHECK(read_whole("/run/r.html") == read_whole(report_file(id)));
    const auto json = parse_json(read_whole("/run/r.json"));
    REQUIRE(json);
    CHECK(json->at("ess").at("reason") == "with essd down");
    CHECK(json->at("operation_id") == id);

    CHECK(essctl({"report", id, "--html", "/nowhere/r.html"}).code == 1);
    const Ended unknown = essctl({"report", id + "9"});
    CHECK(unknown.code == 1);
    CHECK(unknown.says("did you mean " + id));
    CHECK(essctl({"report"}).code == 2);
    const Ended denied = run(Start{{ESS_ESSCTL, "report", id}, {}, stranger_uid, false});
    CHECK(denied.code == 1);
    CHECK(denied.says("Permission denied; it is for root and members of the group quantum-ess"));
}

TEST_CASE("report: that of a real trip in a browser") {
    std::string page;
    std::string json;
    {
        Sandbox sandbox;
        if (!sandbox.usable() || !sandbox.has_cgroups()) return;
        Child child(ignore_everything);
        const std::string unit = "/sys/fs/cgroup/system.slice/" + governor;
        fs::create_directories(unit);
        child.move_to(unit);
        const Essd essd;
        CHECK(eventually([&] { return essd.has_fault("bus-down"); }));
        write_file(latch, R"({"reason": "<script>alert('x')</script> & \"quotes\" \u202Ereversed"})");
        CHECK(essd.comes_to("tripped"));
        CHECK(child.signal_that_ends() == SIGKILL);
        const std::string id = trip_id();
        CHECK(is_current(id));
        page = read_whole(report_file(id));
        json = essctl({"report", id, "--json"}).out;
    }
    // In the real /etc again, whose fonts the browser needs.
    static_cast<void>(looks_right(page, json, "trip"));
}

TEST_CASE("report: of one unit, of hundreds, of one that was not stopped, in a browser") {
    for (const std::size_t units : {1U, 100U, 500U}) {
        const Report report = made_report(made_trip(units));
        if (!looks_right(report_page(report), to_json(report).dump(), "units-" + std::to_string(units))) return;
    }
    TripReport trip = made_trip(6);
    trip.outcome = Outcome::Partial;
    trip.stop_time.reset();
    trip.units[2].empty = false;
    trip.units[2].emptied.reset();
    trip.units[2].name = "a" + std::string(200, 'x') + ".service";
    trip.units[4].emptied = 5'000'000us;
    trip.problems = {trip.units[2].name + " still has a process"};
    trip.pulled_down = {"reporting.service"};
    Report report = made_report(trip, made_latch(std::string(500, 'w') + " مرحبا שלום"));
    report.found.operation.amendments = {{{"operation_id", "x"}, {"outcome", "ROLLBACK"}, {"notes", "a\nb\nc"}}};
    report.found.operation.signoffs = {{{"operation_id", "x"}, {"approved_by", "alice"}}};
    static_cast<void>(looks_right(report_page(report), to_json(report).dump(), "not-stopped"));
}
