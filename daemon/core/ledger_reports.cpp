#include "core/ledger_reports.hpp"

namespace ess {

namespace {

Json own_entry(WallTime time, const Json& stamp, const Json& fields) {
    Json entry = stamp.is_object() ? stamp : Json::object();
    entry.update({
        {"requested_by", "SELF"},
        {"approved_by", "SELF"},
        {"approval_timestamp", to_rfc3339(time)},
        {"execution_timestamp", to_rfc3339(time)},
        {"risk_class", "READ_ONLY"},
        {"blast_radius", "The ledger alone; no unit was touched."},
    });
    entry.update(fields);
    return entry;
}

}  // namespace

Json damage_entry(LedgerKind kind, const std::string& found, WallTime time, const Json& stamp) {
    const bool torn = kind == LedgerKind::Recovery;
    return own_entry(
        time, stamp,
        {{"operation_name", torn ? "Ledger recovery" : "Ledger breach"},
         {"changes_summary", found},
         {"objective", "Tell what was found; the damaged files stay as they are."},
         {"outcome", "PARTIAL"},
         {"notes", torn ? "A write that did not end." : "Loss or tampering: to be looked into and signed off."}});
}

Json unsigned_entry(std::uint64_t from, std::uint64_t to, WallTime time, const Json& stamp) {
    return own_entry(time, stamp,
                     {{"operation_name", "Ledger recovery"},
                      {"changes_summary", "seq " + std::to_string(from) + " to " + std::to_string(to) +
                                              " were durable and had no checkpoint; they are signed from here on."},
                      {"objective", "Tell what was found"},
                      {"outcome", "SUCCESS"},
                      {"notes", "The writer ended between the line and its checkpoint."}});
}

Json key_entry(const std::string& requested_by, WallTime time, const Json& stamp) {
    return own_entry(time, stamp,
                     {{"operation_name", "Ledger key change"},
                      {"requested_by", requested_by},
                      {"changes_summary", "The ledger's signing key was replaced by a new one, signed by the old one."},
                      {"objective", "Replace the signing key"},
                      {"outcome", "SUCCESS"},
                      {"notes", ""}});
}

}  // namespace ess
