#include "core/metrics.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <sstream>
#include <string>
#include <vector>

#include "core/metric_families.hpp"

using namespace ess;
using namespace std::chrono_literals;

namespace {

WallTime at(const std::string& text) {
    return *from_rfc3339(text);
}

MetricsSnapshot full_snapshot() {
    MetricsSnapshot snapshot;
    Status& status = snapshot.status;
    status.state = State::Tripped;
    status.faults = {{"bus-down", Fault::Severity::Error, "the bus is down"}, {"x", Fault::Severity::Warning, ""}};
    status.latch.present = true;
    UnitTimeline first;
    first.name = "a.service";
    first.empty = false;
    UnitTimeline second;
    second.name = "b.service";
    second.emptied = 1500us;
    status.trip.units = {first, second};
    status.trip.outcome = Outcome::Partial;
    status.unit_states["b.service"] = {"masked", "failed", "failed"};
    status.guarded = {"a.service"};
    status.config_hash = "bfb734a7aa5cb0a8";
    status.ledger_entries = 7;
    status.ledger_writable = true;
    status.version = "1.2.3";
    snapshot.counters.trips = {3, 1};
    snapshot.counters.kills["a.service"] = 9;
    snapshot.ledger.emplace();
    snapshot.ledger->entries["trip"] = 4;
    snapshot.ledger->newest["trip"] = at("2026-01-28T01:41:58.5Z");
    snapshot.ledger->last_append = at("2026-01-28T01:41:58.5Z");
    snapshot.ledger->unit_stops = {{"a.service", 70ms}, {"b.service", 9s}, {"gone.service", 9s}};
    snapshot.ledger->waiting = 2;
    snapshot.ledger->breaches = 1;
    status.last_drill = DrillSummary{at("2026-01-28T01:00:00Z"), 10, 12500us, "SUCCESS"};
    snapshot.drill_max_age = 26h;
    snapshot.budget = 1500ms;
    snapshot.started = at("2026-01-28T00:00:00Z");
    snapshot.collected = at("2026-01-28T01:42:00Z");
    snapshot.watchdog_fed = at("2026-01-28T01:41:59.25Z");
    return snapshot;
}

bool has(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

void check_lines(const std::string& text, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
        CAPTURE(line);
        CHECK(has(text, line));
    }
}

/// Each family once, with HELP and TYPE before its samples, and no sample twice.
void check_form(const std::string& text) {
    std::vector<std::string> seen;
    std::string family;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        CAPTURE(line);
        const std::string key = line.substr(0, line.rfind(' '));
        if (line.starts_with("# HELP ")) {
            family = line.substr(7, line.find(' ', 7) - 7);
            CHECK(family.starts_with("quantum_ess_"));
            CHECK(std::ranges::count(seen, "# HELP " + family) == 0);
            seen.push_back("# HELP " + family);
        } else {
            CHECK((line.starts_with("# TYPE " + family + " ") || line.starts_with(family)));
            CHECK(std::ranges::count(seen, key) == 0);
            seen.push_back(key);
        }
    }
    CHECK(text.ends_with('\n'));
}

}  // namespace

TEST_CASE("metrics: each family once, with its help and type, whatever is known") {
    check_form(metrics_text(full_snapshot()));
    check_form(metrics_text(MetricsSnapshot{}));
    check_form(metrics_text_when_down(at("2026-01-28T00:00:00Z")));
}

