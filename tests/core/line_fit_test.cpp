#include "core/line_fit.hpp"

#include <doctest/doctest.h>

#include <string>

#include "core/ledger_line.hpp"

using namespace ess;

namespace {

Json many_units(std::size_t count) {
    Json units = Json::array();
    for (std::size_t i = 0; i < count; ++i)
        units.push_back({{"name", "quantum-strategy@" + std::to_string(i) + ".service"}, {"killed_us", 1'000'000 + i}});
    return units;
}

}  // namespace

TEST_CASE("line fit: what fits is left as it is") {
    Json entry{{"operation_name", "Emergency stop"}, {"notes", "n"}};
    Json ess{{"units", many_units(10)}};
    const Json before = entry;
    CHECK(fit_line(entry, ess).empty());
    CHECK(entry == before);
    CHECK(ess["units"].size() == 10);
    Json none;
    CHECK(fit_line(entry, none).empty());
}

TEST_CASE("line fit: a stop of thousands of units becomes a line, and says what is missing") {
    Json status = Json::object();
    Json services = Json::array();
    for (int i = 0; i < 4096; ++i) {
        const std::string name = "quantum-strategy@" + std::to_string(i);
        status[name] = "stopped in 12.3 ms, masked";
        services.push_back(name);
    }
    Json entry{{"operation_name", "Emergency stop"},
               {"services_status", status},
               {"allowed_services", services},
               {"changes_summary", std::string(100'000, 'x')},
               {"notes", "Reason: r."}};
    Json ess{{"units", many_units(4096)}, {"stop_us", 5}};
    const auto shortened = fit_line(entry, ess);
    CHECK(shortened.size() == 4);
    const auto text = format_ledger_line(
        {LedgerKind::Trip, entry, ess, {}, std::string(32, 'b'), 4'000'000'000, std::string(64, 'a')});
    REQUIRE_MESSAGE(text.has_value(), (text ? "" : text.error().text));
    CHECK(ess["stop_us"] == 5);
    CHECK(ess["units"].size() > 100);
    CHECK(ess["units"][0] == many_units(1)[0]);
    CHECK(entry["operation_name"] == "Emergency stop");
    const std::string notes = entry["notes"];
    CHECK(notes.starts_with("Reason: r. Shortened to fit a line of the ledger: "));
    CHECK(notes.find("units (" + std::to_string(ess["units"].size()) + " of 4096)") != std::string::npos);
    // Not cut further than it had to be.
    CHECK(text->size() > ledger_line_limit / 3);
}

TEST_CASE("line fit: what cannot be shortened ends, and is the writer's to refuse") {
    Json entry = Json::object();
    for (int i = 0; i < 2000; ++i)
        entry["field_" + std::to_string(i)] = std::string(100, 'x');
    Json ess;
    CHECK(fit_line(entry, ess).empty());
}
