#include "host/unit_control.hpp"

#include <cstdint>
#include <memory>
#include <utility>

#include "base/file.hpp"
#include "host/sdbus.hpp"
#include "host/unit_properties.hpp"

namespace ess::host {

namespace {

constexpr const char* unit_interface = "org.freedesktop.systemd1.Unit";
constexpr const char* service_interface = "org.freedesktop.systemd1.Service";
constexpr const char* properties_interface = "org.freedesktop.DBus.Properties";
constexpr const char* no_such_unit = "org.freedesktop.systemd1.NoSuchUnit";

/// A Reload takes many seconds on a host with thousands of units.
constexpr auto reload_timeout = std::chrono::minutes(2);

/// An entry waits for these: what systemd stopped along is worth that much, and not more.
constexpr auto relations_timeout = std::chrono::seconds(2);

/// systemd reads whole directories for it.
constexpr auto find_timeout = std::chrono::seconds(5);

/// One unit of ListUnitsByNames: name, description, load, active, sub, following, path, job, job type, job path.
using Listed = sdbus::Struct<std::string, std::string, std::string, std::string, std::string, std::string,
                             sdbus::ObjectPath, std::uint32_t, std::string, sdbus::ObjectPath>;
/// One unit file of ListUnitFilesByPatterns: path, state.
using ListedFile = sdbus::Struct<std::string, std::string>;
/// One change of MaskUnitFiles: what, link, target.
using FileChange = sdbus::Struct<std::string, std::string, std::string>;

using bus::text_of;

Result<> result_of(const bus::ReplyError& error) {
    return error ? failure(text_of(*error)) : Result<>{};
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
    : loop_(loop),
      callbacks_(std::move(callbacks)),
      window_(loop),
      bus_(loop, inbox,
           {.prepare =
                [this](sdbus::IProxy& systemd) {
                    systemd.uponSignal("JobRemoved")
                        .onInterface(bus::systemd_manager)
                        .call([this](std::uint32_t, const sdbus::ObjectPath& job, const std::string& unit,
                                     const std::string& result) {
                            or_end([&] {
                                on_job_removed(job, result);
                                callbacks_.job_removed(unit);
                            });
                        });
                    systemd.uponSignal("UnitNew")
                        .onInterface(bus::systemd_manager)
                        .call([this](const std::string& unit, const sdbus::ObjectPath&) {
                            or_end([&] { callbacks_.loaded(unit); });
                        });
                    systemd.uponSignal("Reloading").onInterface(bus::systemd_manager).call([this](bool active) {
                        or_end([&] {
                            if (!active) callbacks_.reloaded();
                        });
                    });
                },
            .up = [this] { callbacks_.up(); },
            .down =
                [this](const std::string& why) {
                    stop_jobs_.clear();
                    window_.flush();
                    stops_asked_ = 0;  // those that were sent get no answer any more
                    for (const std::string& unit : std::exchange(stops_waiting_, {}))
                        callbacks_.stop_failed(unit, "the bus is down");
                    callbacks_.down(why);
                }}) {}

void UnitControl::on_job_removed(const std::string& job, const std::string& result) {
    const auto ours = stop_jobs_.find(job);
    if (ours == stop_jobs_.end()) return;
    const std::string unit = ours->second;
    stop_jobs_.erase(ours);
    if (result == "canceled") {
        callbacks_.stop_failed(unit, "the stop job was cancelled");
    } else {
        callbacks_.stop_finished(unit);
    }
    stop_next();
}

void UnitControl::on_stop_answered(const std::string& unit, const sdbus::Error* error, const std::string& job) {
    if (error != nullptr && error->getName() == no_such_unit) return callbacks_.stop_finished(unit);
    if (error != nullptr) return callbacks_.stop_failed(unit, text_of(*error));
    stop_jobs_[job] = unit;
    callbacks_.stop_queued(unit);
}

/// Sending can fail at once when the connection is breaking; that is one more failed answer. What is called upon the
/// reply holds the slot.
template <class Call, class Finish>
void UnitControl::try_call(CallWindow::Kind kind, Call call, Finish finish) {
    if (bus_.systemd() == nullptr) return finish("the bus is down");
    window_.add(kind, [this, call, finish](const CallWindow::Slot& slot) {
        sdbus::IProxy* const systemd = bus_.systemd();
        if (systemd == nullptr) return finish("the bus is down");
        try {
            call(*systemd, slot);
        } catch (const sdbus::Error& error) {
            finish(text_of(error));
        }
    });
}

void UnitControl::stop(const std::string& unit) {
    stops_waiting_.push_back(unit);
    stop_next();
}

void UnitControl::stop_next() {
    while (!stops_waiting_.empty() && stop_jobs_.size() + stops_asked_ < stop_jobs_at_once) {
        const std::string unit = std::move(stops_waiting_.front());
        stops_waiting_.pop_front();
        ++stops_asked_;
        ask_to_stop(unit);
    }
}

void UnitControl::stop_was_answered() {
    if (stops_asked_ > 0) --stops_asked_;
}

void UnitControl::ask_to_stop(const std::string& unit) {
    try_call(
        CallWindow::Kind::Order,
        [=, this](sdbus::IProxy& systemd, const CallWindow::Slot& slot) {
            systemd.callMethodAsync("StopUnit")
                .onInterface(bus::systemd_manager)
                .withArguments(unit, std::string("replace-irreversibly"))
                .uponReplyInvoke([this, unit, slot](bus::ReplyError error, const sdbus::ObjectPath& job) {
                    or_end([&] {
                        stop_was_answered();
                        on_stop_answered(unit, error ? &*error : nullptr, job);
                        stop_next();
                    });
                });
        },
        [=, this](const std::string& why) {
            stop_was_answered();
            callbacks_.stop_failed(unit, why);
        });
}

void UnitControl::mask(const std::vector<std::string>& units, Done done) {
    constexpr bool runtime = true;
    constexpr bool force = true;
    try_call(
        CallWindow::Kind::Order,
        [=](sdbus::IProxy& systemd, const CallWindow::Slot& slot) {
            systemd.callMethodAsync("MaskUnitFiles")
                .onInterface(bus::systemd_manager)
                .withArguments(units, runtime, force)
                .uponReplyInvoke([done, slot](bus::ReplyError error, const std::vector<FileChange>&) {
                    or_end([&] { done(result_of(error)); });
                });
        },
        [=](const std::string& why) { done(failure(why)); });
}

void UnitControl::unmask(const std::vector<std::string>& units, Done done) {
    constexpr bool runtime = true;
    try_call(
        CallWindow::Kind::Order,
        [=](sdbus::IProxy& systemd, const CallWindow::Slot& slot) {
            systemd.callMethodAsync("UnmaskUnitFiles")
                .onInterface(bus::systemd_manager)
                .withArguments(units, runtime)
                .uponReplyInvoke([done, slot](bus::ReplyError error, const std::vector<FileChange>&) {
                    or_end([&] { done(result_of(error)); });
                });
        },
        [=](const std::string& why) { done(failure(why)); });
}

void UnitControl::reload(Done done) {
    try_call(
        CallWindow::Kind::Order,
        [=](sdbus::IProxy& systemd, const CallWindow::Slot& slot) {
            systemd.callMethodAsync("Reload")
                .onInterface(bus::systemd_manager)
                .withTimeout(reload_timeout)
                .uponReplyInvoke([done, slot](bus::ReplyError error) { or_end([&] { done(result_of(error)); }); });
        },
        [=](const std::string& why) { done(failure(why)); });
}

void UnitControl::queue_job(const std::string& method, const std::string& unit, Done done) {
    try_call(
        CallWindow::Kind::Order,
        [=](sdbus::IProxy& systemd, const CallWindow::Slot& slot) {
            systemd.callMethodAsync(method)
                .onInterface(bus::systemd_manager)
                .withArguments(unit, std::string("replace"))
                .uponReplyInvoke([done, slot](bus::ReplyError error, const sdbus::ObjectPath&) {
                    or_end([&] { done(result_of(error)); });
                });
        },
        [=](const std::string& why) { done(failure(why)); });
}

void UnitControl::read_states(const std::vector<std::string>& units, StatesDone done) {
    try_call(
        CallWindow::Kind::Order,
        [=](sdbus::IProxy& systemd, const CallWindow::Slot& slot) {
            systemd.callMethodAsync("ListUnitsByNames")
                .onInterface(bus::systemd_manager)
                .withTimeout(reload_timeout)
                .withArguments(units)
                .uponReplyInvoke([done, units, slot](bus::ReplyError error, const std::vector<Listed>& listed) {
                    or_end([&] {
                        if (error) return done(failure(text_of(*error)));
                        done(states_of(units, listed));
                    });
                });
        },
        [=](const std::string& why) { done(failure(why)); });
}

void UnitControl::read_relations(const std::string& unit, RelationsDone done) {
    read_facts(unit, [done](const Result<UnitFacts>& read) {
        if (!read) return done(tl::make_unexpected(read.error()));
        done(read->relations);
    });
}

/// Kept by whoever waits for the properties of an object. With the last one the objects go: of a thousand units they
/// would take half a megabyte for good.
std::shared_ptr<void> UnitControl::reading() {
    auto held = reading_.lock();
    if (held) return held;
    held.reset(this, [](UnitControl* self) {
        self->forget_objects_ = self->loop_.add_defer(Priority::Bus, [self] {
            if (self->reading_.expired()) self->bus_.forget_objects();
        });
    });
    reading_ = held;
    return held;
}

void UnitControl::read_facts(const std::string& unit, FactsDone answered) {
    const FactsDone done = [answered = std::move(answered), held = reading()](const Result<UnitFacts>& read) {
        answered(read);
    };
    const auto failed = [done](const std::string& why) { done(failure(why)); };
    try_call(
        CallWindow::Kind::Question,
        [=, this](sdbus::IProxy& systemd, const CallWindow::Slot& slot) {
            systemd.callMethodAsync("LoadUnit")
                .onInterface(bus::systemd_manager)
                .withTimeout(relations_timeout)
                .withArguments(unit)
                .uponReplyInvoke([this, unit, done, slot](bus::ReplyError error, const sdbus::ObjectPath& path) {
                    or_end([&] {
                        if (error) return done(failure(text_of(*error)));
                        read_interfaces(path, unit.ends_with(".service"), done);
                    });
                });
        },
        failed);
}

/// What was read is made small at once: the properties of a service, as they come, take 100 KiB of memory, and a
/// thousand units may be asked about.
void UnitControl::read_interfaces(const std::string& path, bool service, const FactsDone& done) {
    read_properties(path, unit_interface, done, [this, path, service, done](const Properties& unit) {
        const auto facts = std::make_shared<UnitFacts>(facts_of(unit));
        if (!service) return done(std::move(*facts));
        read_properties(path, service_interface, done, [facts, done](const Properties& properties) {
            add_service(properties, *facts);
            done(std::move(*facts));
        });
    });
}

template <class Then>
void UnitControl::read_properties(const std::string& path, const char* interface, const FactsDone& done, Then then) {
    try_call(
        CallWindow::Kind::FollowUp,
        [=, this](sdbus::IProxy&, const CallWindow::Slot& slot) {
            bus_.object(path)
                .callMethodAsync("GetAll")
                .onInterface(properties_interface)
                .withTimeout(relations_timeout)
                .withArguments(std::string(interface))
                .uponReplyInvoke([done, then, slot](bus::ReplyError error, const Properties& properties) {
                    or_end([&] {
                        if (error) return done(failure(text_of(*error)));
                        then(properties);
                    });
                });
        },
        [=](const std::string& why) { done(failure(why)); });
}

void UnitControl::find_loaded(const std::string& pattern, NamesDone done) {
    try_call(
        CallWindow::Kind::Question,
        [=](sdbus::IProxy& systemd, const CallWindow::Slot& slot) {
            systemd.callMethodAsync("ListUnitsByPatterns")
                .onInterface(bus::systemd_manager)
                .withTimeout(find_timeout)
                .withArguments(std::vector<std::string>{}, std::vector<std::string>{pattern})
                .uponReplyInvoke([done, slot](bus::ReplyError error, const std::vector<Listed>& listed) {
                    or_end([&] {
                        if (error) return done(failure(text_of(*error)));
                        std::vector<std::string> names;
                        for (const Listed& unit : listed)
                            names.push_back(unit.get<0>());
                        done(names);
                    });
                });
        },
        [=](const std::string& why) { done(failure(why)); });
}

void UnitControl::find_installed(const std::string& pattern, NamesDone done) {
    try_call(
        CallWindow::Kind::Question,
        [=](sdbus::IProxy& systemd, const CallWindow::Slot& slot) {
            systemd.callMethodAsync("ListUnitFilesByPatterns")
                .onInterface(bus::systemd_manager)
                .withTimeout(find_timeout)
                .withArguments(std::vector<std::string>{}, std::vector<std::string>{pattern})
                .uponReplyInvoke([done, slot](bus::ReplyError error, const std::vector<ListedFile>& listed) {
                    or_end([&] {
                        if (error) return done(failure(text_of(*error)));
                        std::vector<std::string> names;
                        for (const ListedFile& file : listed)
                            names.push_back(leaf_of(file.get<0>()));
                        done(names);
                    });
                });
        },
        [=](const std::string& why) { done(failure(why)); });
}

void UnitControl::read_version(VersionDone done) {
    try_call(
        CallWindow::Kind::Question,
        [=](sdbus::IProxy& systemd, const CallWindow::Slot& slot) {
            systemd.callMethodAsync("Get")
                .onInterface(properties_interface)
                .withTimeout(relations_timeout)
                .withArguments(std::string(bus::systemd_manager), std::string("Version"))
                .uponReplyInvoke([done, slot](bus::ReplyError error, const sdbus::Variant& version) {
                    or_end([&] {
                        if (error) return done(failure(text_of(*error)));
                        done(version.get<std::string>());
                    });
                });
        },
        [=](const std::string& why) { done(failure(why)); });
}

}  // namespace ess::host
