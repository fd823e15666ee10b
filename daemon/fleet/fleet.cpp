#include "fleet/fleet.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <utility>
#include <variant>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/message_id.hpp"
#include "core/paths.hpp"
#include "host/journal.hpp"

namespace ess::fleet {

namespace {

namespace journal = host::journal;
using journal::Level;

constexpr std::size_t writer_capacity = 4;
/// How long what is queued for the disk may take at the end.
constexpr Micros farewell_patience = std::chrono::seconds(2);
constexpr Micros tick = std::chrono::seconds(1);
/// A reset waits for a Reload, which takes seconds on a big host.
constexpr Micros reset_patience = std::chrono::seconds(60);

}  // namespace

Fleet::Fleet(Config config, std::string host, HandledOrders handled, bool joins)
    : config_(std::move(config)),
      keys_(config_.fleet.name),
      etcd_(host::host_access(config_.fleet)),
      inbox_(loop_),
      writer_(writer_capacity),
      watch_({keys_, host, config_.fleet.loss_timeout, config_.fleet.on_loss, joins}, std::move(handled),
             monotonic_now()),
      latch_(loop_, config_.latch.path,
             {.set = [this] { keep_handled(); },
              .failed =
                  [this](const LatchContent& content, const std::string& why) {
                      journal::log(Level::Critical, "the latch cannot be set, essd is asked to: " + why);
                      Json parameters{{"reason", content.reason}, {"requested_by", content.requested_by}};
                      if (!content.fleet_id.empty()) parameters["fleet_id"] = content.fleet_id;
                      essd_.call("Trip", std::move(parameters), essd_patience,
                                 [this](const host::ClientResult<Json>& answer) {
                                     if (answer) latch_.is_set();
                                 });
                  }}),
      call_(loop_, etcd_.members()),
      watches_(loop_, etcd_, config_.fleet.endpoints, keys_.orders(),
               {.noticed = [this](const EtcdReply& events) { carry_out(watch_.noticed(events)); },
                .revision = [this] { return watch_.revision(); },
                .ended =
                    [](const std::string& member, const std::string& why) {
                        journal::log(Level::Info, "the watch at " + member + " has ended: " + why);
                    }}),
      essd_(loop_, {.status = [this](const Json& status) { status_is(status); },
                    .gone = [this](const std::string& why) { essd_is_gone(why); }}),
      joins_(joins) {
    report_.host = std::move(host);
    report_.on_loss = config_.fleet.on_loss == OnLoss::Trip ? "trip" : "alert";
}

int Fleet::run() {
    notify_.emplace();
    for (const int signal : {SIGTERM, SIGINT}) {
        signals_.push_back(
            loop_.add_signal(signal, host::Priority::Latch, [this](const signalfd_siginfo&) { loop_.exit(0); }));
    }
    ask_timer_ = loop_.add_timer(host::Priority::Writer, [this] { ask_next(); });
    loss_timer_ = loop_.add_timer(host::Priority::Deadline, [this] { check_contact(); });
    loss_timer_.arm(watch_.deadline());
    tick_timer_ = loop_.add_timer(host::Priority::Writer, [this] {
        notify_->feed_watchdog(monotonic_now());
        if (handled_due_) keep_handled();
        tell_essd();
        tick_timer_.arm(monotonic_now() + tick);
    });
    tick_timer_.arm(monotonic_now() + tick);
    watches_.start();
    essd_.start();
    ask_next();
    // Asked once in this boot, trading is not held back for it once more.
    struct stat info {};
    if (::stat(paths::fleet_asked, &info) == 0) ready();
    const int code = loop_.run();
    notify_.reset();
    static_cast<void>(writer_.stop(monotonic_now() + farewell_patience));  // what is lost is carried out once more
    return code;
}

// --- orders and loss -------------------------------------------------------------------------------------------------

void Fleet::look() {
    call_.ask([this](const host::Etcdctl& member) { return member.get_below(keys_.orders()); },
              [this](const Result<std::string>& output) { looked(output); });
}

void Fleet::looked(const Result<std::string>& output) {
    const auto orders = output ? read_etcd_get(*output) : Result<EtcdReply>(tl::unexpected(output.error()));
    const Instant now = monotonic_now();
    if (!orders) {
        etcd_failed(orders.error().text);
        return ask_next();
    }
    if (!std::exchange(trouble_, "").empty()) watches_.start();
    contact_ = wall_now();
    look_due_ = now + ask_interval();
    carry_out(watch_.looked(*orders, now));
    loss_timer_.arm(watch_.deadline());
    if (std::exchange(joins_, false)) keep_handled();
    ready();
    tell_essd();
    ask_next();
}

void Fleet::carry_out(const FleetActions& actions) {
    for (const FleetAction& action : actions)
        std::visit([this](const auto& one) { carry_out(one); }, action);
}

void Fleet::carry_out(const CarryOutTrip& action) {
    const FleetTrip& trip = action.trip;
    LatchContent content;
    content.reason = trip.reason.empty() ? "no reason given" : trip.reason;
    if (trip.released_by) {
        content.reason +=
            " (missed; the fleet was released meanwhile by " + *trip.released_by + ": " + trip.release_reason + ")";
    }
    content.requested_by = trip.requested_by.empty() ? "fleet " + config_.fleet.name : trip.requested_by;
    content.trigger = "fleet";
    content.fleet_id = trip.id;
    const bool tripped = latch_.present();
    latch_.set(std::move(content));
    journal::event(message_id::fleet_trip, Level::Critical,
                   "the fleet " + config_.fleet.name + " orders the stop " + trip.id + ": " +
                       (trip.reason.empty() ? "no reason given" : trip.reason),
                   {{"ESS_FLEET_ORDER", trip.id}});
    if (tripped) record_order_while_tripped(trip);
    report_.order_id = trip.id;
    report_changed();
}

/// The trip that is in force is on record by a name of its own; that the fleet ordered one too is an entry beside it.
void Fleet::record_order_while_tripped(const FleetTrip& trip) {
    const Json entry{{"operation_name", "Emergency stop of the fleet, while tripped"},
                     {"requested_by", trip.requested_by.empty() ? "fleet " + config_.fleet.name : trip.requested_by},
                     {"approved_by", "SELF"},
                     {"execution_timestamp", to_rfc3339(wall_now())},
                     {"hostname", report_.host},
                     {"risk_class", "SERVICE_RESTART"},
                     {"blast_radius", "None: the allowed trading units were down already."},
                     {"changes_summary", "The fleet's order " + trip.id + " found this host tripped."},
                     {"objective", "OS-level emergency stop of the fleet"},
                     {"outcome", "SUCCESS"},
                     {"notes", "Reason: " + (trip.reason.empty() ? "none given" : trip.reason) + "."}};
    essd_.call("LedgerAppend",
               {{"kind", "append"},
                {"entry", entry},
                {"ess", {{"fleet_id", trip.id}, {"trigger", "fleet"}}},
                {"requested_by", "quantum-ess-fleet"}},
               essd_patience, [id = trip.id](const host::ClientResult<Json>& answer) {
                   if (answer) return;
                   journal::log(Level::Error, "the order " + id + " is in no entry of its own: " + answer.error().text);
               });
}

void Fleet::check_contact() {
    carry_out(watch_.time_passed(monotonic_now()));
}

void Fleet::carry_out(const LossBegan& action) {
    const std::string what = "cut off from the fleet " + config_.fleet.name + " for " + to_text(action.silent_for);
    journal::event(message_id::fleet_lost, action.trip ? Level::Critical : Level::Error,
                   what + (trouble_.empty() ? "" : ": " + trouble_) + (action.trip ? "; tripping (on_loss)" : ""));
    if (action.trip) {
        latch_.set(latch_of_loss(what + (trouble_.empty() ? "" : ": " + trouble_)));
    }
    // Trading has waited for an answer as long as it is to (fleet.loss_timeout).
    ready();
    tell_essd();
}

void Fleet::carry_out(const LossEnded& /*action*/) {
    journal::event(message_id::fleet_found, Level::Notice, "the fleet " + config_.fleet.name + " is in reach again");
}

void Fleet::carry_out(const AskReset& action) {
    if (report_.latch_since.empty() || report_.latch_since != action.since) {
        return reset_answered(
            action,
            tl::unexpected(host::ClientFailure{
                host::ClientFailure::Kind::Answered, "", {"io.quantum.EmergencyStop.NotTripped", Json::object()}}));
    }
    journal::event(message_id::fleet_reset, Level::Notice,
                   action.user + " asks through the fleet for a reset: " + action.reason,
                   {{"ESS_FLEET_ORDER", action.id}});
    essd_.call("Reset", {{"reason", action.reason}, {"requested_by", action.user}}, reset_patience,
               [this, action](const host::ClientResult<Json>& answer) { reset_answered(action, answer); });
}

void Fleet::reset_answered(const AskReset& asked, const host::ClientResult<Json>& answer) {
    HostReport::Reset reset{asked.id, "", ""};
    const std::string operation = answer ? text_at(*answer, "operation_id") : "";
    if (answer && answer->value("pending", false)) {
        reset.result = "pending";
        reset.text = "essctl approve " + operation;
    } else if (answer) {
        reset.result = "done";
        reset.text = operation;
    } else if (answer.error().error.name == "io.quantum.EmergencyStop.NotTripped") {
        reset.result = "refused";
        reset.text = "the trip that was meant is not in force";
    } else {
        const Json& parameters = answer.error().error.parameters;
        const bool said = answer.error().kind == host::ClientFailure::Kind::Answered;
        reset.result = said ? "refused" : "failed";
        reset.text = clean_line(text_at(parameters, "reason"), reason_limit);
        if (reset.text.empty()) reset.text = said ? answer.error().error.name : answer.error().text;
    }
    journal::log(Level::Notice, "the reset " + asked.id + " of " + asked.user + ": " + reset.result +
                                    (reset.text.empty() ? "" : ", " + reset.text));
    report_.reset = std::move(reset);
    report_changed();
}

void Fleet::carry_out(const KeepHandled& /*action*/) {
    keep_handled();
}

/// Behind the latch, never before: an order that is on the disk is not carried out any more.
void Fleet::keep_handled() {
    handled_due_ = true;
    if (latch_.pending() || joins_) return;
    const auto write = [this, text = watch_.handled().text()] {
        const auto written = replace_file(paths::fleet_handled, text, 0640, Durability::Durable);
        if (written) return;
        inbox_.post([this, why = written.error().text] {
            handled_due_ = true;
            journal::log(Level::Error, "which orders were carried out cannot be kept: " + why);
        });
    };
    if (writer_.submit(write)) handled_due_ = false;
}

}  // namespace ess::fleet
