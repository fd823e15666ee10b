#include "essd/trip_followers.hpp"

#include <utility>

#include "core/status.hpp"

namespace ess::essd {

namespace {

/// One person trips; a few programs may do so at the same moment.
constexpr std::size_t follower_limit = 16;

}  // namespace

TripFollowers::TripFollowers(host::EventLoop& loop, const StopEngine& engine)
    : engine_(engine), timer_(loop.add_timer(host::Priority::Client, [this] { tell(); })) {}

void TripFollowers::add(bool existed, host::CallReply reply) {
    if (followers_.size() >= follower_limit) return reply.reply({{"existed", existed}});
    followers_.push_back({existed, std::move(reply)});
    changed();
}

void TripFollowers::changed() {
    if (!followers_.empty()) timer_.arm(monotonic_now());
}

void TripFollowers::tell() {
    const TripReport report = engine_.report();
    std::erase_if(followers_, [&](Follower& follower) { return !tell(follower, report); });
}

/// Whether it goes on.
bool TripFollowers::tell(Follower& follower, const TripReport& report) const {
    if (!follower.reply.is_wanted()) return false;
    const bool in_force = engine_.phase() != StopEngine::Phase::Armed;
    follower.begun = follower.begun || in_force;
    // At its start essd gives a latch that it finds a moment, until the bus is there.
    if (!follower.begun) return true;
    for (const UnitTimeline& unit : report.units) {
        if (!in_force || !unit.empty || !unit.emptied || !follower.told.insert(unit.name).second) continue;
        follower.reply.stream({{"unit", unit.name}, {"stop_us", unit.emptied->count()}});
    }
    if (in_force && !engine_.settled()) return true;
    Json last{{"existed", follower.existed}};
    // Without an outcome when it was reset meanwhile.
    if (in_force) last["outcome"] = to_text(report.outcome);
    follower.reply.reply(std::move(last));
    return false;
}

}  // namespace ess::essd
