#include "host/process_facts.hpp"

#include <sched.h>

#include <charconv>
#include <cstdint>
#include <sstream>
#include <string>

#include "base/file.hpp"
#include "base/text.hpp"

namespace ess::host {

namespace {

constexpr std::size_t status_limit = 65536;

/// The text of a field of /proc/PID/status: "SigIgn:\t0000000000001000".
std::optional<std::string> status_field(const std::string& status, const std::string& name) {
    std::istringstream lines(status);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(name + ":")) return std::string(trim(std::string_view(line).substr(name.size() + 1)));
    }
    return std::nullopt;
}

template <class T>
std::optional<T> number_of(std::string_view text, int base) {
    T number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return error == std::errc() ? std::optional<T>(number) : std::nullopt;
}

bool has_signal(const std::string& status, const std::string& set, int signal) {
    const auto mask = number_of<std::uint64_t>(status_field(status, set).value_or(""), 16).value_or(0);
    return (mask >> static_cast<unsigned>(signal - 1) & 1U) != 0;
}

std::string directory_of(pid_t process) {
    return "/proc/" + std::to_string(process);
}

}  // namespace

SignalFate signal_fate(pid_t process, int signal) {
    constexpr int last_signal = 64;
    if (process <= 0 || signal < 1 || signal > last_signal) return SignalFate::Unknown;
    const auto status = read_file(directory_of(process) + "/status", status_limit);
    if (!status || !status_field(*status, "SigIgn")) return SignalFate::Unknown;
    if (has_signal(*status, "SigIgn", signal)) return SignalFate::Ignored;
    const bool handled = has_signal(*status, "SigCgt", signal) || has_signal(*status, "SigBlk", signal);
    return handled ? SignalFate::Handled : SignalFate::Ends;
}

std::optional<EssdProcess> essd_process(pid_t process) {
    if (process <= 0) return std::nullopt;
    const int policy = ::sched_getscheduler(process);
    sched_param parameters{};
    const auto status = read_file(directory_of(process) + "/status", status_limit);
    const auto score = read_file(directory_of(process) + "/oom_score_adj", status_limit);
    if (policy < 0 || ::sched_getparam(process, &parameters) != 0 || !status || !score) return std::nullopt;
    EssdProcess facts;
    // What it starts is to run as others do: SCHED_RESET_ON_FORK is a flag in the policy.
    facts.fifo = (policy & ~SCHED_RESET_ON_FORK) == SCHED_FIFO;
    facts.priority = parameters.sched_priority;
    facts.oom_score_adjust = number_of<int>(trim(*score), 10).value_or(0);
    facts.memory_locked = number_of<std::uint64_t>(status_field(*status, "VmLck").value_or(""), 10).value_or(0) > 0;
    return facts;
}

}  // namespace ess::host
