#include "essd/ledger_reader.hpp"

#include <cerrno>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "core/ledger_line.hpp"
#include "core/paths.hpp"
#include "core/signed_note.hpp"
#include "host/ledger_scan.hpp"

namespace ess::essd {

namespace {

/// Each reads the whole ledger, one after the other; more than so many are told to come again.
constexpr std::size_t queue_limit = 16;
/// Lines in one reply, in bytes. As JSON in JSON they grow by half, at the worst to the double, and a client has to
/// take a reply whole (ControlSocketOptions::output_limit).
constexpr std::size_t reply_limit = 256UL * 1024;
/// A read that takes longer waits for a disk, not for the ledger.
constexpr Micros reader_patience = std::chrono::seconds(30);

VarlinkError failed(const std::string& why) {
    return {"io.quantum.EmergencyStop.Failed", {{"reason", why}}};
}

Result<Json> checkpoint_text() {
    const std::string path = std::string(paths::ledger_directory) + "/checkpoint";
    auto text = read_file(path, note_limit);
    if (text) return Json(std::move(*text));
    if (text.error().code == ENOENT) return Json();
    return tl::unexpected(text.error());
}

Json line_json(const LedgerLine& line, std::string_view bytes) {
    return {{"seq", line.seq},
            {"hash", ledger_hash(bytes)},
            {"kind", to_text(line.kind)},
            {"operation_id", text_at(line.entry, "operation_id")},
            {"line", bytes}};
}

/// `next` is where to go on; null: there is nothing behind what is given.
Result<Json> lines_json(const LedgerQuery& query) {
    Json lines = Json::array();
    Json next;
    std::size_t bytes_given = 0;
    std::uint64_t last = query.after;
    const auto scan = host::scan_ledger(paths::ledger_directory, [&](const LedgerLine& line, std::string_view bytes) {
        if (line.seq <= query.after || !next.is_null()) return;
        if (query.operation_id && text_at(line.entry, "operation_id") != *query.operation_id) return;
        const bool fits = lines.size() < query.limit && (lines.empty() || bytes_given + bytes.size() <= reply_limit);
        if (!fits) {
            next = last;
            return;
        }
        bytes_given += bytes.size();
        last = line.seq;
        lines.push_back(line_json(line, bytes));
    });
    if (!scan) return tl::unexpected(scan.error());
    return Json{{"lines", std::move(lines)}, {"next", std::move(next)}};
}

}  // namespace

LedgerReader::LedgerReader(host::LoopInbox& inbox) : inbox_(inbox), thread_(queue_limit) {}

void LedgerReader::head(Json known, host::CallReply reply) {
    answer(std::move(reply), [known = std::move(known)]() -> Result<Json> {
        auto text = checkpoint_text();
        if (!text) return text;
        Json head = known;
        head["checkpoint"] = std::move(*text);
        return head;
    });
}

void LedgerReader::read(LedgerQuery query, host::CallReply reply) {
    answer(std::move(reply), [query = std::move(query)] { return lines_json(query); });
}

void LedgerReader::answer(host::CallReply reply, Answer work) {
    const std::uint64_t number = ++last_;
    const bool queued = thread_.submit([this, number, work = std::move(work)] {
        const auto wire = work().map([](Json&& answer) { return to_wire(VarlinkReply{std::move(answer), {}, false}); });
        inbox_.post([this, number, wire] { settle(number, wire); });
    });
    if (!queued) return reply.error({"io.quantum.EmergencyStop.Busy", {{"reason", "too many read the ledger"}}});
    waiting_.emplace(number, std::move(reply));
}

void LedgerReader::settle(std::uint64_t number, const Result<std::string>& wire) {
    auto found = waiting_.extract(number);
    if (!found) return;
    if (!wire) return found.mapped().error(failed("the ledger cannot be read: " + wire.error().text));
    found.mapped().reply_encoded(*wire);
}

void LedgerReader::tick() {
    const auto since = thread_.stuck_since();
    if (!since || monotonic_now() - *since < reader_patience) return;
    for (auto& [_, reply] : std::exchange(waiting_, {}))
        reply.error(failed("the disk does not answer"));
}

}  // namespace ess::essd
