// Trip over the socket.

#include "base/text.hpp"
#include "core/latch_text.hpp"
#include "essd/daemon.hpp"
#include "host/journal.hpp"

namespace ess::essd {

namespace {

namespace journal = host::journal;

}  // namespace

/// The latch is the demand, made as the caller's own file: who asked is then found out as for any other latch, behind
/// the stop. A latch that cannot be made is no reason not to stop.
void Daemon::on_trip(const host::ControlRequest& request, host::CallReply reply) {
    LatchContent content{{}, {}, "socket"};
    std::optional<std::string> claimed;
    std::optional<std::string> order;
    const auto fault = VarlinkParameters(request.parameters)
                           .required("reason", content.reason)
                           .optional("requested_by", claimed)
                           .optional("fleet_id", order)
                           .fault();
    if (fault) return reply.error(*fault);
    content.reason = clean_line(content.reason, reason_limit);
    if (content.reason.empty()) return reply.error(invalid_parameter("reason"));
    content.requested_by = clean_line(claimed.value_or(""), reason_limit);
    content.fleet_id = clean_line(order.value_or(""), reason_limit);
    latch_.look();
    const bool existed = latch_.present();
    const auto made = latch_.create(latch_content_text(content), request.peer.uid);
    if (existed) latch_.touch();
    if (!made) {
        latch_info_.reason = content.reason;
        journal::log(journal::Level::Critical, "the latch cannot be set: " + made.error().text);
    }
    latch_.look();
    seen();
    if (!request.wants_more) return reply.reply({{"existed", existed}});
    trip_followers_.add(existed, std::move(reply));
}

}  // namespace ess::essd
