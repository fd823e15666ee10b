#include "essd/recorder.hpp"

#include <utility>

#include "essd/desk.hpp"

namespace ess::essd {

namespace {

/// How often what could not be written is tried again.
constexpr Micros retry_interval = std::chrono::seconds(5);
/// How often it looks whether the ledger's directory is still the one that it has open.
constexpr Micros look_interval = std::chrono::seconds(5);
/// The changelog is written whole after each entry. However long the ledger is, that takes a tenth of the time at most.
constexpr int readings_pause = 10;

}  // namespace

Recorder::Recorder(const Config& config, const Spokesmen& spokesmen, host::WriterThread& writer, host::LoopInbox& inbox,
                   const host::ConfigWatch& watch, Callbacks callbacks)
    : writer_(writer) {
    auto told = [this, tell = std::move(callbacks.ledger)](const LedgerNews& news) {
        pending_ = news.waiting + (news.writable ? 0 : 1) + (news.copy_missing ? 1 : 0) +
                   (news.reports_trouble.empty() ? 0 : 1);
        tell(news);
        const bool opened = news.writable || news.entries > 0;
        readings_due_ = readings_due_ || (opened && read_entries_ != news.entries);
        read_entries_ = news.entries;
        write_readings();
    };
    callbacks.ledger = std::move(told);
    desk_ = std::make_shared<Desk>(config, spokesmen, watch, std::move(callbacks),
                                   [&inbox](std::function<void()> news) { inbox.post(std::move(news)); });
}

Recorder::~Recorder() = default;

/// A full queue means that the disk hangs: the task waits here, in order, since the loop must not.
void Recorder::submit(std::function<void(Desk&)> task) {
    waiting_.emplace_back([desk = desk_, task = std::move(task)] { task(*desk); });
    while (!waiting_.empty() && writer_.submit(waiting_.front()))
        waiting_.pop_front();
}

void Recorder::open() {
    submit([](Desk& desk) { desk.open(); });
}

void Recorder::latch_seen(WallTime when, const TripReport& begun) {
    submit([when, begun](Desk& desk) { desk.latch_seen(when, begun); });
}

void Recorder::trip_settled(const TripReport& report) {
    submit([report](Desk& desk) { desk.trip_settled(report); });
}

void Recorder::clear_latch(Cleared done) {
    submit([done = std::move(done)](Desk& desk) { desk.clear_latch(done); });
}

void Recorder::reset_done(const ResetOrder& order, const std::vector<std::string>& problems, const UnitStates& states,
                          Recorded done) {
    submit([=, done = std::move(done)](Desk& desk) { desk.reset_done(order, problems, states, done); });
}

void Recorder::identify(const Requester& who, std::function<void(const std::string& name)> done) {
    submit([who, done = std::move(done)](Desk& desk) { desk.identify(who, done); });
}

void Recorder::append(const AppendOrder& order, std::function<void(const AppendAnswer&)> done) {
    submit([order, done = std::move(done)](Desk& desk) { desk.append_order(order, done); });
}

void Recorder::rotate_key(const Requester& who,
                          std::function<void(const std::string& vkey, const std::string& error)> done) {
    submit([who, done = std::move(done)](Desk& desk) { desk.rotate_key(who, done); });
}

void Recorder::look_at_configuration() {
    submit([](Desk& desk) { desk.look_at_configuration(); });
}

void Recorder::farewell() {
    submit([](Desk& desk) { desk.farewell(); });
}

void Recorder::happened(LedgerKind kind, const EventText& event, const Requester& who, Recorded done) {
    submit([=, done = std::move(done)](Desk& desk) { desk.happened(kind, event, who, done); });
}

void Recorder::write_readings() {
    if (!readings_due_ || monotonic_now() < next_readings_) return;
    readings_due_ = false;
    next_readings_ = Instant::max();
    submit([this](Desk& desk) {
        desk.write_readings([this](Micros took) {
            next_readings_ = monotonic_now() + readings_pause * took;
            write_readings();
        });
    });
}

void Recorder::tick() {
    write_readings();
    while (!waiting_.empty() && writer_.submit(waiting_.front()))
        waiting_.pop_front();
    const Instant now = monotonic_now();
    if (!waiting_.empty()) return;
    if (pending_ > 0 && now >= next_try_) {
        next_try_ = now + retry_interval;
        submit([](Desk& desk) { desk.retry(); });
    }
    if (now >= next_look_) {
        next_look_ = now + look_interval;
        submit([](Desk& desk) { desk.look_at_ledger(); });
    }
}

}  // namespace ess::essd
