#include "host/check_look.hpp"

#include <thread>
#include <utility>

namespace ess::host {

CheckLook::CheckLook(EventLoop& loop, LoopInbox& inbox, UnitControl& units, Look look, Micros patience)
    : loop_(loop), inbox_(inbox), units_(units), look_(std::move(look)), patience_(patience) {
    files_timer_ = loop_.add_timer(Priority::Client, [this] { have_files(std::nullopt); });
}

void CheckLook::start(std::optional<Config> running, Done done) {
    running_ = std::move(running);
    host_.reset();
    done_ = std::move(done);
    waits_for_files_ = true;
    files_timer_.arm(monotonic_now() + patience_);
    if (!thread_runs_) look_at_files();
}

/// Detached, as the connecting to the bus is (system_bus.cpp): who hangs with it ends the process by _exit.
void CheckLook::look_at_files() {
    thread_runs_ = true;
    std::thread([this] {
        inbox_.post([this, facts = look_()] {
            thread_runs_ = false;
            have_files(facts);
        });
    }).detach();
}

void CheckLook::have_files(std::optional<HostFacts> host) {
    if (!std::exchange(waits_for_files_, false)) return;
    files_timer_.set_enabled(false);
    host_ = std::move(host);
    const bool files_count = host_ && (host_->config_faults.empty() || !running_);
    const Config config = files_count ? host_->config : running_.value_or(Config{});
    if (!units_.connected()) {
        SystemdFacts nothing;
        nothing.trouble = "the system bus is out of reach";
        return finish(std::move(nothing));
    }
    inspection_ = std::make_unique<UnitInspection>(loop_, units_, config.units, systemd_patience,
                                                   [this](SystemdFacts facts) { finish(std::move(facts)); });
}

void CheckLook::finish(SystemdFacts systemd) {
    const Done done = std::exchange(done_, nullptr);
    inspection_.reset();
    done(std::move(host_), std::move(systemd));
}

void CheckLook::cancel() {
    waits_for_files_ = false;
    files_timer_.set_enabled(false);
    inspection_.reset();
    done_ = nullptr;
}

}  // namespace ess::host