TEST_CASE("metrics: the values") {
    check_lines(
        metrics_text(full_snapshot()),
        {"quantum_ess_up 1", "quantum_ess_build_info{version=\"1.2.3\"} 1",
         "quantum_ess_start_timestamp_seconds 1769558400", "quantum_ess_collected_timestamp_seconds 1769564520",
         "quantum_ess_watchdog_last_ping_timestamp_seconds 1769564519.25", "quantum_ess_state{state=\"armed\"} 0",
         "quantum_ess_state{state=\"tripped\"} 1", "quantum_ess_ready 0", "quantum_ess_faults{severity=\"error\"} 1",
         "quantum_ess_fault{code=\"x\",severity=\"warning\"} 1", "quantum_ess_latch_present 1",
         "quantum_ess_latch_persisted 0", "quantum_ess_config_info{hash=\"bfb734a7aa5cb0a8\"} 1",
         "quantum_ess_actions_total{action=\"trip\",outcome=\"partial\"} 1",
         "quantum_ess_actions_total{action=\"reset\",outcome=\"success\"} 0", "quantum_ess_trip_partial 1",
         "quantum_ess_stop_budget_seconds 1.5", "quantum_ess_unit_running{unit=\"a.service\"} 1",
         "quantum_ess_unit_running{unit=\"b.service\"} 0",
         "quantum_ess_unit_state{unit=\"b.service\",state=\"failed\"} 1",
         "quantum_ess_unit_masked{unit=\"b.service\"} 1", "quantum_ess_unit_guarded{unit=\"a.service\"} 1",
         "quantum_ess_unit_kills_total{unit=\"a.service\"} 9", "quantum_ess_unit_kills_total{unit=\"b.service\"} 0",
         // The ledger's word for what this essd has not stopped itself.
         "quantum_ess_unit_last_stop_seconds{unit=\"a.service\"} 0.07",
         "quantum_ess_unit_last_stop_seconds{unit=\"b.service\"} 0.0015", "quantum_ess_ledger_degraded 1",
         "quantum_ess_ledger_waiting_entries 2", "quantum_ess_ledger_entries 7",
         "quantum_ess_ledger_kind_entries{kind=\"trip\"} 4",
         "quantum_ess_ledger_last_append_timestamp_seconds 1769564518.5",
         "quantum_ess_ledger_unsigned_off_entries{kind=\"breach\"} 1",
         "quantum_ess_ledger_unsigned_off_entries{kind=\"configuration\"} 0", "quantum_ess_drill_max_age_seconds 93600",
         "quantum_ess_last_drill_timestamp_seconds 1769562000", "quantum_ess_last_drill_success 1",
         "quantum_ess_last_drill_rounds 10", "quantum_ess_last_drill_max_seconds 0.0125"});
}

TEST_CASE("metrics: what is not known is left out, not zero") {
    const std::string text = metrics_text(MetricsSnapshot{});
    for (const char* name : {"config_info", "ledger_", "unit_", "last_stop", "last_drill", "watchdog", "fault{"}) {
        CAPTURE(name);
        CHECK(text.find(std::string("\nquantum_ess_") + name) == std::string::npos);
    }
    // A ledger that could not be opened has no number of entries: zero would look as if it had shrunk.
    MetricsSnapshot unopened;
    unopened.ledger.emplace();
    unopened.ledger->failures = 3;
    CHECK(has(metrics_text(unopened), "quantum_ess_ledger_append_errors_total 3"));
    CHECK(has(metrics_text(unopened), "quantum_ess_ledger_degraded 1"));
    CHECK(metrics_text(unopened).find("ledger_entries") == std::string::npos);
}

TEST_CASE("metrics: a drill that failed, and never saw the canary go") {
    MetricsSnapshot snapshot = full_snapshot();
    snapshot.status.last_drill->outcome = "PARTIAL";
    snapshot.status.last_drill->max.reset();
    check_form(metrics_text(snapshot));
    CHECK(has(metrics_text(snapshot), "quantum_ess_last_drill_success 0"));
    CHECK(metrics_text(snapshot).find("\nquantum_ess_last_drill_max_seconds") == std::string::npos);
}

TEST_CASE("metrics: a trip is partial only once it is reported") {
    MetricsSnapshot snapshot = full_snapshot();
    snapshot.status.state = State::Tripping;
    CHECK(has(metrics_text(snapshot), "quantum_ess_trip_partial 0"));
    snapshot.status.state = State::Tripped;
    snapshot.status.trip.outcome = Outcome::Success;
    CHECK(has(metrics_text(snapshot), "quantum_ess_trip_partial 0"));
}

TEST_CASE("metrics: the end in order says so") {
    const std::string text = metrics_text_when_down(at("2026-01-28T00:00:00Z"));
    check_lines(text, {"quantum_ess_up 0", "quantum_ess_collected_timestamp_seconds 1769558400"});
    CHECK(text.find("state") == std::string::npos);
}

TEST_CASE("metrics: label values are escaped, whatever bytes they have") {
    MetricFamilies to;
    to.begin("x", MetricFamilies::Type::Gauge, "help");
    to.sample(1, {{"a", "back\\slash \"quoted\"\nnext"}, {"b", "\xff\xfe"}, {"c", "ä{},"}});
    CHECK(to.take() ==
          "# HELP quantum_ess_x help\n# TYPE quantum_ess_x gauge\n"
          "quantum_ess_x{a=\"back\\\\slash \\\"quoted\\\"\\nnext\",b=\"\xef\xbf\xbd\xef\xbf\xbd\",c=\"ä{},\"} 1\n");
}

