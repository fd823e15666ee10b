// Simulated hosts of a fleet, each the watches that quantum-ess-fleet keeps, and an operator who puts orders. Prints
// one line of JSON, which tests/bench/fleet makes a table of.
//
//   bench_fleet ENDPOINTS DIRECTORY HOSTS WATCHES PUTS
//
// DIRECTORY has ca.pem, host.pem, host.key, operator.pem, operator.key. WATCHES: of each host, at as many members, in
// turn.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/fleet_keys.hpp"
#include "fleet/etcd_watches.hpp"
#include "host/etcdctl.hpp"
#include "host/loop_command.hpp"

namespace {

using namespace ess;

constexpr double micros_per_ms = 1000;
/// An etcdctl takes 60 ms of a processor to begin, and gives up after 2 s. Where more begin than the machine can bear,
/// all do, again and again: the next wait until these have heard of a put.
constexpr std::size_t begun_at_once = 20;
constexpr Micros begin_pause = std::chrono::seconds(2);
/// A put that somebody has not heard of by then is lost.
constexpr Micros patience = std::chrono::seconds(60);
/// Until each watch that was begun has heard of one, it is put again: etcdctl does not say when its watch is there. Not
/// before those that are there can have heard.
constexpr Micros warm_up_pause = std::chrono::seconds(10);
constexpr Micros warm_up_pause_of_each = std::chrono::milliseconds(5);
constexpr Micros warm_up_patience = std::chrono::seconds(2400);

[[noreturn]] void give_up(const std::string& text) {
    static_cast<void>(std::fprintf(stderr, "bench_fleet: %s\n", text.c_str()));
    std::exit(1);
}

double ms_between(Instant from, Instant to) {
    return static_cast<double>(std::chrono::duration_cast<Micros>(to - from).count()) / micros_per_ms;
}

/// Three descriptors for each watch.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) give_up("no limits");
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) give_up("no descriptors");
}

/// Sum over all children, in KiB: what they have for themselves (Pss shares what they share).
std::uint64_t memory_of_children() {
    std::uint64_t sum = 0;
    std::ifstream children("/proc/self/task/" + std::to_string(::getpid()) + "/children");
    for (std::string pid; children >> pid;) {
        std::ifstream rollup("/proc/" + pid + "/smaps_rollup");
        for (std::string line; std::getline(rollup, line);) {
            if (line.starts_with("Pss:")) sum += std::strtoull(line.c_str() + 4, nullptr, 10);
        }
    }
    return sum;
}

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, ',');)
        parts.push_back(part);
    return parts;
}

struct Options {
    std::vector<std::string> endpoints;
    std::string directory;
    std::size_t hosts;
    std::size_t watches;
    int puts;
};

/// One host: it has heard of a put when the first of its watches has.
struct SimulatedHost {
    SimulatedHost(host::EventLoop& loop, const host::Etcdctl& etcd, const std::vector<std::string>& members,
                  fleet::EtcdWatches::Callbacks callbacks)
        : watches(loop, etcd, members, FleetKeys("main").orders(), std::move(callbacks)) {}

    fleet::EtcdWatches watches;
    std::uint64_t revision = 0;
    std::size_t heard = 0;  ///< so many of its watches, of the put in question
};

struct Times {
    std::vector<double> answered, first, median, last, last_watch;
};

class Bench {
  public:
    explicit Bench(const Options& options);
    Json run();

  private:
    void begin_some();
    void warm_up();
    void put_next();
    void put();
    void start_put();
    void repeat_put();
    void noticed(SimulatedHost& host, const EtcdReply& events);
    void all_heard();
    Json result() const;

    const Options& options_;
    host::EventLoop loop_;
    host::Etcdctl watching_;
    std::deque<SimulatedHost> hosts_;
    host::LoopCommand operator_;
    host::Source warm_up_;
    host::Source lost_;
    std::size_t begun_ = 0;
    Instant began_ = monotonic_now();
    double ready_s_ = 0;
    bool warm_ = false;
    int number_ = 0;  ///< of the put
    Instant put_at_{};
    std::uint64_t put_revision_ = 0;  ///< 0 as long as nobody has heard of it
    bool answered_ = false;
    std::vector<double> heard_ms_;  ///< of each host
    std::size_t watches_heard_ = 0;
    std::uint64_t ended_ = 0;
    std::uint64_t repeated_ = 0;
    std::uint64_t memory_ = 0;
    Times times_;
};

