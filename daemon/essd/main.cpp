#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/fd.hpp"
#include "core/config.hpp"
#include "core/paths.hpp"
#include "essd/daemon.hpp"
#include "essd/stop_now.hpp"
#include "host/config_files.hpp"
#include "host/journal.hpp"
#include "host/listening_socket.hpp"
#include "host/maintenance.hpp"
#include "host/memory.hpp"
#include "host/service_program.hpp"

namespace {

namespace journal = ess::host::journal;
using ess::host::exit_configuration;
using ess::host::exit_failure;
using journal::Level;

constexpr const char* usage =
    "usage: essd [--help | --version | --stop-now]\n"
    "\n"
    "The emergency stop's daemon. Started by systemd as essd.service; configured in /etc/quantum/ess.yaml.\n"
    "--stop-now is for essd.service's OnFailure=: if the latch is set, it kills all allowed units and ends.\n"
    "See essctl(1) for the command that talks to it.\n";

/// Keeps a second essd out for as long as it lives.
ess::Result<ess::Fd> only_one() {
    if (::mkdir(ess::paths::runtime_directory, 0755) != 0 && errno != EEXIST) {
        return ess::system_failure(ess::paths::runtime_directory, errno);
    }
    const std::string path = std::string(ess::paths::runtime_directory) + "/lock";
    ess::Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) return ess::system_failure(path, errno);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return ess::failure("another essd is running (" + path + ")");
    return lock;
}

ess::Result<ess::Fd> control_socket() {
    auto given = ess::host::activated_socket();
    if (!given) return tl::unexpected<ess::Error>(given.error());
    if (*given) return std::move(**given);
    return ess::host::listen_at(ess::paths::control_socket);
}

int fail(const ess::Error& error) {
    journal::log(Level::Critical, error.text);
    return exit_failure;
}

int run(journal::Log& log) {
    ess::ConfigReading reading = ess::host::read_config_files(ess::paths::config_directory);
    for (ess::ConfigFault& fault : ess::host::problems_of(reading.config.config_hash.maintenance)) {
        reading.faults.push_back(std::move(fault));
    }
    for (const ess::ConfigFault& fault : reading.faults) {
        journal::event(ess::message_id::configuration_invalid, Level::Critical, ess::to_text(fault));
    }
    if (!reading.faults.empty()) return exit_configuration;
    const auto lock = only_one();
    if (!lock) return fail(lock.error());
    if (const auto locked = ess::host::lock_memory(); !locked) journal::log(Level::Warning, locked.error().text);
    auto control = control_socket();
    if (!control) return fail(control.error());
    const ess::essd::Access access = ess::essd::find_access(reading.config);
    ess::essd::Daemon daemon(std::move(reading.config), std::move(*control), access);
    const int code = daemon.run();
    // Not a return: a thread that waits for a hanging bus, disk or journal cannot be joined.
    static_cast<void>(log.stop(ess::monotonic_now() + ess::host::log_patience));
    _exit(code);
}

}  // namespace

int main(int argc, char** argv) {
    return ess::host::run_program(argc, argv, {"essd", usage, "--stop-now", ess::essd::stop_now, run});
}