TEST_CASE("metrics: a family without a sample is left out") {
    MetricFamilies to;
    to.begin("x", MetricFamilies::Type::Gauge, "help");
    to.begin("y", MetricFamilies::Type::Counter, "help");
    to.sample(2);
    CHECK(to.take() == "# HELP quantum_ess_y help\n# TYPE quantum_ess_y counter\nquantum_ess_y 2\n");
}

TEST_CASE("metrics: seconds") {
    CHECK(to_seconds_text(0us) == "0");
    CHECK(to_seconds_text(1us) == "0.000001");
    CHECK(to_seconds_text(1500ms) == "1.5");
    CHECK(to_seconds_text(100s) == "100");
    CHECK(to_seconds_text(-1500us) == "-0.0015");
    CHECK(to_seconds_text(1769558400s + 120us) == "1769558400.00012");
}

TEST_CASE("metrics: stop times go into the first bucket that they fit in, and add up") {
    MetricsSnapshot snapshot;
    for (const Micros time : {Micros(1ms), Micros(5ms), Micros(5001us), Micros(2s), Micros(2001ms)})
        snapshot.counters.stops.add(time);
    check_lines(
        metrics_text(snapshot),
        {"quantum_ess_stop_duration_seconds_bucket{le=\"0.005\"} 2",
         "quantum_ess_stop_duration_seconds_bucket{le=\"0.01\"} 3",
         "quantum_ess_stop_duration_seconds_bucket{le=\"1\"} 3", "quantum_ess_stop_duration_seconds_bucket{le=\"2\"} 4",
         "quantum_ess_stop_duration_seconds_bucket{le=\"+Inf\"} 5", "quantum_ess_stop_duration_seconds_sum 4.012001",
         "quantum_ess_stop_duration_seconds_count 5"});
}

TEST_CASE("metrics: a trip is counted once, its time when the last process is gone") {
    Counters counters;
    TripReport report;
    report.stop_time = 10ms;
    counters.count_trip(report);
    CHECK(counters.trips.success == 1);
    CHECK(counters.stops.count == 1);
    // Partial for a mask that is missing: the time was known at once.
    report.outcome = Outcome::Partial;
    counters.count_trip(report);
    report.outcome = Outcome::Success;
    report.completion = true;
    counters.count_trip(report);
    CHECK(counters.trips.partial == 1);
    CHECK(counters.completions == 1);
    CHECK(counters.stops.count == 2);
    // Partial for a process that lives on.
    TripReport open;
    open.outcome = Outcome::Partial;
    counters.count_trip(open);
    CHECK(counters.stops.count == 2);
    report.stop_time = 30s;
    counters.count_trip(report);
    CHECK(counters.stops.count == 3);
    CHECK(counters.trips.success == 1);
    CHECK(counters.trips.partial == 2);
    CHECK(counters.completions == 2);
}

TEST_CASE("metrics: what the ledger's lines tell") {
    LedgerFigures figures;
    const Json trip{
        {"stop_us", 900},
        {"units", {{{"name", "a.service"}, {"empty_us", 900}}, {{"name", "b.service"}, {"empty_us", nullptr}}}}};
    figures.count(LedgerKind::Trip, trip, at("2026-01-01T00:00:00Z"));
    figures.count(LedgerKind::Trip, {{"stop_us", nullptr}, {"units", Json::array()}}, at("2026-01-02T00:00:00Z"));
    figures.count(LedgerKind::Reset, nullptr, at("2026-01-03T00:00:00Z"));
    // What somebody wrote by hand.
    for (const Json& odd : {Json("text"), Json{{"units", 7}}, Json{{"units", {nullptr, "x"}}, {"stop_us", "soon"}}})
        figures.count(LedgerKind::Trip, odd, at("2026-01-02T00:00:00Z"));
    CHECK(figures.entries.at("trip") == 5);
    CHECK(figures.entries.at("reset") == 1);
    CHECK(figures.newest.at("reset") == at("2026-01-03T00:00:00Z"));
    CHECK(figures.last_stop == 900us);
    CHECK(figures.unit_stops == std::map<std::string, Micros>{{"a.service", 900us}});
}