Bench::Bench(const Options& options)
    : options_(options),
      watching_({options.endpoints, options.directory + "/ca.pem", options.directory + "/host.pem",
                 options.directory + "/host.key"}),
      operator_(loop_, host::Priority::Latch,
                {.line = [](std::string_view) {},
                 .ended =
                     [this](const Result<>& end, const std::string&) {
                         // As essctl does where no member answers in time: the machine may be too busy.
                         if (!end) return repeat_put();
                         answered_ = true;
                         times_.answered.push_back(ms_between(put_at_, monotonic_now()));
                         all_heard();
                     }}),
      warm_up_(loop_.add_timer(host::Priority::Client, [this] { warm_up(); })),
      lost_(loop_.add_timer(host::Priority::Client, [] { give_up("a host has not heard of a put"); })) {
    for (std::size_t i = 0; i < options.hosts; ++i) {
        std::vector<std::string> members;
        for (std::size_t watch = 0; watch < options.watches; ++watch)
            members.push_back(options.endpoints[(i + watch) % options.endpoints.size()]);
        hosts_.emplace_back(
            loop_, watching_, members,
            fleet::EtcdWatches::Callbacks{.noticed = [this, i](const EtcdReply& events) { noticed(hosts_[i], events); },
                                          .revision = [this, i] { return hosts_[i].revision; },
                                          .ended = [this](const std::string&, const std::string&) { ++ended_; }});
    }
}

Json Bench::run() {
    begin_some();
    if (loop_.run() != 0) give_up("the loop has ended");
    return result();
}

void Bench::begin_some() {
    for (std::size_t watches = 0; watches < begun_at_once && begun_ < hosts_.size(); watches += options_.watches)
        hosts_[begun_++].watches.start();
    warm_up_.arm(monotonic_now() + begin_pause);
}

void Bench::warm_up() {
    if (monotonic_now() - began_ > warm_up_patience) give_up("not all watches come to be");
    put();
    warm_up_.arm(monotonic_now() + warm_up_pause + warm_up_pause_of_each * (begun_ * options_.watches));
}

void Bench::put_next() {
    if (number_ > 0 && times_.last.size() == static_cast<std::size_t>(options_.puts)) return loop_.exit(0);
    put();
    lost_.arm(monotonic_now() + patience);
}

void Bench::put() {
    ++number_;
    for (SimulatedHost& host : hosts_)
        host.heard = 0;
    heard_ms_.clear();
    watches_heard_ = 0;
    answered_ = false;
    put_revision_ = 0;
    put_at_ = monotonic_now();
    start_put();
}

void Bench::start_put() {
    const host::Etcdctl etcd({options_.endpoints, options_.directory + "/ca.pem", options_.directory + "/operator.pem",
                              options_.directory + "/operator.key"});
    operator_.start(etcd.put(FleetKeys("main").trip(), std::to_string(number_), ""), patience);
}

void Bench::repeat_put() {
    if (warm_) ++repeated_;
    start_put();
}

void Bench::noticed(SimulatedHost& host, const EtcdReply& events) {
    host.revision = std::max(host.revision, events.revision);
    for (const EtcdKeyValue& item : events.items) {
        if (item.value != std::to_string(number_)) continue;
        // Each watch hears of a put that was repeated as often as the cluster has taken it: the first one counts.
        if (put_revision_ == 0) put_revision_ = item.mod_revision;
        if (item.mod_revision != put_revision_) continue;
        if (++host.heard == 1) heard_ms_.push_back(ms_between(put_at_, monotonic_now()));
        ++watches_heard_;
    }
    all_heard();
}

void Bench::all_heard() {
    if (!answered_ || watches_heard_ < begun_ * options_.watches) return;
    if (begun_ < hosts_.size()) return begin_some();
    lost_.set_enabled(false);
    warm_up_.set_enabled(false);
    if (!std::exchange(warm_, true)) {
        ready_s_ = ms_between(began_, monotonic_now()) / 1000;
        memory_ = memory_of_children();
        times_ = {};
    } else {
        // In the order in which they came.
        times_.first.push_back(heard_ms_.front());
        times_.median.push_back(heard_ms_[heard_ms_.size() / 2]);
        times_.last.push_back(heard_ms_.back());
        times_.last_watch.push_back(ms_between(put_at_, monotonic_now()));
    }
    put_next();
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

Json Bench::result() const {
    const double worst = *std::max_element(times_.last.begin(), times_.last.end());
    const double per_host = static_cast<double>(memory_) / static_cast<double>(options_.hosts) / 1024;
    return {{"hosts", options_.hosts},
            {"watches", options_.watches},
            {"puts", options_.puts},
            {"answered_ms", median(times_.answered)},
            {"first_ms", median(times_.first)},
            {"median_ms", median(times_.median)},
            {"last_ms", median(times_.last)},
            {"worst_ms", worst},
            {"last_watch_ms", median(times_.last_watch)},
            {"ended", ended_},
            {"repeated", repeated_},
            {"ready_s", ready_s_},
            {"host_mib", per_host}};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) give_up("usage: bench_fleet ENDPOINTS DIRECTORY HOSTS WATCHES PUTS");
    Options options{split(argv[1]), argv[2], std::stoul(argv[3]), std::stoul(argv[4]), std::stoi(argv[5])};
    if (options.hosts == 0 || options.puts < 1 || options.watches == 0 || options.watches > options.endpoints.size()) {
        give_up("numbers out of range");
    }
    raise_descriptor_limit();
    Bench bench(options);
    static_cast<void>(std::printf("%s\n", to_text(bench.run()).c_str()));
    return 0;
}
