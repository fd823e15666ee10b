// Trips the real essd again and again, with floods of clients and without, in turns. Prints the table that
// tests/bench/control shows.
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "program/floods.hpp"

namespace {

using namespace ess;
using namespace ess::test;

constexpr int units = 4;
constexpr int processes_of_each = 4;
constexpr double micros_per_ms = 1000;

[[noreturn]] void give_up(const char* text) {
    static_cast<void>(std::fprintf(stderr, "%s\n", text));
    std::exit(1);
}

void burn() {
    for (std::atomic<unsigned> n{0};;)
        n.fetch_add(1, std::memory_order_relaxed);
}

/// A kind of client, and how long the trips took beside it.
struct Company {
    const char* name;
    void (*body)();
    std::vector<double> ms = {};
};

/// As in essd.service; and this process, which has to see when the last one is dead, likewise below it.
void run_at_realtime_priority(pid_t pid, int priority) {
    sched_param parameter{};
    parameter.sched_priority = priority;
    if (::sched_setscheduler(pid, SCHED_FIFO | SCHED_RESET_ON_FORK, &parameter) != 0) give_up("no real-time priority");
}

/// The allow-list of this bench: everything is killed at once.
void write_configuration() {
    std::string text = "units:\n";
    for (int i = 0; i < units; ++i)
        text += "  - bench-" + std::to_string(i) + "\n";
    write_file(config_file, text + "stop: {category: 0}\n");
}

/// Processes in the cgroups of the units.
class Platform {
  public:
    Platform() {
        for (int i = 0; i < units * processes_of_each; ++i) {
            children_.push_back(std::make_unique<Child>());
            const std::string unit = "bench-" + std::to_string(i % units) + ".service";
            children_.back()->move_to(make_cgroup("system.slice/" + unit));
            ends_.emplace_back(static_cast<int>(::syscall(SYS_pidfd_open, children_.back()->pid(), 0)));
        }
    }

    /// Waits until each one is dead.
    void wait_for_the_last() const {
        for (const Fd& end : ends_) {
            pollfd watched{end.get(), POLLIN, 0};
            if (::poll(&watched, 1, 10000) != 1) give_up("a process outlives the trip");
        }
    }

  private:
    std::vector<std::unique_ptr<Child>> children_;
    std::vector<Fd> ends_;
};

bool sees_all(const Essd& essd) {
    const auto status = essd.status();
    if (!status || status->at("units").size() != units || !status->at("ledger").at("writable")) return false;
    return std::ranges::none_of(status->at("units"), [](const Json& unit) { return unit.at("empty") == true; });
}

/// One trip, in milliseconds.
double trip_beside(void (*body)()) {
    Sandbox sandbox;
    if (!sandbox.usable() || !sandbox.has_cgroups()) give_up("needs root and cgroup v2");
    write_configuration();
    const Platform platform;
    const Essd essd;
    if (!eventually([&] { return sees_all(essd); })) give_up("essd does not see the units");
    run_at_realtime_priority(essd.process.pid(), 50);
    std::vector<std::unique_ptr<Child>> company;
    for (int i = 0; body != nullptr && i < 2; ++i)
        company.push_back(std::make_unique<Child>([body] { flood_as_stranger(body); }));
    // The flood is at its height when nobody waits for its beginning.
    std::this_thread::sleep_for(200ms);
    const Instant begun = monotonic_now();
    write_file(latch, "");
    platform.wait_for_the_last();
    return static_cast<double>((monotonic_now() - begun).count()) / micros_per_ms;
}

double median_of(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

void print(const Company& company, double idle, double busy) {
    const double median = median_of(company.ms);
    std::printf("| %s | %.2f (%.2f..%.2f) | x%.2f | x%.2f |\n", company.name, median, std::ranges::min(company.ms),
                std::ranges::max(company.ms), median / idle, median / busy);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) give_up("usage: bench_control ROUNDS");
    doctest::Context context;
    context.setAsDefaultForAssertsOutOfTestCases();
    context.setAssertHandler([](const doctest::AssertData& data) {
        if (data.m_failed) give_up(data.m_expr);
    });
    enter_own_namespace();
    run_at_realtime_priority(0, 40);
    std::vector<Company> all{{"nobody (idle)", nullptr}, {"two busy processes, no client", burn}};
    for (const Flood& flood : floods)
        all.push_back({flood.name, flood.body});
    const int rounds = std::max(1, std::atoi(argv[1]));
    for (int i = 0; i < rounds; ++i) {
        for (Company& company : all)
            company.ms.push_back(trip_beside(company.body));
    }
    std::printf(
        "| %d rounds, %d units of %d processes | latch to the last one dead, ms | against idle | against busy |\n",
        rounds, units, processes_of_each);
    std::printf("| --- | ---: | ---: | ---: |\n");
    for (const Company& company : all)
        print(company, median_of(all[0].ms), median_of(all[1].ms));
    return 0;
}
