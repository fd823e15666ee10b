#include "core/paths.hpp"
#include "essctl/daemon_client.hpp"
#include "essctl/person.hpp"
#include "essctl/screen.hpp"
#include "essctl/verbs.hpp"

namespace ess::essctl {

namespace {

constexpr Micros start_connect_patience = std::chrono::seconds(5);
/// Between two units: one may take as long to start as systemd lets it.
constexpr Micros start_patience = std::chrono::minutes(3);

}  // namespace

Exit start(const StartOptions& options) {
    const auto fail = [](const host::ClientFailure& failure) {
        const Explanation why = explain(failure);
        err("essctl: " + why.text + "\n");
        // A start that failed, other than one that never began.
        if (failure.error.name == "io.quantum.EmergencyStop.Failed") {
            err("essctl: so everything is stopped again; see: essctl status\n");
        }
        return why.exit;
    };
    auto client = host::VarlinkClient::connect(paths::control_socket, monotonic_now() + start_connect_patience);
    if (!client) return fail(client.error());
    const Screen screen;
    Json last;
    const auto told = [&](const Json& reply) {
        last = reply;
        const auto stable = reply.find("stable_us");
        if (stable == reply.end() || !stable->is_number_integer()) return true;
        const std::string time = to_ms_text(Micros(stable->get<Micros::rep>()));
        if (!options.json && !options.quiet) {
            out("  " + screen.paint(Colour::Good, "stable") + "  " + line_at(reply, "unit") + "  after " + time +
                " ms\n");
            static_cast<void>(flush_out());  // what cannot be read does not end the start
        }
        return true;
    };
    if (!options.json && !options.quiet)
        out("One by one, each watched until it is stable; the first failure trips again.\n");
    const Json parameters{{"all", options.all}, {"requested_by", person()}};
    const auto done = client->call_more("io.quantum.EmergencyStop.Start", parameters, start_patience, told);
    if (!done) return fail(done.error());
    if (options.json) {
        out(last.dump(2) + "\n");
    } else if (!options.quiet) {
        out("All are up. Recorded as " + line_at(last, "operation_id") + ".\n");
    }
    return Exit::Fine;
}

}  // namespace ess::essctl
