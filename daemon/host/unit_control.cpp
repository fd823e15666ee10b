#include "host/unit_control.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <cstdint>
#include <utility>

namespace ess::host {

namespace {

constexpr const char* manager_interface = "org.freedesktop.systemd1.Manager";
constexpr const char* unit_interface = "org.freedesktop.systemd1.Unit";
constexpr const char* service_interface = "org.freedesktop.systemd1.Service";
constexpr const char* properties_interface = "org.freedesktop.DBus.Properties";
constexpr const char* no_such_unit = "org.freedesktop.systemd1.NoSuchUnit";

/// A Reload takes many seconds on a host with thousands of units.
constexpr auto reload_timeout = std::chrono::minutes(2);

/// An entry waits for these: what systemd stopped along is worth that much, and not more.
constexpr auto relations_timeout = std::chrono::seconds(2);

/// One unit of ListUnitsByNames: name, description, load, active, sub, following, path, job, job type, job path.
using Listed = sdbus::Struct<std::string, std::string, std::string, std::string, std::string, std::string,
                             sdbus::ObjectPath, std::uint32_t, std::string, sdbus::ObjectPath>;
/// One change of MaskUnitFiles: what, link, target.
using FileChange = sdbus::Struct<std::string, std::string, std::string>;

std::string text_of(const sdbus::Error& error) {
    return error.getName() + ": " + error.getMessage();
}

Result<> result_of(const sdbus::Error* error) {
    return error == nullptr ? Result<>{} : failure(text_of(*error));
}

using Properties = std::map<std::string, sdbus::Variant>;

void add_names(const Properties& properties, const char* name, std::vector<std::string>& names) {
    const auto found = properties.find(name);
    if (found == properties.end()) return;
    for (const std::string& unit : found->second.get<std::vector<std::string>>())
        names.push_back(unit);
}

UnitRelations relations_of(const Properties& properties) {
    UnitRelations relations;
    add_names(properties, "TriggeredBy", relations.triggered_by);
    for (const char* const name : {"RequiredBy", "BoundBy", "ConsistsOf", "PropagatesStopTo"}) {
        add_names(properties, name, relations.pulls_down);
    }
    add_names(properties, "After", relations.after);
    return relations;
}

bool is_jailed(const Properties& service) {
    const auto text = [&](const char* name) {
        const auto found = service.find(name);
        return found != service.end() ? found->second.get<std::string>() : std::string();
    };
    const auto start_only = service.find("RootDirectoryStartOnly");
    if (start_only != service.end() && start_only->second.get<bool>()) return false;
    const std::string directory = text("RootDirectory");
    return (!directory.empty() && directory != "/") || !text("RootImage").empty();
}

/// Runs what a callback of sdbus-c++ does. It would drop an exception silently, and the daemon would wait for an answer
/// that came; ending the process instead lets systemd start it again, which finishes the trip.
template <class Body>
void or_end(Body body) noexcept {
    body();
}

UnitStates states_of(const std::vector<std::string>& asked, const std::vector<Listed>& listed) {
    UnitStates states;
    for (std::size_t i = 0; i < listed.size(); ++i) {
        // Answers come in the order of the question; an alias is answered for by the unit's own name.
        const std::string& name = listed.size() == asked.size() ? asked[i] : listed[i].get<0>();
        states[name] = UnitState{listed[i].get<2>(), listed[i].get<3>(), listed[i].get<4>()};
    }
    return states;
}

}  // namespace

UnitControl::UnitControl(EventLoop& loop, LoopInbox& inbox, Callbacks callbacks)
    : callbacks_(std::move(callbacks)),
      bus_(loop, inbox,
           {.prepare =
                [this](sdbus::IProxy& systemd) {
                    systemd.uponSignal("JobRemoved")
                        .onInterface(manager_interface)
                        .call([this](std::uint32_t, const sdbus::ObjectPath& job, const std::string& unit,
                                     const std::string& result) {
                            or_end([&] {
                                on_job_removed(job, result);
                                callbacks_.job_removed(unit);
                            });
                        });
                    systemd.uponSignal("UnitNew")
                        .onInterface(manager_interface)
                        .call([this](const std::string& unit, const sdbus::ObjectPath&) {
                            or_end([&] { callbacks_.loaded(unit); });
                        });
                    systemd.uponSignal("Reloading").onInterface(manager_interface).call([this](bool active) {
                        or_end([&] {
                            if (!active) callbacks_.reloaded();
                        });
                    });
                },
            .up = [this] { callbacks_.up(); },
            .down =
                [this](const std::string& why) {
                    stop_jobs_.clear();
                    callbacks_.down(why);
                }}) {}

void UnitControl::on_job_removed(const std::string& job, const std::string& result) {
    const auto ours = stop_jobs_.find(job);
    if (ours == stop_jobs_.end()) return;
    const std::string unit = ours->second;
    stop_jobs_.erase(ours);
    if (result == "canceled") return callbacks_.stop_failed(unit, "the stop job was cancelled");
    callbacks_.stop_finished(unit);
}

void UnitControl::on_stop_answered(const std::string& unit, const sdbus::Error* error, const std::string& job) {
    if (error != nullptr && error->getName() == no_such_unit) return callbacks_.stop_finished(unit);
    if (error != nullptr) return callbacks_.stop_failed(unit, text_of(*error));
    stop_jobs_[job] = unit;
    callbacks_.stop_queued(unit);
}

/// Sending can fail at once when the connection is breaking; that is one more failed answer.
template <class Call, class Finish>
void UnitControl::try_call(Call call, Finish finish) {
    sdbus::IProxy* const systemd = bus_.systemd();
    if (systemd == nullptr) return finish("the bus is down");
    try {
        call(*systemd);
    } catch (const sdbus::Error& error) {
        finish(text_of(error));
    }
}

void UnitControl::stop(const std::string& unit) {
    try_call(
        [&](sdbus::IProxy& systemd) {
            systemd.callMethodAsync("StopUnit")
                .onInterface(manager_interface)
                .withArguments(unit, std::string("replace-irreversibly"))
                .uponReplyInvoke([this, unit](const sdbus::Error* error, const sdbus::ObjectPath& job) {
                    or_end([&] { on_stop_answered(unit, error, job); });
                });
        },
        [&](const std::string& why) { callbacks_.stop_failed(unit, why); });
}

void UnitControl::mask(const std::vector<std::string>& units, Done done) {
    constexpr bool runtime = true;
    constexpr bool force = true;
    try_call(
        [&](sdbus::IProxy& systemd) {
            systemd.callMethodAsync("MaskUnitFiles")
                .onInterface(manager_interface)
                .withArguments(units, runtime, force)
                .uponReplyInvoke([done](const sdbus::Error* error, const std::vector<FileChange>&) {
                    or_end([&] { done(result_of(error)); });
                });
        },
        [&](const std::string& why) { done(failure(why)); });
}

void UnitControl::unmask(const std::vector<std::string>& units, Done done) {
    constexpr bool runtime = true;
    try_call(
        [&](sdbus::IProxy& systemd) {
            systemd.callMethodAsync("UnmaskUnitFiles")
                .onInterface(manager_interface)
                .withArguments(units, runtime)
                .uponReplyInvoke([done](const sdbus::Error* error, const std::vector<FileChange>&) {
                    or_end([&] { done(result_of(error)); });
                });
        },
        [&](const std::string& why) { done(failure(why)); });
}

void UnitControl::reload(Done done) {
    try_call(
        [&](sdbus::IProxy& systemd) {
            systemd.callMethodAsync("Reload")
                .onInterface(manager_interface)
                .withTimeout(reload_timeout)
                .uponReplyInvoke([done](const sdbus::Error* error) { or_end([&] { done(result_of(error)); }); });
        },
        [&](const std::string& why) { done(failure(why)); });
}

void UnitControl::queue_job(const std::string& method, const std::string& unit, Done done) {
    try_call(
        [&](sdbus::IProxy& systemd) {
            systemd.callMethodAsync(method)
                .onInterface(manager_interface)
                .withArguments(unit, std::string("replace"))
                .uponReplyInvoke([done](const sdbus::Error* error, const sdbus::ObjectPath&) {
                    or_end([&] { done(result_of(error)); });
                });
        },
        [&](const std::string& why) { done(failure(why)); });
}

void UnitControl::read_states(const std::vector<std::string>& units, StatesDone done) {
    try_call(
        [&](sdbus::IProxy& systemd) {
            systemd.callMethodAsync("ListUnitsByNames")
                .onInterface(manager_interface)
                .withTimeout(reload_timeout)
                .withArguments(units)
                .uponReplyInvoke([done, units](const sdbus::Error* error, const std::vector<Listed>& listed) {
                    or_end([&] {
                        if (error != nullptr) return done(failure(text_of(*error)));
                        done(states_of(units, listed));
                    });
                });
        },
        [&](const std::string& why) { done(failure(why)); });
}

void UnitControl::read_relations(const std::string& unit, RelationsDone done) {
    const auto failed = [done](const std::string& why) { done(failure(why)); };
    try_call(
        [&](sdbus::IProxy& systemd) {
            systemd.callMethodAsync("LoadUnit")
                .onInterface(manager_interface)
                .withTimeout(relations_timeout)
                .withArguments(unit)
                .uponReplyInvoke([this, unit, done](const sdbus::Error* error, const sdbus::ObjectPath& path) {
                    or_end([&] {
                        if (error != nullptr) return done(failure(text_of(*error)));
                        read_unit_properties(path, unit.ends_with(".service"), done);
                    });
                });
        },
        failed);
}

void UnitControl::read_unit_properties(const std::string& path, bool service, const RelationsDone& done) {
    read_properties(path, unit_interface, done, [this, path, service, done](const Properties& unit) {
        const UnitRelations relations = relations_of(unit);
        if (!service) return done(relations);
        read_properties(path, service_interface, done, [relations, done](const Properties& properties) {
            UnitRelations whole = relations;
            whole.jailed = is_jailed(properties);
            done(whole);
        });
    });
}

template <class Then>
void UnitControl::read_properties(const std::string& path, const char* interface, const RelationsDone& done,
                                  Then then) {
    try_call(
        [&](sdbus::IProxy&) {
            bus_.object(path)
                .callMethodAsync("GetAll")
                .onInterface(properties_interface)
                .withTimeout(relations_timeout)
                .withArguments(std::string(interface))
                .uponReplyInvoke([done, then](const sdbus::Error* error, const Properties& properties) {
                    or_end([&] {
                        if (error != nullptr) return done(failure(text_of(*error)));
                        then(properties);
                    });
                });
        },
        [&](const std::string& why) { done(failure(why)); });
}

}  // namespace ess::host
