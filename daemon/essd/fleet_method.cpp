// What quantum-ess-fleet tells of itself.

#include "base/text.hpp"
#include "core/latch_text.hpp"
#include "essd/daemon.hpp"

namespace ess::essd {

void Daemon::on_fleet_report(const host::ControlRequest& request, host::CallReply reply) {
    FleetInfo info;
    std::optional<std::string> trouble;
    std::optional<std::string> contact;
    std::optional<std::string> order;
    const auto fault = VarlinkParameters(request.parameters)
                           .required("host", info.host)
                           .required("connected", info.connected)
                           .optional("trouble", trouble)
                           .optional("last_contact", contact)
                           .optional("order_id", order)
                           .fault();
    if (fault) return reply.error(*fault);
    if (!spokesmen_.include(request.peer.uid)) {
        return refuse(reply, "Request refused", "only quantum-ess-fleet tells how this host stands to its fleet",
                      {request.peer.uid, {}});
    }
    if (contact) {
        info.last_contact = from_rfc3339(*contact);
        if (!info.last_contact) return reply.error(invalid_parameter("last_contact"));
    }
    info.host = clean_line(info.host, reason_limit);
    info.trouble = clean_line(trouble.value_or(""), reason_limit);
    info.order_id = clean_line(order.value_or(""), reason_limit);
    fleet_.reported(std::move(info), monotonic_now());
    look_at_fleet();
    show();
    reply.reply(Json::object());
}

/// The stop works without a fleet: warnings.
void Daemon::look_at_fleet() {
    const FleetLink::Warnings warnings = fleet_.warnings(monotonic_now());
    show_warning("fleet-lost", warnings.lost);
    show_warning("fleet-silent", warnings.silent);
}

}  // namespace ess::essd
