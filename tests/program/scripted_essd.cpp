#include "program/scripted_essd.hpp"

#include <filesystem>
#include <utility>

#include "host/listening_socket.hpp"
#include "program/sandbox.hpp"

namespace ess::test {

namespace {

const std::string interface = "io.quantum.EmergencyStop.";

}  // namespace

ScriptedEssd::ScriptedEssd(Json status, Age age) : status_(std::move(status)) {
    std::filesystem::create_directories("/run/quantum-ess");
    auto listening = host::listen_at(control);
    REQUIRE(listening);
    thread_.run([&] { socket_.emplace(thread_.loop(), std::move(*listening)); });
    serve("Status", [this](const host::ControlRequest&, host::CallReply reply) { reply.reply(status_); });
    if (age == Age::Present) {
        serve("Watch", [this](const host::ControlRequest&, host::CallReply reply) {
            if (reply.stream(status_)) watchers_.push_back(std::move(reply));
        });
    }
    for (const char* method : {"Reset", "Approve", "Start", "Check", "Drill"}) {
        answers_[method] = {{"operation_id", "OPS-2026-01-28-002"}};
        serve(method, [this, method](const host::ControlRequest&, host::CallReply reply) {
            for (const Json& step : steps_[method])
                static_cast<void>(reply.stream(step));  // does nothing for who did not ask for more
            reply.reply(answers_[method]);
        });
    }
}

ScriptedEssd::~ScriptedEssd() {
    thread_.run([this] {
        watchers_.clear();
        socket_.reset();
    });
    std::filesystem::remove(control);
}

void ScriptedEssd::serve(const std::string& method, host::ControlFunction function) {
    const auto call = [this, method, function = std::move(function)](const host::ControlRequest& request,
                                                                     host::CallReply reply) {
        ++asked_;
        const auto error = errors_.find(method);
        if (error != errors_.end()) return reply.error(error->second);
        function(request, std::move(reply));
    };
    thread_.run(
        [&] { socket_->add_method({.name = interface + method, .privilege = host::Privilege::Anyone, .call = call}); });
}

void ScriptedEssd::show(const Json& status) {
    thread_.run([&] {
        status_ = status;
        for (host::CallReply& watcher : watchers_)
            static_cast<void>(watcher.stream(status));  // one that has gone is not asked for again
    });
}

void ScriptedEssd::answer(const std::string& method, const Json& parameters) {
    thread_.run([&] { answers_[method] = parameters; });
}

void ScriptedEssd::stream(const std::string& method, const std::vector<Json>& steps) {
    thread_.run([&] { steps_[method] = steps; });
}

void ScriptedEssd::refuse(const std::string& method, const std::string& error, const Json& parameters) {
    thread_.run([&] { errors_[method] = {error, parameters}; });
}

bool ScriptedEssd::is_asked() {
    bool asked = false;
    thread_.run([&] { asked = asked_ > 0; });
    return asked;
}

}  // namespace ess::test
