#include "host/unit_properties.hpp"

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace ess::host {

namespace {

using Names = std::vector<std::string>;
/// One line of ExecCondition= or ExecStop=: program, words, ignore failure, four times, process, code, status.
using ExecCommand = sdbus::Struct<std::string, Names, bool, std::uint64_t, std::uint64_t, std::uint64_t, std::uint64_t,
                                  std::uint32_t, std::int32_t, std::int32_t>;
/// One Assert: kind, trigger, negated, parameter, state.
using Assertion = sdbus::Struct<std::string, bool, bool, std::string, std::int32_t>;

/// A property, or the default where systemd has none by that name, or one of another type.
template <class T>
T value_of(const Properties& properties, const char* name, T missing = {}) {
    const auto found = properties.find(name);
    if (found == properties.end()) return missing;
    try {
        return found->second.get<T>();
    } catch (const sdbus::Error&) {
        return missing;
    }
}

void add_names(const Properties& properties, const char* name, Names& names) {
    for (std::string& unit : value_of<Names>(properties, name))
        names.push_back(std::move(unit));
}

/// systemd says "for ever" by the largest number, and "off" of a watchdog by it or by 0.
std::optional<Micros> span_of(const Properties& properties, const char* name) {
    constexpr auto infinity = std::numeric_limits<std::uint64_t>::max();
    const auto micros = value_of<std::uint64_t>(properties, name, infinity);
    if (micros > static_cast<std::uint64_t>(Micros::max().count())) return std::nullopt;
    return Micros(static_cast<Micros::rep>(micros));
}

bool is_jailed(const Properties& service) {
    if (value_of(service, "RootDirectoryStartOnly", false)) return false;
    const auto directory = value_of<std::string>(service, "RootDirectory");
    return (!directory.empty() && directory != "/") || !value_of<std::string>(service, "RootImage").empty();
}

UnitRelations relations_of(const Properties& unit) {
    UnitRelations relations;
    add_names(unit, "TriggeredBy", relations.triggered_by);
    for (const char* const name : {"RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf", "PropagatesStopTo"}) {
        add_names(unit, name, relations.pulls_down);
    }
    add_names(unit, "After", relations.after);
    return relations;
}

}  // namespace

UnitFacts facts_of(const Properties& unit) {
    UnitFacts facts;
    facts.name = value_of<std::string>(unit, "Id");
    facts.state = {value_of<std::string>(unit, "LoadState"), value_of<std::string>(unit, "ActiveState"),
                   value_of<std::string>(unit, "SubState")};
    facts.relations = relations_of(unit);
    facts.file = value_of<std::string>(unit, "FragmentPath");
    add_names(unit, "DropInPaths", facts.dropins);
    facts.file_state = value_of<std::string>(unit, "UnitFileState");
    facts.needs_reload = value_of(unit, "NeedDaemonReload", false);
    facts.refuses_stop = value_of(unit, "RefuseManualStop", false);
    for (const char* const name : {"WantedBy", "RequiredBy", "UpheldBy", "OnFailureOf", "OnSuccessOf"})
        add_names(unit, name, facts.started_by);
    add_names(unit, "Before", facts.before);
    for (const char* const name : {"Conflicts", "ConflictedBy"})
        add_names(unit, name, facts.conflicts);
    add_names(unit, "OnFailure", facts.on_failure);
    for (const Assertion& assertion : value_of<std::vector<Assertion>>(unit, "Asserts")) {
        const bool negated = assertion.get<2>();
        if (negated && assertion.get<0>() == "AssertPathExists") facts.asserted_absent.push_back(assertion.get<3>());
    }
    return facts;
}

void add_service(const Properties& service, UnitFacts& facts) {
    facts.relations.jailed = is_jailed(service);
    for (const ExecCommand& command : value_of<std::vector<ExecCommand>>(service, "ExecCondition")) {
        for (const std::string& word : command.get<1>())
            facts.condition_words.push_back(word);
    }
    facts.stop_timeout = span_of(service, "TimeoutStopUSec");
    facts.has_stop_command = !value_of<std::vector<ExecCommand>>(service, "ExecStop").empty();
    facts.kill_mode = value_of<std::string>(service, "KillMode");
    facts.kills = value_of(service, "SendSIGKILL", true);
    facts.kill_signal = value_of<std::int32_t>(service, "KillSignal", facts.kill_signal);
    facts.restart = value_of<std::string>(service, "Restart");
    facts.watchdog = span_of(service, "WatchdogUSec");
    if (facts.watchdog == Micros(0)) facts.watchdog.reset();
    facts.main_pid = static_cast<int>(value_of<std::uint32_t>(service, "MainPID"));
}

}  // namespace ess::host
