// The kill points of essd-sweep. A plan is a line "engine N" or "recorder N": die after the N-th point of that kind
// from the first one that finds the plan. Each essd takes one line away, so that the one that comes back goes on, or
// follows the next line. A new plan replaces the one before; "none 0" means none.
#include "essd/kill_point.hpp"

#include <cxxabi.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <typeinfo>
#include <utility>
#include <variant>

namespace ess::essd::kill_point {

namespace {

constexpr const char* plan_file = "/run/ess-kill-plan";
constexpr const char* next_plan_file = "/run/ess-kill-plan.next";
/// One line a point: kind, name, and "killed" where it was the last one.
constexpr const char* passed_file = "/run/ess-kill-points";

struct Plan {
    std::string kind;
    unsigned left = 0;
};

// The loop and the writer thread both pass points.
std::mutex mutex;
Plan plan;
bool passed_one = false;

void take_plan() {
    if (!std::exchange(passed_one, true)) static_cast<void>(std::rename(next_plan_file, plan_file));  // mostly none
    std::ifstream in(plan_file);
    Plan taken;
    if (!(in >> taken.kind >> taken.left)) return;
    const std::string rest((std::istreambuf_iterator<char>(in)), {});
    in.close();
    if (::unlink(plan_file) != 0) std::abort();  // the next essd would die of it too
    if (rest.find_first_not_of(" \n") != std::string::npos) std::ofstream(next_plan_file) << rest;
    plan = taken;
}

void pass(const std::string& kind, const std::string& name) {
    const std::lock_guard lock(mutex);
    take_plan();
    const bool dies = plan.kind == kind && plan.left > 0 && --plan.left == 0;
    // In one write, so that who reads the line knows whether essd went on.
    const std::string line = kind + " " + name + (dies ? " killed\n" : "\n");
    const int out = ::open(passed_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (out < 0 || ::write(out, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
    static_cast<void>(::close(out));  // on tmpfs: nothing is left to be written
    if (dies) static_cast<void>(::raise(SIGKILL));
}

/// "StopUnit" for the action of that name.
template <typename T>
std::string name_of(const T&) {
    int status = 0;
    char* const text = abi::__cxa_demangle(typeid(T).name(), nullptr, nullptr, &status);
    std::string name = status == 0 ? text : typeid(T).name();
    std::free(text);
    return name.substr(name.rfind(':') + 1);
}

}  // namespace

void after(const Action& action) {
    pass("engine", std::visit([](const auto& a) { return name_of(a); }, action));
}

void after_step(std::string_view step) {
    pass("recorder", std::string(step));
}

}  // namespace ess::essd::kill_point
