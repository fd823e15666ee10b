// What the socket tells of the ledger.

#include "essd/daemon.hpp"

namespace ess::essd {

namespace {

/// Lines in one reply, unless the caller asks for fewer. Their bytes have a limit besides.
constexpr std::int64_t line_limit = 1000;

}  // namespace

void Daemon::on_ledger_head(const host::ControlRequest& request, host::CallReply reply) {
    if (const auto fault = VarlinkParameters(request.parameters).fault()) return reply.error(*fault);
    ledger_reader_.head({{"entries", ledger_.entries}, {"head", ledger_.head}, {"writable", ledger_.writable}},
                        std::move(reply));
}

void Daemon::on_ledger_read(const host::ControlRequest& request, host::CallReply reply) {
    std::optional<std::int64_t> after;
    std::optional<std::int64_t> limit;
    LedgerQuery query;
    const auto fault = VarlinkParameters(request.parameters)
                           .optional("after", after)
                           .optional("limit", limit)
                           .optional("operation_id", query.operation_id)
                           .fault();
    if (fault) return reply.error(*fault);
    if (after.value_or(0) < 0) return reply.error(invalid_parameter("after"));
    if (limit.value_or(1) < 1) return reply.error(invalid_parameter("limit"));
    query.after = static_cast<std::uint64_t>(after.value_or(0));
    query.limit = static_cast<std::size_t>(std::min(limit.value_or(line_limit), line_limit));
    ledger_reader_.read(std::move(query), std::move(reply));
}

}  // namespace ess::essd
