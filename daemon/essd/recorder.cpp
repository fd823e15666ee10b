#include "essd/recorder.hpp"

#include <utility>

#include "essd/desk.hpp"

namespace ess::essd {

namespace {

/// How often what could not be written is tried again.
constexpr Micros retry_interval = std::chrono::seconds(5);

}  // namespace

Recorder::Recorder(const Config& config, host::WriterThread& writer, host::LoopInbox& inbox, Callbacks callbacks)
    : writer_(writer) {
    auto told = [this, tell = std::move(callbacks.ledger)](const LedgerNews& news) {
        pending_ = news.waiting + (news.writable ? 0 : 1) + (news.copy_missing ? 1 : 0);
        tell(news);
    };
    callbacks.ledger = std::move(told);
    desk_ = std::make_shared<Desk>(config, std::move(callbacks),
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

void Recorder::reset_done(const Requester& who, const std::string& reason, const std::vector<std::string>& problems,
                          const UnitStates& states, Recorded done) {
    submit([=, done = std::move(done)](Desk& desk) { desk.reset_done(who, reason, problems, states, done); });
}

void Recorder::happened(LedgerKind kind, const EventText& event, const Requester& who, Recorded done) {
    submit([=, done = std::move(done)](Desk& desk) { desk.happened(kind, event, who, done); });
}

void Recorder::tick() {
    while (!waiting_.empty() && writer_.submit(waiting_.front()))
        waiting_.pop_front();
    if (pending_ == 0 || !waiting_.empty() || monotonic_now() < next_try_) return;
    next_try_ = monotonic_now() + retry_interval;
    submit([](Desk& desk) { desk.retry(); });
}

}  // namespace ess::essd
